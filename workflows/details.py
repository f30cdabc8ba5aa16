"""What operators read of a running workflow in the Temporal UI, in Markdown."""

from datetime import datetime

from activities.contracts.payments import NewPayment
from domain.dispute import Dispute, DisputeStatus
from domain.extension import Extension, ExtensionStatus
from domain.payment import OPEN, Payment, PaymentStatus
from domain.plan import LoanRequest
from domain.reversal import NewReversal, Reversal
from domain.ticket import Ticket
from domain.transfer import NewTransfer
from domain.transitions import AT_DEADLINE
from domain.withdrawal import NewWithdrawal, Withdrawal, WithdrawalStatus
from workflows.messages import ReverseToCard


def describe_request(wish: LoanRequest) -> str:
    """Say who wants to borrow what, before that is stored."""
    return "\n".join(
        [
            "### Loan asked for, not stored yet",
            f"- asset `{wish.asset_id}`, borrower `{wish.borrower_id}`",
            f"- {wish.starts_at:%Y-%m-%d %H:%M} to {wish.ends_at:%Y-%m-%d %H:%M} UTC",
        ]
    )


def describe_ticket(ticket: Ticket) -> str:
    """Say who lends what to whom for how much, and what happens next."""
    lines = [
        f"### Loan {ticket.stage}",
        f"- asset `{ticket.asset_id}`",
        f"- borrower `{ticket.borrower_id}`, lender `{ticket.lender_id}`",
        f"- fee {ticket.fee:,} + deposit {ticket.deposit:,} = **{ticket.total:,} rials**",
        f"- {ticket.starts_at:%Y-%m-%d %H:%M} to {ticket.ends_at:%Y-%m-%d %H:%M} UTC",
    ]
    if ticket.deadline_at:
        then = AT_DEADLINE[ticket.stage]
        lines.append(f"- at {ticket.deadline_at:%Y-%m-%d %H:%M} UTC by itself: **{then}**")
    if ticket.extension:
        lines.append(_offer(ticket.extension))
    if ticket.dispute:
        lines += _dispute(ticket.dispute)
    if ticket.cancel_reason:
        lines.append(f"- reason: {ticket.cancel_reason}")
    return "\n".join(lines)


def _offer(extension: Extension) -> str:
    price = f"to {extension.ends_at:%Y-%m-%d %H:%M} UTC for {extension.fee:,} rials more"
    if extension.status is ExtensionStatus.OFFERED:
        price += f", open until {extension.expires_at:%Y-%m-%d %H:%M} UTC"
    return f"- extension {extension.status}: {price}"


def _dispute(dispute: Dispute) -> list[str]:
    lines = [f"- dispute {dispute.status}: `{dispute.opened_by}` claims {dispute.claim:,} rials"]
    if dispute.status is DisputeStatus.CONTESTED:
        lines.append(
            "- **an operator divides the escrow**: read the reason and the notes, then send "
            "PATCH `/tickets/{id}/dispute/resolve/` or the update `resolve`"
        )
    if dispute.to_lender is not None:
        lines.append(f"- lender {dispute.to_lender:,}, borrower {dispute.to_borrower:,} rials")
    return lines


def describe_top_up(new: NewPayment) -> str:
    """Say who wants to pay how much, before that is stored."""
    return f"### Top-up asked for, not stored yet\n- {new.amount:,} rials by user `{new.user_id}`"


def describe_payment(payment: Payment, expires_at: datetime, over_at: datetime) -> str:
    """Say what is paid for, how the gateway calls it, and what time does next."""
    lines = [
        f"### Top-up {payment.status}",
        f"- {payment.amount:,} rials by user `{payment.user_id}`",
        f"- authority `{payment.authority or 'not opened yet'}`",
    ]
    if payment.ticket_id:
        lines.append(f"- goes on into ticket `{payment.ticket_id}`")
    if payment.ref_id:
        lines.append(f"- bank reference `{payment.ref_id}`")
    if payment.status is PaymentStatus.PENDING:
        lines.append(f"- at {expires_at:%Y-%m-%d %H:%M} UTC by itself: **show as expired**")
    if payment.status in OPEN:
        lines.append(f"- the gateway is asked until {over_at:%Y-%m-%d %H:%M} UTC, then **give up**")
    return "\n".join(lines)


def describe_wish(wish: ReverseToCard) -> str:
    """Say which payment an operator wants to send back, before it is looked at."""
    return "\n".join(
        [
            "### Back to the card: asked for",
            f"- payment `{wish.payment_id}`",
            f"- wished by operator `{wish.by}`: {wish.reason}",
        ]
    )


def describe_card_reversal(payment: Payment, wish: ReverseToCard) -> str:
    """Say which money goes back, who wished it and why, and how far it is."""
    return "\n".join(
        [
            f"### Back to the card: {payment.reversal}",
            f"- {payment.amount:,} rials, payment `{payment.id}`, now {payment.status}",
            f"- authority `{payment.authority}`, user `{payment.user_id}`",
            f"- wished by operator `{wish.by}`: {wish.reason}",
        ]
    )


def describe_transfer(new: NewTransfer) -> str:
    """Say who sends how much to whom."""
    return (
        f"### Transfer of {new.amount:,} rials\n"
        f"- from user `{new.sender_id}`\n- to user `{new.receiver_id}`"
    )


def describe_withdrawal_wish(new: NewWithdrawal) -> str:
    """Say who wants how much, before it left the wallet."""
    return f"### Withdrawal asked for\n- {new.amount:,} rials for user `{new.user_id}`"


_WITHDRAWAL_NEEDS = {
    WithdrawalStatus.REQUESTED: "approve or reject it",
    WithdrawalStatus.APPROVED: "transfer the money, then record that it is paid, or that it failed",
}


def describe_withdrawal(withdrawal: Withdrawal, *, by_hand: bool = True) -> str:
    """Say who wants how much, and what an operator has to do. The account is in its row alone."""
    lines = [
        f"### Withdrawal {withdrawal.status}",
        f"- {withdrawal.amount:,} rials for user `{withdrawal.user_id}`",
    ]
    task = _WITHDRAWAL_NEEDS.get(withdrawal.status)
    if task and by_hand:
        path = f"/api/v1/ops/withdrawals/{withdrawal.id}/"
        lines.append(f"- needs an operator: **{task}** at `{path}`")
    if withdrawal.note:
        lines.append(f"- note: {withdrawal.note}")
    if withdrawal.bank_reference:
        lines.append(f"- bank reference `{withdrawal.bank_reference}`")
    return "\n".join(lines)


def describe_reversal_wish(new: NewReversal) -> str:
    """Say who wants to take back what and why, before it is looked at."""
    return (
        f"### Reversal asked for\n- transaction `{new.transaction_id}`"
        f"\n- wished by operator `{new.by}`: {new.reason}"
    )


def describe_reversal(wish: Reversal) -> str:
    """Say who wants to take back what and why, and what another operator has to do."""
    lines = [
        f"### Reversal {wish.status}",
        f"- {wish.amount:,} rials: {wish.kind} `{wish.transaction_id}`",
        f"- wished by operator `{wish.requested_by}`: {wish.reason}",
    ]
    if wish.is_open:
        path = f"/api/v1/ops/ledger/reversals/{wish.id}/"
        lines.append(f"- needs another operator: **approve or reject it** at `{path}`")
        lines.append(f"- at {wish.expires_at:%Y-%m-%d %H:%M} UTC by itself: **expire**")
    if wish.decided_by:
        lines.append(f"- decided by operator `{wish.decided_by}`: {wish.note or 'no note'}")
    return "\n".join(lines)
