"""How a loan becomes longer: what an offer costs, and what each answer makes of the ticket."""

from dataclasses import replace
from datetime import datetime

from domain.deadlines import Windows
from domain.errors import ValidationFailed
from domain.extension import Extension, ExtensionStatus, Offer
from domain.money import MAX_AMOUNT
from domain.plan import days_begun
from domain.ticket import Ticket

LONGEST_DAYS = 3650


def offered(ticket: Ticket, offer: Offer, at: datetime, windows: Windows) -> Ticket:
    """Make an offer, priced by the day as the loan was. It lapses with the loan at the latest.

    Raises:
        ValidationFailed: The new end breaks a rule.
    """
    if offer.ends_at <= max(ticket.ends_at, at):
        raise ValidationFailed("/ends_at", "An extension ends later than the loan, and than now.")
    days = days_begun(ticket.starts_at, offer.ends_at)
    fee = ticket.daily_fee * days
    if days > LONGEST_DAYS or fee + ticket.deposit > MAX_AMOUNT:
        raise ValidationFailed("/ends_at", f"A loan lasts at most {LONGEST_DAYS} days.")
    extension = Extension(
        number=ticket.extension.number + 1 if ticket.extension else 1,
        status=ExtensionStatus.OFFERED,
        ends_at=offer.ends_at,
        fee=fee - ticket.fee,
        offered_at=at,
        expires_at=min(at + windows.extension, ticket.deadline_at or offer.ends_at),
    )
    return replace(ticket, extension=extension)


def accepted(ticket: Ticket) -> Ticket:
    """Take up the offer: the loan ends later and its fee is higher."""
    extension = _of(ticket)
    taken = replace(extension, status=ExtensionStatus.ACCEPTED)
    return replace(
        ticket, extension=taken, ends_at=extension.ends_at, fee=ticket.fee + extension.fee
    )


def closed(ticket: Ticket, status: ExtensionStatus) -> Ticket:
    """Leave an open offer behind, if there is one."""
    extension = ticket.extension
    if extension is None or extension.status is not ExtensionStatus.OFFERED:
        return ticket
    return replace(ticket, extension=replace(extension, status=status))


def _of(ticket: Ticket) -> Extension:
    if ticket.extension is None:
        raise ValueError(f"ticket {ticket.id} has no offer")
    return ticket.extension
