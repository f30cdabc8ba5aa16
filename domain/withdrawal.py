"""Money on its way to a bank account: who may send it, and what becomes of it."""

from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from typing import Final
from uuid import UUID

from domain.audit import BY_ITSELF, Origin
from domain.errors import Forbidden, IllegalTransition, ValidationFailed


class WithdrawalStatus(StrEnum):
    """`rejected` is an operator's no, `failed` the bank's; both return the money."""

    REQUESTED = "requested"
    APPROVED = "approved"
    PAID = "paid"
    REJECTED = "rejected"
    FAILED = "failed"


class WithdrawalAction(StrEnum):
    """What an operator does about a withdrawal."""

    APPROVE = "approve"
    REJECT = "reject"
    PAY = "pay"
    FAIL = "fail"


# Action → (the status it is taken in, the status it leads to).
MOVES: Final[dict[WithdrawalAction, tuple[WithdrawalStatus, WithdrawalStatus]]] = {
    WithdrawalAction.APPROVE: (WithdrawalStatus.REQUESTED, WithdrawalStatus.APPROVED),
    WithdrawalAction.REJECT: (WithdrawalStatus.REQUESTED, WithdrawalStatus.REJECTED),
    WithdrawalAction.PAY: (WithdrawalStatus.APPROVED, WithdrawalStatus.PAID),
    WithdrawalAction.FAIL: (WithdrawalStatus.APPROVED, WithdrawalStatus.FAILED),
}


@dataclass(frozen=True)
class Withdrawal:
    """A withdrawal as stored; `amount` in rials. The account's number is in its row alone.

    Attributes:
        iban_end: The last four digits, for people to recognise it.
        note: What the operator or the bank said about it.
        bank_reference: The bank's name for the transfer, once it was made.
        closed_by: The operator who said how it ended; None if the payout gateway did.
        closed_at: When it was paid, or when the money came back.
    """

    id: UUID
    user_id: UUID
    amount: Decimal
    iban_end: str
    status: WithdrawalStatus
    decided_by: UUID | None
    decided_at: datetime | None
    note: str | None
    bank_reference: str | None
    created_at: datetime
    closed_at: datetime | None
    closed_by: UUID | None = None

    @property
    def is_closed(self) -> bool:
        return self.closed_at is not None


@dataclass(frozen=True)
class NewWithdrawal:
    """A withdrawal that a user asked for.

    Attributes:
        sealed_iban: Encrypted and bound to `withdrawal_id`, in base64.
        iban_index: Its blind index, likewise; empty for those from before there was one.
    """

    withdrawal_id: UUID
    user_id: UUID
    amount: Decimal
    sealed_iban: str
    iban_end: str
    at: datetime
    iban_index: str = ""


@dataclass(frozen=True)
class WithdrawalDecision:
    """An operator's yes or no to a withdrawal that waits."""

    withdrawal_id: UUID
    by: UUID
    approved: bool
    note: str | None
    at: datetime
    origin: Origin = BY_ITSELF

    @property
    def action(self) -> WithdrawalAction:
        return WithdrawalAction.APPROVE if self.approved else WithdrawalAction.REJECT


@dataclass(frozen=True)
class PayoutResult:
    """What became of an approved withdrawal; without a bank reference it failed.

    Attributes:
        by: The operator who says so, None for the payout gateway.
    """

    withdrawal_id: UUID
    by: UUID | None
    bank_reference: str | None
    note: str | None
    at: datetime
    origin: Origin = BY_ITSELF

    @property
    def action(self) -> WithdrawalAction:
        return WithdrawalAction.FAIL if self.bank_reference is None else WithdrawalAction.PAY


def check_amount(amount: Decimal, minimum: Decimal) -> None:
    """Refuse what a bank would not transfer.

    Raises:
        ValidationFailed: Parts of a rial, or less than `minimum` rials.
    """
    if amount != amount.to_integral_value():
        raise ValidationFailed("/amount", "A withdrawal is in whole rials.")
    if amount < minimum:
        raise ValidationFailed("/amount", f"A withdrawal is at least {minimum:,} rials.")


def check(withdrawal: Withdrawal, action: WithdrawalAction, by: UUID | None) -> None:
    """Refuse an action that cannot be taken now.

    Args:
        withdrawal: As it is stored now.
        action: What is to be done about it.
        by: The operator who acts, None for the payout gateway.

    Raises:
        Forbidden: It is the operator's own withdrawal.
        IllegalTransition: It is not in the status that the action is taken in.
    """
    if by == withdrawal.user_id:
        raise Forbidden("Somebody else decides about your own withdrawal.")
    if withdrawal.status is not MOVES[action][0]:
        raise IllegalTransition(action, withdrawal.status, "withdrawal")


def decided(withdrawal: Withdrawal, decision: WithdrawalDecision) -> Withdrawal:
    """Return a withdrawal as an operator's decision leaves it.

    Raises:
        Forbidden: It is the operator's own withdrawal.
        IllegalTransition: It was decided before.
    """
    check(withdrawal, decision.action, decision.by)
    return replace(
        withdrawal,
        status=MOVES[decision.action][1],
        decided_by=decision.by,
        decided_at=decision.at,
        note=decision.note,
        closed_by=None if decision.approved else decision.by,
        closed_at=None if decision.approved else decision.at,
    )


def closed(withdrawal: Withdrawal, result: PayoutResult) -> Withdrawal:
    """Return an approved withdrawal as the bank's yes or no leaves it.

    Raises:
        Forbidden: It is the operator's own withdrawal.
        IllegalTransition: It is not approved, or closed already.
    """
    check(withdrawal, result.action, result.by)
    return replace(
        withdrawal,
        status=MOVES[result.action][1],
        bank_reference=result.bank_reference,
        note=result.note or withdrawal.note,
        closed_by=result.by,
        closed_at=result.at,
    )
