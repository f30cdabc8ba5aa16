"""How often somebody may ask, and how long they wait after failing. No clock: times are given."""

import re
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from typing import Final, Self

_UNITS: Final = {
    "second": timedelta(seconds=1),
    "minute": timedelta(minutes=1),
    "hour": timedelta(hours=1),
    "day": timedelta(days=1),
}
_WRITTEN: Final = re.compile(rf"([1-9][0-9]{{0,6}})/({'|'.join(_UNITS)})")
_NEVER: Final = timedelta()
_MOST_DOUBLINGS: Final = 12


class Traffic(StrEnum):
    """What is counted apart. The names are public: answers tell them in their RateLimit header.

    The first ones are counted for each client's address, the last ones for each account.
    """

    LOGIN = "login"
    REGISTER = "register"
    RESET = "reset"
    REFRESH = "refresh"
    PUBLIC = "public"
    WEBHOOK = "webhook"
    RESET_ACCOUNT = "reset_account"
    CODE = "code"
    READ = "read"
    WRITE = "write"


@dataclass(frozen=True, slots=True)
class Rate:
    """So many in a window, all at once or spread over it: the generic cell rate algorithm.

    What somebody has used up grows back evenly, and is kept as one instant for each of them:
    when all of it will have grown back.
    """

    count: int
    per: timedelta

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read ``30/minute``; the units are second, minute, hour and day."""
        written = _WRITTEN.fullmatch(text.strip())
        if written is None:
            raise ValueError("a rate is a number and a unit, as in 30/minute")
        rate = cls(int(written[1]), _UNITS[written[2]])
        if not rate.emission:
            raise ValueError("a rate is of at most 1000000/second")
        return rate

    @property
    def emission(self) -> timedelta:
        """How long one takes to grow back."""
        return self.per / self.count

    @property
    def capacity(self) -> timedelta:
        """How long all take; off from `per` by less than a microsecond for each."""
        return self.emission * self.count

    def left(self, until_full: timedelta) -> int:
        """Return how many more may come now, when all have grown back in `until_full`."""
        return min(max((self.capacity - until_full) // self.emission, 0), self.count)

    def wait(self, until_full: timedelta) -> timedelta:
        """Return how long until one more may come."""
        return max(until_full + self.emission - self.capacity, _NEVER)


@dataclass(frozen=True, slots=True)
class BackOff:
    """How long failures keep somebody waiting: longer each time, never for ever.

    Attributes:
        free: So many failures cost nothing.
        first: The wait after the next one; each further one doubles it.
        longest: The wait that is not exceeded.
        recovery: After each such time without a failure, one of them is forgotten.
    """

    free: int
    first: timedelta
    longest: timedelta
    recovery: timedelta

    def wait(self, failures: int, ago: timedelta) -> timedelta:
        """Return how much longer to wait after so many failures, the last of them so long ago."""
        beyond = self._remembered(failures, ago) - self.free
        if beyond < 0:
            return _NEVER
        pause: timedelta = min(self.first * 2**beyond, self.longest)
        return max(pause - ago, _NEVER)

    def after_one_more(self, failures: int, ago: timedelta) -> int:
        """Return how many failures to remember when now there was another one."""
        # Past this the longest wait has been reached, and whoever stops soon has a clean sheet.
        return min(self._remembered(failures, ago) + 1, self.free + _MOST_DOUBLINGS)

    def _remembered(self, failures: int, ago: timedelta) -> int:
        return max(failures - max(ago, _NEVER) // self.recovery, 0)
