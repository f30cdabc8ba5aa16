"""Taking back a ledger transaction: one operator asks, another one agrees, and it happens once."""

from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from typing import Final
from uuid import UUID

from domain.audit import BY_ITSELF, Origin
from domain.errors import Forbidden, IllegalTransition, NotReversible
from domain.ledger import TransactionKind
from domain.payment import CardReversal, Payment, PaymentStatus

# What a reversal can take back, and for the rest what to do instead.
REVERSIBLE: Final = frozenset({TransactionKind.TRANSFER, TransactionKind.DEPOSIT})
INSTEAD: Final[dict[TransactionKind, str]] = {
    TransactionKind.TICKET_PAYMENT: "It waits in its ticket's escrow: cancel that ticket.",
    TransactionKind.RELEASE: "It emptied a ticket's escrow, which stays settled: those who received"
    " too much can transfer it back.",
    TransactionKind.REFUND: "It emptied a ticket's escrow, which stays settled: those who received"
    " too much can transfer it back.",
    TransactionKind.WITHDRAWAL: "It comes back when the withdrawal is rejected.",
    TransactionKind.PAYOUT: "The bank has it: it comes back as a payment of its receiver.",
    TransactionKind.PAYOUT_RETURN: "The money is in its owner's wallet: it can be withdrawn again.",
    TransactionKind.REVERSAL: "A reversal stays: make the transfer or the payment again.",
}


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
        kind: Of that transaction.
        amount: Of that transaction, in rials.
        expires_at: Nobody agreed by then: the wish lapses.
    """

    id: UUID
    transaction_id: UUID
    kind: TransactionKind
    amount: Decimal
    reason: str
    status: ReversalStatus
    requested_by: UUID
    decided_by: UUID | None
    decided_at: datetime | None
    note: str | None
    created_at: datetime
    expires_at: datetime

    @property
    def is_open(self) -> bool:
        return self.status is ReversalStatus.REQUESTED


@dataclass(frozen=True)
class NewReversal:
    """An operator's wish to take back a ledger transaction."""

    reversal_id: UUID
    transaction_id: UUID
    reason: str
    by: UUID
    at: datetime
    origin: Origin = BY_ITSELF


@dataclass(frozen=True)
class ReversalDecision:
    """Another operator's answer. `by` None is the clock: nobody answered in time."""

    reversal_id: UUID
    by: UUID | None
    approved: bool
    note: str | None
    at: datetime
    origin: Origin = BY_ITSELF


def check_kind(kind: TransactionKind) -> None:
    """Refuse to reverse what has another way back, or none.

    Raises:
        NotReversible: The message says what to do instead.
    """
    if kind not in REVERSIBLE:
        words = f"A ledger transaction of kind {kind} is not reversed. {INSTEAD[kind]}"
        raise NotReversible(words, "posted", kind=kind.value)


def check_payment(payment: Payment) -> None:
    """Refuse to take back the deposit of a payment whose money went, or goes, another way.

    Raises:
        NotReversible: The payment is not paid any more, or on its way back to its card.
    """
    if payment.reversal is CardReversal.ASKED:
        raise NotReversible("The payment is on its way back to its card.", payment.status)
    if payment.status is not PaymentStatus.PAID:
        raise NotReversible(f"The payment of this deposit is {payment.status}.", payment.status)


def was_asked_before(other: Reversal) -> NotReversible:
    """Say that there is a wish for the same transaction that stands, or that was granted."""
    words = (
        "Its reversal is asked for already, and waits for another operator's decision."
        if other.is_open
        else "The transaction is reversed already; that is done once."
    )
    return NotReversible(words, other.status, reversal_id=str(other.id))


def decided(wish: Reversal, decision: ReversalDecision) -> Reversal:
    """Return a wish as a decision leaves it; one that was decided is left alone by the clock.

    Raises:
        Forbidden: One operator alone reverses nothing.
        IllegalTransition: It was decided before, or its time is over.
    """
    if decision.by is None:
        return replace(wish, status=ReversalStatus.EXPIRED) if wish.is_open else wish
    if decision.approved and decision.by == wish.requested_by:
        raise Forbidden("Another operator than the one who asked has to approve a reversal.")
    is_over = wish.is_open and decision.at >= wish.expires_at
    if is_over or not wish.is_open:
        status = ReversalStatus.EXPIRED if is_over else wish.status
        raise IllegalTransition("approve" if decision.approved else "reject", status, "reversal")
    return replace(
        wish,
        status=ReversalStatus.POSTED if decision.approved else ReversalStatus.REJECTED,
        decided_by=decision.by,
        decided_at=decision.at,
        note=decision.note,
    )


def is_repeat(wish: Reversal, decision: ReversalDecision) -> bool:
    """Tell whether this very decision was carried out before."""
    # Not its time: a workflow task that is begun anew after a kill has another one.
    approved = wish.status is ReversalStatus.POSTED
    made = (wish.decided_by, approved)
    return decision.by is not None and made == (decision.by, decision.approved)
