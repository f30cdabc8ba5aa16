"""A dispute about the escrow of an active loan: one party claims a part, the other answers."""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from uuid import UUID


class DisputeStatus(StrEnum):
    OPEN = "open"  # the other party may answer
    CONTESTED = "contested"  # an operator decides
    ACCEPTED = "accepted"
    RESOLVED = "resolved"


@dataclass(frozen=True)
class Claim:
    """What the one who opens a dispute wants to receive of the escrow, in rials, and why."""

    claim: Decimal
    reason: str


@dataclass(frozen=True)
class Division:
    """An operator's split of the escrow, in rials."""

    to_lender: Decimal
    to_borrower: Decimal


@dataclass(frozen=True)
class Dispute:
    """The one dispute that a ticket may have. Amounts in rials.

    Attributes:
        claim: What the opener wants to receive; the rest is the other party's.
        to_lender: What the lender received in the end; None while it is not decided.
        to_borrower: What the borrower received in the end; likewise.
    """

    status: DisputeStatus
    opened_by: UUID
    reason: str
    claim: Decimal
    opened_at: datetime
    to_lender: Decimal | None = None
    to_borrower: Decimal | None = None
