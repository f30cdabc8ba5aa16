"""What waits for a person: piles of work with their age, and workflows that cannot go on."""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from uuid import UUID


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


class Trouble(StrEnum):
    """Why a workflow cannot go on.

    Attributes:
        PARKED: No retry can mend it: it waits for an operator's decision.
        STUCK: A step keeps failing. It is tried again by itself until its cause is mended.
    """

    PARKED = "parked"
    STUCK = "stuck"


class Outcome(StrEnum):
    """How a trouble ended: by a decision, by itself, or with its workflow."""

    RETRY = "retry"
    ABORT = "abort"
    MENDED = "mended"
    ENDED = "ended"


@dataclass(frozen=True)
class Need:
    """One reason for which a workflow needs a person.

    Attributes:
        id: Made by the workflow; the same however often this is told.
        cause: A sentence for people, with ids but without personal data.
        todo: What a person can do about it.
        amount: The rials that wait with it.
    """

    id: UUID
    workflow_id: str
    workflow_type: str
    kind: Trouble
    cause: str
    todo: str
    amount: Decimal
    since: datetime


@dataclass(frozen=True)
class Troubled:
    """The open troubles of one kind in workflows of one type.

    Attributes:
        amount: The rials that wait with them.
        oldest: Since when the first of them lasts.
    """

    kind: Trouble
    workflow_type: str
    number: int
    amount: Decimal
    oldest: datetime
