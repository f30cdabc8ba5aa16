"""The loans' time, as people write it and are told it at a command line."""

import re
from datetime import timedelta
from typing import Final

from engine.loan_clock import LoanClock
from sandbox.errors import SandboxError

_SHORT: Final = re.compile(
    r"(?:(?P<days>[0-9]+)d)?(?:(?P<hours>[0-9]+)h)?(?:(?P<minutes>[0-9]+)m)?"
)
# In ISO 8601 an M before the T is months, which have no length of their own.
_ISO: Final = re.compile(
    r"p(?:(?P<days>[0-9]+)d)?(?:t(?=[0-9])(?:(?P<hours>[0-9]+)h)?(?:(?P<minutes>[0-9]+)m)?)?"
)
LONGEST: Final = timedelta(days=400)


def parse(text: str) -> timedelta:
    """Read `3d`, `12h`, `30m`, `2d12h`, or ISO 8601 as in `P3D` and `PT12H`.

    Raises:
        SandboxError: It is none of these, or nothing, or too long.
    """
    written = text.strip().lower()
    found = _SHORT.fullmatch(written) or _ISO.fullmatch(written)
    parts = (
        {name: int(value) for name, value in found.groupdict().items() if value} if found else {}
    )
    if not parts:
        raise SandboxError(f"{text!r} is no length of time. Write 3d, 12h, 30m, 2d12h or P3D.")
    if not any(parts.values()):
        raise SandboxError("Time can only be skipped forward: nothing is no length of time.")
    if any(value > LONGEST / timedelta(**{name: 1}) for name, value in parts.items()):
        raise _too_long(text)
    duration = timedelta(**parts)
    if duration > LONGEST:
        raise _too_long(text)
    return duration


def _too_long(text: str) -> SandboxError:
    return SandboxError(f"{text} is too long: at most {LONGEST.days} days are skipped at once.")


def words(duration: timedelta) -> str:
    """Say a duration in days, hours and minutes: `2 days 12 hours`."""
    minutes = round(duration / timedelta(minutes=1))
    amounts = {"day": minutes // 1440, "hour": minutes // 60 % 24, "minute": minutes % 60}
    return " ".join(counted(n, name) for name, n in amounts.items() if n) or "0 minutes"


def told(clock: LoanClock) -> str:
    """Say what the loan clock says."""
    if not clock.ahead:
        return "The loans' time is this machine's time."
    ahead = words(clock.ahead)
    now = f"{clock.now():%Y-%m-%d %H:%M} UTC"
    return f"Loans are {ahead} ahead of this machine's clock: for them it is {now}."


def counted(number: int, name: str) -> str:
    return f"{number} {name}" if number == 1 else f"{number} {name}s"
