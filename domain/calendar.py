"""When an asset is free. Periods run from their start up to, not including, their end."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final, Self

# Nobody plans further ahead, and so nobody makes us look at more.
HORIZON: Final = timedelta(days=400)


@dataclass(frozen=True, order=True)
class Period:
    starts_at: datetime
    ends_at: datetime

    @property
    def length(self) -> timedelta:
        return self.ends_at - self.starts_at

    def moved_to(self, starts_at: datetime) -> Self:
        return type(self)(starts_at, starts_at + self.length)


def neighbourhood(wish: Period, now: datetime) -> Period:
    """Return where to look for another time: around the wish, and not in the past."""
    return Period(max(now, wish.starts_at - HORIZON), wish.ends_at + HORIZON)


def nearest_free(wish: Period, busy: Sequence[Period], within: Period) -> tuple[Period, ...]:
    """Return the nearest free periods of the wished length: one before the wish, one after it.

    Args:
        wish: What somebody would have liked. If it is free after all, it is the only answer.
        busy: Everything that touches `within`, in order and without overlaps.
        within: What is known; nothing beyond it is offered.
    """
    found = (_before(wish, busy), _after(wish, busy))
    known = {free for free in found if _holds(within, free)}
    return (wish,) if wish in known else tuple(sorted(known))


def _before(wish: Period, busy: Sequence[Period]) -> Period:
    for taken in reversed(busy):
        if taken.ends_at <= wish.starts_at:
            break
        if taken.starts_at < wish.ends_at:
            wish = wish.moved_to(taken.starts_at - wish.length)
    return wish


def _after(wish: Period, busy: Sequence[Period]) -> Period:
    for taken in busy:
        if taken.starts_at >= wish.ends_at:
            break
        if taken.ends_at > wish.starts_at:
            wish = wish.moved_to(taken.ends_at)
    return wish


def _holds(within: Period, period: Period) -> bool:
    return within.starts_at <= period.starts_at and period.ends_at <= within.ends_at
