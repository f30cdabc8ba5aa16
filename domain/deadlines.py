"""When a status ends by itself. Every deadline is an instant, computed once and stored."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta

from domain.ticket import Ticket, TicketStatus


@dataclass(frozen=True)
class Windows:
    """How long each party may take; the defaults are the platform's."""

    answer: timedelta = field(default=timedelta(hours=48))
    payment: timedelta = field(default=timedelta(hours=24))
    handover: timedelta = field(default=timedelta(hours=24))
    confirm_return: timedelta = field(default=timedelta(hours=48))
    reminder: timedelta = field(default=timedelta(hours=24))


def deadline(ticket: Ticket, at: datetime, windows: Windows) -> datetime | None:
    """Return when the status that `ticket` entered at `at` ends by itself; None if closed."""
    match ticket.status:
        case TicketStatus.PENDING:
            # A loan that should begin at once has no start left to wait for, only an end.
            begins = ticket.starts_at if ticket.starts_at > at else ticket.ends_at
            return min(at + windows.answer, begins)
        case TicketStatus.ACCEPTED:
            return min(at + windows.payment, ticket.ends_at)
        case TicketStatus.ESCROW:
            return max(at, ticket.starts_at) + windows.handover
        case TicketStatus.ACTIVE:
            return ticket.ends_at + windows.confirm_return
        case _:
            return None


def reminder_at(ticket: Ticket, window: timedelta) -> datetime | None:
    """Return when the borrower is reminded that an active loan ends, else None."""
    return ticket.ends_at - window if ticket.status is TicketStatus.ACTIVE else None
