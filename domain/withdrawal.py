"""Money on its way to a bank account: who may send it, where to, and what becomes of it."""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from uuid import UUID


class WithdrawalStatus(StrEnum):
    """`rejected` is an operator's no, `failed` the bank's; both return the money."""

    REQUESTED = "requested"
    APPROVED = "approved"
    PAID = "paid"
    REJECTED = "rejected"
    FAILED = "failed"


@dataclass(frozen=True)
class Withdrawal:
    """A withdrawal as stored; `amount` in rials.

    Attributes:
        iban: Encrypted, bound to this row.
        iban_end: The last four digits, for people to recognise it.
        note: What the operator said when deciding.
        bank_reference: The bank's name for the transfer, once it was made.
        closed_at: When it was paid, or when the money came back.
    """

    id: UUID
    user_id: UUID
    amount: Decimal
    iban: bytes
    iban_end: str
    status: WithdrawalStatus
    decided_by: UUID | None
    decided_at: datetime | None
    note: str | None
    bank_reference: str | None
    created_at: datetime
    closed_at: datetime | None


@dataclass(frozen=True)
class NewWithdrawal:
    """A withdrawal that a user asked for. `iban` is encrypted and bound to `withdrawal_id`."""

    withdrawal_id: UUID
    user_id: UUID
    amount: Decimal
    iban: bytes
    iban_end: str
    at: datetime


@dataclass(frozen=True)
class WithdrawalDecision:
    """An operator's yes or no to a withdrawal that waits."""

    withdrawal_id: UUID
    by: UUID
    approved: bool
    note: str | None
    at: datetime


@dataclass(frozen=True)
class PayoutResult:
    """What became of an approved withdrawal; without a bank reference it failed."""

    withdrawal_id: UUID
    bank_reference: str | None
    note: str | None
    at: datetime
