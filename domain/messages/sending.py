"""When a message is handed over: the pauses between tries, and the hours in which people sleep."""

from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from domain.errors import IllegalTransition
from domain.messages.notice import WITH_SECRET, MessageStatus, NoticeKind

_FIRST_PAUSE: Final = timedelta(seconds=2)
_LONGEST_PAUSE: Final = timedelta(minutes=10)
_MOST_DOUBLINGS: Final = 12  # more than it takes to the longest pause


def backoff(failed_tries: int) -> timedelta:
    """Return how long a message waits after so many tries in a row have come to nothing."""
    doublings = min(max(failed_tries - 1, 0), _MOST_DOUBLINGS)
    return min(_FIRST_PAUSE * (1 << doublings), _LONGEST_PAUSE)


def check_resend(
    kind: NoticeKind, status: MessageStatus, *, was_resent: bool, has_reader: bool
) -> None:
    """Refuse to have a message sent again, unless it failed, and for the first time.

    Raises:
        IllegalTransition: It says why.
    """
    stage = ""
    if status is MessageStatus.FAILED and was_resent:
        stage = "failed after it was sent again"
    elif status is MessageStatus.FAILED and kind in WITH_SECRET:
        stage = "failed and holds a secret: its reader asks for another one"
    elif status is MessageStatus.FAILED and not has_reader:
        stage = "failed and has no reader any more"
    if stage or status is not MessageStatus.FAILED:
        raise IllegalTransition("resend", status.value, "message", stage)


def zone_of(name: str) -> ZoneInfo | None:
    """Return a time zone by its name, such as `Asia/Tehran`; None if there is none of this name."""
    try:
        return ZoneInfo(name)
    except (KeyError, ValueError, OSError):  # unknown; not a name; the name of a folder of zones
        return None


@dataclass(frozen=True, slots=True)
class Quiet:
    """The hours of each day in which somebody wants no messages, by the clock of one place.

    Attributes:
        starts: Belongs to them.
        ends: Does not, and is never the same; they go over midnight if it is earlier.
    """

    starts: time
    ends: time
    time_zone: str

    def until(self, now: datetime) -> datetime | None:
        """Return when the hours are over that `now` belongs to; None if it belongs to none."""
        zone = zone_of(self.time_zone)
        if zone is None:
            return None  # it was known once; a message is rather early than lost
        local = now.astimezone(zone)
        if not self._covers(local.time()):
            return None
        day = local.date() if local.time() < self.ends else local.date() + timedelta(days=1)
        end = datetime.combine(day, self.ends, zone)
        # In the night in which clocks go back an hour comes twice, and its first turn may be over.
        again = end.replace(fold=1)
        return (end if end.timestamp() > now.timestamp() else again).astimezone(UTC)

    def _covers(self, local: time) -> bool:
        if self.starts < self.ends:
            return self.starts <= local < self.ends
        return local >= self.starts or local < self.ends
