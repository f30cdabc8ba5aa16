"""Taking back a ledger transaction: one operator asks, another one agrees, and it happens once."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from uuid import UUID


class ReversalStatus(StrEnum):
    REQUESTED = "requested"
    POSTED = "posted"
    REJECTED = "rejected"
    EXPIRED = "expired"


@dataclass(frozen=True)
class Reversal:
    """A wish to reverse a transaction, and what became of it.

    Attributes:
        transaction_id: The ledger transaction to take back.
        expires_at: Nobody agreed by then: the wish lapses.
    """

    id: UUID
    transaction_id: UUID
    reason: str
    status: ReversalStatus
    requested_by: UUID
    decided_by: UUID | None
    decided_at: datetime | None
    note: str | None
    created_at: datetime
    expires_at: datetime


@dataclass(frozen=True)
class NewReversal:
    """An operator's wish to take back a ledger transaction."""

    reversal_id: UUID
    transaction_id: UUID
    reason: str
    by: UUID
    at: datetime


@dataclass(frozen=True)
class ReversalDecision:
    """Another operator's answer. `by` None is the clock: nobody answered in time."""

    reversal_id: UUID
    by: UUID | None
    approved: bool
    note: str | None
    at: datetime
