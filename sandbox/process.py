"""One running child process: awaited, stopped, its output in a log file; any program."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sandbox.errors import SandboxError
from sandbox.program import Program

POLL_S = 0.03
START_TIMEOUT_S = 60.0
GUARD = Path(__file__).with_name("guard.py")


class StartError(SandboxError):
    """A program ended, or stayed silent, before it was ready."""

    def __init__(self, name: str, reason: str, log: Path, tail: str) -> None:
        super().__init__(f"{name} {reason}. The end of {log}:\n{tail or '  (empty)'}")


class Child:
    """A `Program` that runs from the moment this is made.

    Make it in a thread that outlives it, for the sake of `guard.py`.
    """

    def __init__(self, program: Program, log: Path) -> None:
        self.program = program
        self.log = log
        self.started_at = time.monotonic()
        self._ready = False
        log.parent.mkdir(parents=True, exist_ok=True)
        program.prepare()
        with log.open("ab") as output:
            self._log_start = output.tell()
            self._process = subprocess.Popen(
                _guarded(program),
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                env=dict(program.env),
                cwd=program.cwd,
                # Ctrl-C then reaches us alone, and we stop the children in order.
                start_new_session=True,
            )

    @property
    def pid(self) -> int:
        return self._process.pid

    @property
    def age_s(self) -> float:
        return time.monotonic() - self.started_at

    @property
    def running(self) -> bool:
        return self._process.poll() is None

    @property
    def failed(self) -> bool:
        """Whether it has ended though it should run, or not done what it was to do once."""
        return not self.running and not (self.program.once and self._process.returncode == 0)

    @property
    def ending(self) -> str:
        code = self._process.returncode
        return f"exit status {code}" if code >= 0 else f"signal {-code}, {signal.strsignal(-code)}"

    def is_ready(self) -> bool:
        if not self.running:
            return not self.failed
        self._ready = self._ready or (not self.program.once and self.program.ready())
        return self._ready

    def check_start(self, timeout_s: float) -> None:
        """Raise StartError when it has ended, or is not ready `timeout_s` after its start."""
        if self.failed:
            raise self._start_error(f"ended ({self.ending}) instead of becoming ready")
        if self.age_s > timeout_s and not self.is_ready():
            raise self._start_error(f"was not ready after {timeout_s:.0f} s")

    def _start_error(self, reason: str) -> StartError:
        return StartError(self.program.name, reason, self.log, self.log_tail())

    def log_tail(self, lines: int = 15) -> str:
        """Return the last lines that this run wrote, indented."""
        with self.log.open("rb") as output:
            output.seek(self._log_start)
            written = output.read().decode(errors="replace").splitlines()
        return "\n".join(f"  {line}" for line in written[-lines:])

    def ask_to_stop(self) -> None:
        self._process.send_signal(self.program.stop_signal)

    def kill(self) -> None:
        """End it and whatever it has started, at once."""
        if self.running:
            os.killpg(self.pid, signal.SIGKILL)
            self._process.wait()

    def stop(self) -> None:
        """Ask it to stop, wait for it, and kill it when its grace is over."""
        self.ask_to_stop()
        try:
            self._process.wait(self.program.grace_s)
        except subprocess.TimeoutExpired:
            self.kill()


@contextmanager
def running(program: Program, log: Path, timeout_s: float = START_TIMEOUT_S) -> Iterator[Child]:
    """Run one program for the length of a block."""
    child = Child(program, log)
    try:
        while not child.is_ready():
            child.check_start(timeout_s)
            time.sleep(POLL_S)
        yield child
    finally:
        child.stop()


def _guarded(program: Program) -> tuple[str, ...]:
    if sys.platform != "linux":
        return program.argv
    guard = (sys.executable, "-I", "-S", str(GUARD), str(os.getpid()))
    return (*guard, str(int(program.death_signal)), *program.argv)
