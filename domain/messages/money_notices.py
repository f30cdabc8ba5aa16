"""What people are told of their money outside loans: top-ups, transfers and withdrawals."""

from typing import Final

from domain.messages.facts import rials
from domain.messages.notice import Notice, NoticeKind
from domain.payment import Payment, PaymentStatus
from domain.transfer import NewTransfer
from domain.withdrawal import Withdrawal, WithdrawalStatus

# A payer who cancels knows. So does one who was never shown a page to pay at.
_OVER: Final = {
    PaymentStatus.EXPIRED: "payment_expired",
    PaymentStatus.FAILED: "payment_failed",
}
_WITHDRAWN: Final = {
    WithdrawalStatus.REQUESTED: NoticeKind.WITHDRAWAL_ASKED,
    WithdrawalStatus.PAID: NoticeKind.WITHDRAWAL_PAID,
    WithdrawalStatus.REJECTED: NoticeKind.WITHDRAWAL_RETURNED,
    WithdrawalStatus.FAILED: NoticeKind.WITHDRAWAL_RETURNED,
}


def paid(payment: Payment, ref_id: str | None) -> tuple[Notice, ...]:
    """Tell a payer that the money has come, and whether it goes on into a loan."""
    outcome = {"outcome": "goes_on"} if payment.ticket_id else {}
    reference = {"ref_id": ref_id} if ref_id else {}
    return (_of_payment(NoticeKind.PAYMENT_PAID, payment, **outcome, **reference),)


def kept(payment: Payment) -> tuple[Notice, ...]:
    """Tell a payer that the loan could not take the money, so that it stays in the wallet."""
    return (_of_payment(NoticeKind.PAYMENT_PAID, payment, outcome="kept"),)


def unpaid(payment: Payment, status: PaymentStatus) -> tuple[Notice, ...]:
    """Tell a payer that a payment has come to nothing, if that is news."""
    if status not in _OVER or payment.authority is None:
        return ()
    return (_of_payment(NoticeKind.PAYMENT_FAILED, payment, reason=_OVER[status]),)


def _of_payment(kind: NoticeKind, payment: Payment, **facts: str) -> Notice:
    known = {"payment_id": str(payment.id), "amount": rials(payment.amount), **facts}
    return Notice(kind, payment.user_id, ticket_id=payment.ticket_id, facts=known)


def received(new: NewTransfer) -> tuple[Notice, ...]:
    """Tell who was sent money; by whom and what for is not: anybody may have written that."""
    facts = {"amount": rials(new.amount)}
    return (Notice(NoticeKind.TRANSFER_RECEIVED, new.receiver_id, facts=facts),)


def withdrawn(withdrawal: Withdrawal) -> tuple[Notice, ...]:
    """Tell the owner where a withdrawal is; an approval moves nothing and is not told."""
    kind = _WITHDRAWN.get(withdrawal.status)
    if kind is None:
        return ()
    facts = {"amount": rials(withdrawal.amount), "iban_end": withdrawal.iban_end}
    if kind is NoticeKind.WITHDRAWAL_RETURNED:
        facts["reason"] = f"withdrawal_{withdrawal.status}"
    if withdrawal.bank_reference:
        facts["bank_reference"] = withdrawal.bank_reference
    return (Notice(kind, withdrawal.user_id, facts=facts),)
