"""A moment of grace for what somebody asks for before it is stored, and never for too many."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Final, TypeVar

Found = TypeVar("Found")
_FIRST_PAUSE_S: Final = 0.1
_LONGEST_PAUSE_S: Final = 0.5


@dataclass
class Grace:
    """Looks again for a while. Who comes when `most` are waiting already is told at once.

    Anybody may ask for what will never be stored, so a crowd that does must not hold the
    database's connections, nor this process, any longer than one look takes.
    """

    patience: timedelta = timedelta(seconds=3)
    most: int = 32
    waiting: int = 0

    async def find(self, look: Callable[[], Awaitable[Found | None]]) -> Found | None:
        """Return what `look` finds, now or within the patience."""
        found = await look()
        if found is not None or self.waiting >= self.most:
            return found
        self.waiting += 1
        try:
            return await self._look_again(look)
        finally:
            self.waiting -= 1

    async def _look_again(self, look: Callable[[], Awaitable[Found | None]]) -> Found | None:
        now = asyncio.get_running_loop().time
        over_at = now() + self.patience.total_seconds()
        pause = _FIRST_PAUSE_S
        while (left := over_at - now()) > 0:
            await asyncio.sleep(min(pause, left))
            pause = min(pause * 1.5, _LONGEST_PAUSE_S)
            found = await look()
            if found is not None:
                return found
        return None
