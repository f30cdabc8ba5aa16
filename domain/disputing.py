"""How a dispute goes: what each word of it makes of the ticket."""

from dataclasses import replace
from datetime import datetime
from decimal import Decimal
from uuid import UUID

from domain.dispute import Claim, Dispute, DisputeStatus, Division
from domain.errors import ValidationFailed
from domain.money import ZERO
from domain.ticket import Ticket


def opened(ticket: Ticket, claim: Claim, by: UUID, at: datetime) -> Ticket:
    """Open a dispute.

    Raises:
        ValidationFailed: Nothing is claimed, or more than the escrow holds.
    """
    if not ZERO < claim.claim <= ticket.total:
        raise ValidationFailed(
            "/claim", f"A claim is a part of the escrow, which holds {ticket.total} rials."
        )
    dispute = Dispute(DisputeStatus.OPEN, by, claim.reason, claim.claim, at)
    return replace(ticket, dispute=dispute)


def contested(ticket: Ticket) -> Ticket:
    return replace(ticket, dispute=replace(_of(ticket), status=DisputeStatus.CONTESTED))


def granted(ticket: Ticket) -> Ticket:
    """Give the opener what was claimed, and the other party the rest."""
    dispute = _of(ticket)
    rest = ticket.total - dispute.claim
    if dispute.opened_by == ticket.lender_id:
        return _decided(ticket, DisputeStatus.ACCEPTED, dispute.claim, rest)
    return _decided(ticket, DisputeStatus.ACCEPTED, rest, dispute.claim)


def resolved(ticket: Ticket, division: Division) -> Ticket:
    """Divide the escrow as an operator says.

    Raises:
        ValidationFailed: The parts are not the whole escrow.
    """
    parts = (division.to_lender, division.to_borrower)
    if min(parts) < 0 or sum(parts) != ticket.total:
        raise ValidationFailed(
            "/to_lender", f"The two parts make up the escrow, which holds {ticket.total} rials."
        )
    return _decided(ticket, DisputeStatus.RESOLVED, *parts)


def _decided(
    ticket: Ticket, status: DisputeStatus, to_lender: Decimal, to_borrower: Decimal
) -> Ticket:
    dispute = replace(_of(ticket), status=status, to_lender=to_lender, to_borrower=to_borrower)
    return replace(ticket, dispute=dispute)


def _of(ticket: Ticket) -> Dispute:
    if ticket.dispute is None:
        raise ValueError(f"ticket {ticket.id} has no dispute")
    return ticket.dispute
