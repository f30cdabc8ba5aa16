"""Becomes another program that dies with its parent: `guard.py PARENT_PID SIGNAL PROGRAM ARGS...`.

The kernel sends SIGNAL when the thread that started us ends, even by `kill -9`. This is a small
program of its own because the alternative, code that runs in the child between fork and exec
(`preexec_fn`), can deadlock when the parent has threads. Linux only; the standard library only.
"""

import ctypes
import os
import sys

PR_SET_PDEATHSIG = 1


def main(parent: int, signal: int, argv: list[str]) -> None:
    if ctypes.CDLL(None, use_errno=True).prctl(PR_SET_PDEATHSIG, signal, 0, 0, 0) != 0:
        raise OSError(ctypes.get_errno(), "prctl(PR_SET_PDEATHSIG)")
    # A parent that was killed before the line above would never be noticed.
    if os.getppid() != parent:
        sys.exit(1)
    try:
        os.execvp(argv[0], argv)  # noqa: S606  (the point of this program is to become another)
    except OSError as error:
        sys.exit(f"cannot run {argv[0]}: {error.strerror}")


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]), sys.argv[3:])
