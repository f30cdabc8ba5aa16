"""The time that loans are given: real time, and in a sandbox what was skipped on top of it."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path


@dataclass(frozen=True)
class LoanClock:
    """Tells the time of what comes next; workflows that run already keep a clock of their own.

    Attributes:
        path: The file that holds the skipped seconds. Without one, as in production, or before
            anything was skipped, it is plain real time.
    """

    path: Path | None = None

    @property
    def ahead(self) -> timedelta:
        """How far it is ahead of real time; it only grows."""
        if self.path is None:
            return timedelta(0)
        try:
            return timedelta(seconds=int(self.path.read_text()))
        except FileNotFoundError:
            return timedelta(0)

    def now(self) -> datetime:
        """Return the loans' time, in UTC."""
        return datetime.now(UTC) + self.ahead
