"""When a status ends by itself. Every deadline is an instant, computed once and stored."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta

from domain.ticket import Stage, Ticket, TicketStatus


@dataclass(frozen=True)
class Windows:
    """How long each party may take; the defaults are the platform's."""

    answer: timedelta = field(default=timedelta(hours=48))
    payment: timedelta = field(default=timedelta(hours=24))
    handover: timedelta = field(default=timedelta(hours=24))
    confirm_return: timedelta = field(default=timedelta(hours=48))
    reminder: timedelta = field(default=timedelta(hours=24))
    extension: timedelta = field(default=timedelta(hours=24))
    claim: timedelta = field(default=timedelta(hours=72))


def deadline(ticket: Ticket, at: datetime, windows: Windows) -> datetime | None:
    """Return when the state that `ticket` entered at `at` ends by itself; None if it does not."""
    match ticket.stage:
        case Stage.PENDING:
            # A loan that should begin at once has no start left to wait for, only an end.
            begins = ticket.starts_at if ticket.starts_at > at else ticket.ends_at
            return min(at + windows.answer, begins)
        case Stage.ACCEPTED:
            return min(at + windows.payment, ticket.ends_at)
        case Stage.ESCROW:
            return max(at, ticket.starts_at) + windows.handover
        case Stage.ACTIVE | Stage.OFFERED:
            return ticket.ends_at + windows.confirm_return
        case Stage.CLAIMED:
            return at + windows.claim
        case _:
            return None


def reminder_at(ticket: Ticket, window: timedelta) -> datetime | None:
    """Return when the borrower is reminded that an active loan ends, else None.

    Who disputes a loan does not have to be told that it ends.
    """
    is_running = ticket.status is TicketStatus.ACTIVE and ticket.dispute is None
    return ticket.ends_at - window if is_running else None
