"""What live streams tell people about: the kinds of event, and one event."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID


class EventKind(StrEnum):
    TICKET = "ticket"  # a line of a ticket's timeline
    DISPUTE_NOTE = "dispute_note"
    PAYMENT = "payment"  # a new payment, or one whose status or notice changed


@dataclass(frozen=True, slots=True)
class Event:
    """Something that happened, as one of those who are told of it sees it.

    Attributes:
        seq: Its place in the one order of all events.
        ticket_id: None for a payment that is for no ticket.
        data: The rest, as JSON has it; it differs from kind to kind.
    """

    seq: int
    recipient_id: UUID
    at: datetime
    kind: EventKind
    ticket_id: UUID | None
    data: dict[str, Any]
