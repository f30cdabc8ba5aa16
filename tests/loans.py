"""Whole loans, moved by the steps that the worker takes, without an engine that asks for them."""

from collections.abc import Awaitable, Callable
from datetime import timedelta
from decimal import Decimal
from uuid import UUID, uuid4

from activities.contracts.tickets import MoveTicket
from activities.tickets import PostgresTicketSteps
from domain.deadlines import Windows
from domain.ticket import Action, Ticket
from models.database import Sessions
from tests import given

# What the timeline of such a loan says; the hand-over is part of the payment.
STORY = ["request", "accept", "pay", "handover", "complete"]
PRICE = Decimal(800_000)  # of an asset of `given`, for three days


async def nothing() -> None:
    """Do not wait."""


def steps(sessions: Sessions) -> PostgresTicketSteps:
    return PostgresTicketSteps(sessions, Windows(), commission_bps=500)


async def requested(sessions: Sessions, borrower: UUID, lender: UUID) -> Ticket:
    asset = await given.a_stored_asset(sessions, owner_id=lender)
    wish = given.a_wish(asset, borrower)
    return (await steps(sessions).open_ticket(wish)).ticket


async def move(sessions: Sessions, ticket: Ticket, action: Action) -> Ticket:
    by = ticket.borrower_id if action is Action.PAY else ticket.lender_id
    at = given.NOW + timedelta(minutes=1)
    command = MoveTicket(ticket.id, action, by, str(uuid4()), at)
    return (await steps(sessions).move_ticket(command)).ticket


async def whole(
    sessions: Sessions,
    borrower: UUID,
    lender: UUID,
    may_go_on: Callable[[], Awaitable[object]] = nothing,
) -> Ticket:
    """Lend something from the request to the return: four steps, five events for each party."""
    await may_go_on()
    ticket = await requested(sessions, borrower, lender)
    for action in (Action.ACCEPT, Action.PAY, Action.COMPLETE):
        await may_go_on()
        ticket = await move(sessions, ticket, action)
    return ticket
