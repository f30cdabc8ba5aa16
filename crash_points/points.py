"""Named moments at which a process can be made to end at once, as if it was killed there.

They are for tests: which of them are armed is a folder with a file for each name. A process takes
the file away and dies, so each point is hit once, however often its program is started again, and
what is left in the folder was never reached.
"""

import logging
import os
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from pathlib import Path
from typing import Final

# As the shell reports a process that somebody killed.
KILLED: Final = 137
# A loop may come by a moment again and again; what is behind its second turn is as its second turn.
_TURNS: Final = 2
End = Callable[[str], None]
log = logging.getLogger(__name__)


class Points:
    """Attributes.

    folder: Of the armed names.
    """

    def __init__(self, folder: Path, end: End | None = None) -> None:
        self.folder = folder
        self._end = end or _die

    def reached(self, name: str) -> None:
        """End this process if that point is armed. Of several processes exactly one hits it."""
        try:
            (self.folder / name).unlink()
        except FileNotFoundError:
            return
        self._end(name)


def _die(name: str) -> None:
    log.critical("ending at the crash point %s", name)
    # Nothing is flushed, closed or rolled back: the kernel cleans up, as after kill -9.
    os._exit(KILLED)


class Work:
    """One attempt at a step, or one request, on its way from moment to moment."""

    def __init__(self, points: Points, name: Callable[[], str]) -> None:
        self._points = points
        self._name = name
        self._turns: Counter[str] = Counter()

    def reached(self, moment: str) -> None:
        """Pass a moment: `step:moment`, and the second time `step:moment-2`."""
        self._turns[moment] += 1
        turn = self._turns[moment]
        if turn <= _TURNS:
            suffix = f"-{turn}" if turn > 1 else ""
            self._points.reached(f"{self._name()}:{moment}{suffix}")


_at_hand: ContextVar[Work | None] = ContextVar("work", default=None)


@contextmanager
def at_hand(work: Work) -> Iterator[Work]:
    """Let everything that this block does, and every task that it begins, belong to some work."""
    token = _at_hand.set(work)
    try:
        yield work
    finally:
        _at_hand.reset(token)


def reached(moment: str) -> None:
    """Pass a moment of the work at hand; outside of any there is no such point."""
    work = _at_hand.get()
    if work is not None:
        work.reached(moment)
