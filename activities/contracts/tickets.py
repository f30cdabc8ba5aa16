"""Steps of a loan: names, inputs, outputs. All that a workflow sees of them.

Like every step of this room, each is one transaction or one outside call, and safe to run twice.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Protocol
from uuid import UUID

from temporalio import activity

from domain.actions import Terms
from domain.audit import BY_ITSELF, Origin
from domain.plan import LoanRequest
from domain.ticket import Action, Ticket


@dataclass(frozen=True)
class MoveTicket:
    """Take one action on a ticket.

    Attributes:
        by: The user who acts, None for the system.
        command_id: Names this command for ever; a repeat changes nothing.
        at: The workflow's time, so that a repeat computes the same deadlines.
        terms: What the action needs to be told; most need nothing.
        origin: Where an operator's word came from.
    """

    ticket_id: UUID
    action: Action
    by: UUID | None
    command_id: str
    at: datetime
    note: str | None = None
    terms: Terms | None = None
    origin: Origin = BY_ITSELF


@dataclass(frozen=True)
class MovedTicket:
    """The ticket as it is now.

    Attributes:
        remind_at: When the borrower of an active loan is reminded of its end.
        rivals: Pending tickets that lost their period to this one.
    """

    ticket: Ticket
    remind_at: datetime | None = None
    rivals: tuple[UUID, ...] = ()


class TicketSteps(Protocol):
    @activity.defn
    async def open_ticket(self, request: LoanRequest) -> MovedTicket: ...

    @activity.defn
    async def move_ticket(self, command: MoveTicket) -> MovedTicket: ...
