"""The fast path and the operable path: whatever fails where, the step happens, and once."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest
from temporalio import activity
from temporalio.api.enums.v1 import EventType
from temporalio.client import Client, WorkflowHandle
from temporalio.worker import Worker

from activities.contracts.tickets import MovedTicket, MoveTicket
from activities.tickets import PostgresTicketSteps
from domain import ids
from domain.deadlines import Windows
from domain.ledger import AccountKind
from domain.ticket import Action, TicketStatus
from models.database import Sessions
from models.queries import ledger, tickets
from tests import given
from workflows import policies
from workflows.messages import TicketCommand
from workflows.ticket import TicketLoan

FAST_TRIES = policies.FAST_RETRIES.maximum_attempts


@dataclass
class Trouble:
    """Makes the steps of the real implementation fail, before or after their commit."""

    steps: PostgresTicketSteps
    before: int = 0
    after: int = 0
    calls: list[Action] = field(default_factory=list)

    @activity.defn(name="move_ticket")
    async def move_ticket(self, command: MoveTicket) -> MovedTicket:
        self.calls.append(command.action)
        if self.before:
            self.before -= 1
            raise ConnectionError("the database is away")
        moved = await self.steps.move_ticket(command)
        if self.after:
            self.after -= 1
            raise ConnectionError("the line broke after COMMIT")
        return moved


@asynccontextmanager
async def worker(client: Client, queue: str, trouble: Trouble) -> AsyncIterator[None]:
    steps: list[Callable[..., Any]] = [trouble.steps.open_ticket, trouble.move_ticket]
    async with Worker(client, task_queue=queue, workflows=[TicketLoan], activities=steps):
        yield


async def pay_a_loan(
    client: Client, sessions: Sessions, queue: str, make: Callable[[Trouble], None]
) -> tuple[WorkflowHandle[TicketLoan, str], Trouble]:
    """Accept a loan in peace, then pay it in trouble."""
    asset = await given.a_stored_asset(sessions)
    borrower = await given.a_user(sessions)
    await given.money_in_wallet(sessions, borrower, Decimal(1_000_000))
    at = datetime.now(UTC)
    wish = given.a_wish(asset, borrower, starts_at=at, ends_at=at + 3 * given.DAY, at=at)
    trouble = Trouble(PostgresTicketSteps(sessions, Windows(), 500))
    async with worker(client, queue, trouble):
        handle = await client.start_workflow(
            TicketLoan.run, wish, id=ids.ticket_workflow(wish.ticket_id), task_queue=queue
        )
        await handle.execute_update("accept", TicketCommand(asset.owner_id))
        trouble.calls.clear()
        make(trouble)
        await handle.execute_update("pay", TicketCommand(borrower))
    async with sessions() as session:
        ticket = await tickets.get(session, wish.ticket_id)
        wallet = await ledger.balance(session, AccountKind.USER_WALLET, borrower)
        story = [line.action for line in await tickets.timeline(session, wish.ticket_id)]
    assert ticket.status is TicketStatus.ACTIVE
    assert wallet == Decimal(200_000)
    assert story == ["request", "accept", "pay", "handover"]
    return handle, trouble


async def activities_in(handle: WorkflowHandle[TicketLoan, str]) -> int:
    history = await handle.fetch_history()
    scheduled = EventType.EVENT_TYPE_ACTIVITY_TASK_SCHEDULED
    return sum(event.event_type == scheduled for event in history.events)


async def test_in_peace_a_step_is_taken_once_and_leaves_no_activity(
    client: Client, sessions: Sessions
) -> None:
    handle, trouble = await pay_a_loan(client, sessions, "peace", lambda _: None)

    assert len(trouble.calls) == 1
    assert await activities_in(handle) == 0


async def test_a_short_trouble_stays_on_the_fast_path(client: Client, sessions: Sessions) -> None:
    def short(trouble: Trouble) -> None:
        trouble.before = 2

    handle, trouble = await pay_a_loan(client, sessions, "short", short)

    assert len(trouble.calls) == 3
    assert await activities_in(handle) == 0


async def test_a_long_trouble_takes_the_path_that_operators_see(
    client: Client, sessions: Sessions
) -> None:
    def long(trouble: Trouble) -> None:
        trouble.before = FAST_TRIES + 1

    handle, trouble = await pay_a_loan(client, sessions, "long", long)

    assert len(trouble.calls) == FAST_TRIES + 2
    assert await activities_in(handle) == 1


@pytest.mark.parametrize("losses", [1, FAST_TRIES])
async def test_an_answer_lost_after_the_commit_moves_no_money_twice(
    client: Client, sessions: Sessions, losses: int
) -> None:
    def lossy(trouble: Trouble) -> None:
        trouble.after = losses

    _, trouble = await pay_a_loan(client, sessions, f"lossy-{losses}", lossy)

    assert len(trouble.calls) == losses + 1
