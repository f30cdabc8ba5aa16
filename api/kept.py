"""Something that is read for many callers at once, and for a moment not read again."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import Final, Generic, TypeVar

Read = TypeVar("Read")
_LASTS_S: Final = 2.0


class Kept(Generic[Read]):
    """However many ask, each process reads it at most once in a while."""

    def __init__(self, lasts_s: float = _LASTS_S) -> None:
        self._lasts_s = lasts_s
        self._lock = asyncio.Lock()
        self._found: tuple[float, Read] | None = None

    async def get(self, read: Callable[[], Awaitable[Read]]) -> Read:
        """Return what was read a moment ago, or read it; others who ask meanwhile wait for it."""
        found = self._fresh()
        if found is None:
            async with self._lock:
                found = self._fresh()
                if found is None:
                    # Whoever comes later than this must not see what was true before.
                    found = (time.monotonic(), await read())
                    self._found = found
        return found[1]

    def _fresh(self) -> tuple[float, Read] | None:
        if self._found and time.monotonic() - self._found[0] < self._lasts_s:
            return self._found
        return None
