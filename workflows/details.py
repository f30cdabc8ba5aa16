"""What operators read of a running workflow in the Temporal UI, in Markdown."""

from domain.payment import Payment
from domain.ticket import AT_DEADLINE, Ticket


def describe_ticket(ticket: Ticket) -> str:
    """Say who lends what to whom for how much, and what happens next by itself."""
    lines = [
        f"### Loan {ticket.status}",
        f"- asset `{ticket.asset_id}`",
        f"- borrower `{ticket.borrower_id}`, lender `{ticket.lender_id}`",
        f"- fee {ticket.fee:,} + deposit {ticket.deposit:,} = **{ticket.total:,} rials**",
        f"- {ticket.starts_at:%Y-%m-%d %H:%M} to {ticket.ends_at:%Y-%m-%d %H:%M} UTC",
    ]
    if ticket.deadline_at:
        then = AT_DEADLINE[ticket.status]
        lines.append(f"- at {ticket.deadline_at:%Y-%m-%d %H:%M} UTC by itself: **{then}**")
    if ticket.cancel_reason:
        lines.append(f"- reason: {ticket.cancel_reason}")
    return "\n".join(lines)


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
