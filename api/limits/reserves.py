"""Requests that were counted ahead of time, so that of many not each has to be counted apart."""

import time
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Final

# What is not used soon is given up: it grows back in the database all the same, and whoever kept
# it for later would have it twice.
_LAST_S: Final = 1.0
_MOST: Final = 10_000


@dataclass(slots=True)
class _Reserve:
    left: int
    full_at: float
    lapses_at: float


@dataclass
class Reserves:
    """What this process has counted ahead, for each key. Times are of its own steady clock."""

    _kept: dict[bytes, _Reserve] = field(default_factory=dict)

    def spend(self, key: bytes, emission: timedelta) -> timedelta | None:
        """Take one; return in how long all will have grown back, or None if there is none left."""
        now = time.monotonic()
        reserve = self._kept.get(key)
        if reserve is None or reserve.left < 1 or reserve.lapses_at <= now:
            return None
        reserve.left -= 1
        return timedelta(seconds=reserve.full_at - now) - reserve.left * emission

    def keep(self, key: bytes, number: int, until_full: timedelta) -> None:
        """Keep so many that have been counted; `until_full` includes them."""
        if number < 1:
            return
        now = time.monotonic()
        before = self._kept.pop(key, None)
        left = number + (before.left if before and before.lapses_at > now else 0)
        self._make_room(now)
        self._kept[key] = _Reserve(left, now + until_full.total_seconds(), now + _LAST_S)

    def _make_room(self, now: float) -> None:
        if len(self._kept) >= _MOST:
            self._kept = {key: one for key, one in self._kept.items() if one.lapses_at > now}
        if len(self._kept) >= _MOST:
            self._kept.clear()  # counted and lost: it only grows back
