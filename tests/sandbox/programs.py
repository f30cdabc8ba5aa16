"""Tiny programs for the supervisor's tests; each writes its name into `journal` when it starts."""

import sys
from pathlib import Path

from sandbox.program import Program

HOLD_SIGTERM = "import signal; signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGTERM}); "
AWAIT_SIGTERM = "signal.sigwait({signal.SIGTERM}); "
IGNORE_SIGTERM = "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); "


class Programs:
    def __init__(self, folder: Path) -> None:
        self.journal = folder / "journal"
        self.journal.touch()

    def lines(self) -> list[str]:
        return self.journal.read_text().split()

    def serving(self, name: str, *after: str) -> Program:
        """Runs until SIGTERM, which it notes."""
        code = f"{HOLD_SIGTERM}{self._note(f'+{name}')}; {AWAIT_SIGTERM}{self._note(f'-{name}')}"
        return self._program(name, code, after)

    def stubborn(self, name: str, grace_s: float) -> Program:
        """Does not stop when asked to."""
        code = f"{IGNORE_SIGTERM}{self._note(f'+{name}')}; time.sleep(600)"
        return self._program(name, code, (), grace_s)

    def dying(self, name: str) -> Program:
        return self._program(name, "import sys; sys.exit('no such file: ledger.cfg')", ())

    def silent(self, name: str) -> Program:
        """Runs, but never becomes ready."""
        code = "import time; print('still loading', flush=True); time.sleep(600)"
        return Program(name, (sys.executable, "-c", code), ready=lambda: False)

    def once(self, name: str, *after: str) -> Program:
        return Program(name, self._argv(self._note(f"+{name}")), after=after, once=True)

    def _program(
        self, name: str, code: str, after: tuple[str, ...], grace_s: float = 10.0
    ) -> Program:
        def ready() -> bool:
            return f"+{name}" in self.lines()

        return Program(name, self._argv(code), ready, after=after, grace_s=grace_s)

    def _note(self, word: str) -> str:
        return f"open({str(self.journal)!r}, 'a').write({word + ' '!r})"

    def _argv(self, code: str) -> tuple[str, ...]:
        return (sys.executable, "-I", "-S", "-c", code)
