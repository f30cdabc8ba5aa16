"""What operators read of a running workflow in the Temporal UI, in Markdown."""

from domain.dispute import Dispute, DisputeStatus
from domain.extension import Extension, ExtensionStatus
from domain.payment import Payment
from domain.reversal import Reversal
from domain.ticket import Ticket
from domain.transfer import NewTransfer
from domain.transitions import AT_DEADLINE
from domain.withdrawal import Withdrawal, WithdrawalStatus
from workflows.messages import ReverseToCard


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


def describe_payment(payment: Payment) -> str:
    """Say what is paid for, and how the gateway calls it."""
    lines = [
        f"### Top-up {payment.status}",
        f"- {payment.amount:,} rials by user `{payment.user_id}`",
        f"- authority `{payment.authority or 'not opened yet'}`",
    ]
    if payment.ticket_id:
        lines.append(f"- goes on into ticket `{payment.ticket_id}`")
    if payment.ref_id:
        lines.append(f"- bank reference `{payment.ref_id}`")
    return "\n".join(lines)


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
