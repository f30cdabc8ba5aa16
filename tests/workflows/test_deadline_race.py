"""A click and the clock at the same moment: one of them wins, and the other changes nothing."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from temporalio import activity
from temporalio.api.enums.v1 import EventType
from temporalio.client import Client, WorkflowHandle, WorkflowUpdateFailedError
from temporalio.worker import Worker

from activities.contracts.refusal import refuse
from activities.contracts.tickets import MovedTicket, MoveTicket
from activities.tickets import PostgresTicketSteps
from domain import ids
from domain.deadlines import Windows
from domain.errors import AssetUnavailable
from domain.ticket import TicketStatus
from models.database import Sessions
from models.queries import tickets
from tests import given
from workflows.messages import TicketCommand
from workflows.ticket import TicketLoan

QUEUE = "deadline-race"
BEGINS = timedelta(seconds=2.5)  # a pending request expires when the loan should begin


@dataclass
class SlowRefusal:
    """Refuses the first command, but only when told to; the real steps take all others.

    It waits on the operable path: a workflow task that is busy with the fast one hears of nothing.
    """

    steps: PostgresTicketSteps
    entered: asyncio.Event = field(default_factory=asyncio.Event)
    released: asyncio.Event = field(default_factory=asyncio.Event)

    @activity.defn(name="move_ticket")
    async def move_ticket(self, command: MoveTicket) -> MovedTicket:
        if command.command_id != "first":
            return await self.steps.move_ticket(command)
        if activity.info().is_local:
            raise ConnectionError("not on the fast path")
        self.entered.set()
        await self.released.wait()
        raise refuse(AssetUnavailable())


async def test_a_deadline_never_ends_a_status_that_a_click_has_just_begun(
    client: Client, sessions: Sessions
) -> None:
    """The clock waits behind one accept, and another accept waits behind the clock."""
    asset = await given.a_stored_asset(sessions)
    at = datetime.now(UTC)
    borrower, starts_at = await given.a_user(sessions), at + BEGINS
    wish = given.a_wish(asset, borrower, starts_at=starts_at, ends_at=at + given.DAY, at=at)
    slow = SlowRefusal(PostgresTicketSteps(sessions, Windows(), 500))
    steps: list[Callable[..., Any]] = [slow.steps.open_ticket, slow.move_ticket]
    async with Worker(client, task_queue=QUEUE, workflows=[TicketLoan], activities=steps):
        loan = await client.start_workflow(
            TicketLoan.run, wish, id=ids.ticket_workflow(wish.ticket_id), task_queue=QUEUE
        )
        accept = TicketCommand(asset.owner_id)
        first = asyncio.create_task(loan.execute_update("accept", accept, id="first"))
        await slow.entered.wait()
        await given.eventually(lambda: has_fired(loan))
        second = asyncio.create_task(loan.execute_update("accept", accept, id="second"))
        await asyncio.sleep(0.2)  # nothing shows from outside that it waits in the workflow
        slow.released.set()
        outcomes = await asyncio.gather(first, second, return_exceptions=True)
        await asyncio.wait_for(loan.result(), 10)

    async with sessions() as session:
        story = [line.action for line in await tickets.timeline(session, wish.ticket_id)]
        ticket = await tickets.get(session, wish.ticket_id)
    assert story == ["request", "expire"]
    assert ticket.status is TicketStatus.CANCELLED
    assert all(isinstance(outcome, WorkflowUpdateFailedError) for outcome in outcomes)


async def has_fired(loan: WorkflowHandle[TicketLoan, str]) -> bool:
    fired = EventType.EVENT_TYPE_TIMER_FIRED
    return any(event.event_type == fired for event in (await loan.fetch_history()).events)
