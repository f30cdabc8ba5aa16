"""What a program is: its command, its environment, and how to tell that it serves."""

import http.client
import os
import signal
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

# What any program needs to find its files, its language and its libraries.
MACHINE = ("PATH", "HOME", "USER", "TMPDIR", "LANG", "LC_ALL", "LC_CTYPE", "LD_LIBRARY_PATH")


def machine() -> dict[str, str]:
    """Return the part of our own environment that says nothing about any deployment."""
    return {name: os.environ[name] for name in MACHINE if name in os.environ}


@dataclass(frozen=True)
class Program:
    """What to run, and how to tell that it does its work.

    Attributes:
        ready: Whether it serves; asked often, so it must answer quickly.
        after: Names of the programs that must be ready before it starts; they stop after it.
        uses: Names of those that it can wait for by itself; they, too, stop after it.
        once: It runs to its end, and is ready when it has exited with 0.
        stop_signal: What asks it to end in good order.
        grace_s: How long it may take to do so before it is killed.
        death_signal: What it gets when we are killed ourselves (Linux).
        prepare: What must be done before each start, the first and those after a death.
    """

    name: str
    argv: tuple[str, ...]
    ready: Callable[[], bool] = lambda: True
    after: tuple[str, ...] = ()
    uses: tuple[str, ...] = ()
    env: Mapping[str, str] = field(default_factory=machine)
    cwd: Path | None = None
    once: bool = False
    stop_signal: signal.Signals = signal.SIGTERM
    grace_s: float = 10.0
    death_signal: signal.Signals = signal.SIGKILL
    prepare: Callable[[], None] = lambda: None

    @property
    def needs(self) -> tuple[str, ...]:
        return (*self.after, *self.uses)


def http_get(port: int, path: str) -> bytes | None:
    """Return what a server on this machine answers to GET `path` with 200, or None."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=1)
    try:
        connection.request("GET", path)
        response = connection.getresponse()
        return response.read() if response.status == http.HTTPStatus.OK else None
    except (OSError, http.client.HTTPException):
        return None
    finally:
        connection.close()
