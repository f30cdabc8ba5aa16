"""What waits for a person: how much of each, and since when."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


class Waiting(StrEnum):
    DISPUTES = "disputes"
    WITHDRAWALS = "withdrawals"
    REVERSALS = "reversals"
    FINDINGS = "findings"
    FAILED_MESSAGES = "failed_messages"
    LATE_MESSAGES = "late_messages"


@dataclass(frozen=True)
class Pile:
    """Attributes.

    oldest: Since when the first of them waits.
    """

    waiting: Waiting
    number: int
    oldest: datetime
