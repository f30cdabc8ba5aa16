"""A step that keeps failing is shown until its cause is gone."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID, uuid4

import pytest
from temporalio import activity
from temporalio.client import (
    Client,
    WithStartWorkflowOperation,
    WorkflowHandle,
    WorkflowUpdateFailedError,
)
from temporalio.common import WorkflowIDConflictPolicy
from temporalio.exceptions import ApplicationError
from temporalio.testing import WorkflowEnvironment
from temporalio.worker import Worker

from activities.attention import PostgresAttentionSteps
from activities.contracts.refusal import refuse
from activities.contracts.tickets import MovedTicket, MoveTicket
from activities.tickets import PostgresTicketSteps
from domain import ids
from domain.attention import Need, Outcome, Trouble
from domain.deadlines import Windows
from domain.errors import Forbidden
from domain.ticket import Action, Ticket, TicketStatus
from models.database import Sessions
from models.queries import tickets
from tests import given
from tests.workflows.conftest import LENDERS
from tests.workflows.needs import Handle, details, is_listed, is_marked, is_unmarked, lines, rows
from workflows import policies
from workflows.messages import Decision, TicketCommand, Verb
from workflows.ticket import TicketLoan


@dataclass
class Steps:
    """Steps of a loan, which fail or are refused while that is wanted; and so does the list."""

    tickets: PostgresTicketSteps
    attention: PostgresAttentionSteps
    failing: set[Action] = field(default_factory=set)
    refused: set[Action] = field(default_factory=set)
    is_away: bool = False

    @activity.defn(name="move_ticket")
    async def move_ticket(self, command: MoveTicket) -> MovedTicket:
        if command.action in self.failing:
            raise ConnectionError("the database is away")
        if command.action in self.refused:
            raise refuse(Forbidden("The row is not what it was."))
        return await self.tickets.move_ticket(command)

    @activity.defn(name="list_need")
    async def list_need(self, need: Need) -> None:
        if self.is_away:
            raise ConnectionError("the database is away")
        await self.attention.list_need(need)


@dataclass(frozen=True)
class TroubledLoan:
    handle: WorkflowHandle[TicketLoan, str]
    time: WorkflowEnvironment
    trouble: Steps
    sessions: Sessions
    lender: UUID
    borrower: UUID

    async def skip(self, duration: timedelta) -> None:
        await self.time.fast_forward(self.handle, duration)

    async def act(self, action: Action) -> Any:
        by = self.lender if action in LENDERS else self.borrower
        return await self.handle.execute_update(action.value, TicketCommand(by), id=str(uuid4()))

    async def status(self) -> TicketStatus:
        async with self.sessions() as session:
            return (await tickets.get(session, ticket_of(self.handle.id))).status

    async def is_failing(self) -> bool:
        """Whether the step is on the path that operators see, and has failed there."""
        pending = (await self.handle.describe()).raw_description.pending_activities
        return any(step.attempt > 1 for step in pending)


def ticket_of(workflow_id: str) -> UUID:
    return UUID(workflow_id.removeprefix("ticket:"))


@asynccontextmanager
async def a_loan(
    client: Client, time: WorkflowEnvironment, sessions: Sessions
) -> AsyncIterator[TroubledLoan]:
    asset = await given.a_stored_asset(sessions)
    borrower = await given.a_user(sessions)
    await given.money_in_wallet(sessions, borrower, Decimal(1_000_000))
    at = datetime.now(UTC)
    wish = given.a_wish(asset, borrower, starts_at=at, ends_at=at + 3 * given.DAY, at=at)
    steps = PostgresAttentionSteps(sessions)
    trouble = Steps(PostgresTicketSteps(sessions, Windows(), 500), steps)
    queue = f"trouble-{uuid4()}"
    activities: list[Callable[..., Any]] = [
        trouble.tickets.open_ticket,
        trouble.move_ticket,
        trouble.list_need,
        steps.clear_need,
        steps.record_decision,
    ]
    async with Worker(client, task_queue=queue, workflows=[TicketLoan], activities=activities):
        start = WithStartWorkflowOperation(
            TicketLoan.run,
            wish,
            id=ids.ticket_workflow(wish.ticket_id),
            task_queue=queue,
            task_timeout=policies.TASK_TIMEOUT,
            id_conflict_policy=WorkflowIDConflictPolicy.USE_EXISTING,
        )
        await client.execute_update_with_start_workflow(
            "requested", start_workflow_operation=start, id="open"
        )
        handle = await start.workflow_handle()
        yield TroubledLoan(handle, time, trouble, sessions, asset.owner_id, borrower)


@pytest.fixture
async def loan(
    client: Client, time: WorkflowEnvironment, sessions: Sessions, seen: list[Handle]
) -> AsyncIterator[TroubledLoan]:
    async with a_loan(client, time, sessions) as loan:
        seen.append(loan.handle)
        yield loan


async def test_a_step_that_keeps_failing_is_shown_until_it_succeeds(
    loan: TroubledLoan, sessions: Sessions
) -> None:
    await loan.act(Action.ACCEPT)
    before = await details(loan.handle)
    loan.trouble.failing.add(Action.PAY)
    paying = asyncio.create_task(loan.act(Action.PAY))
    await given.eventually(loan.is_failing)
    assert await is_unmarked(loan.handle)  # an outage of seconds is nobody's business

    await loan.skip(policies.STUCK_AFTER)
    await given.eventually(lambda: is_listed(sessions, loan.handle))

    assert await is_marked(loan.handle)
    told = await details(loan.handle)
    assert "The step “Ticket: pay” has been failing since" in told
    assert "Pending Activities" in told
    assert told.endswith(before)
    [row] = await rows(sessions, loan.handle)
    assert (row.kind, row.amount) == (Trouble.STUCK, Decimal(800_000))

    loan.trouble.failing.clear()
    await loan.skip(timedelta(seconds=10))
    await paying

    await given.eventually(lambda: is_unmarked(loan.handle))
    assert "Needs attention" not in await details(loan.handle)
    await given.eventually(lambda: is_mended(sessions, loan.handle))
    assert await loan.status() is TicketStatus.ACTIVE


async def is_mended(sessions: Sessions, handle: Handle) -> bool:
    return [row.outcome for row in await rows(sessions, handle)] == [Outcome.MENDED]


async def test_without_the_database_a_stuck_step_is_shown_all_the_same(
    loan: TroubledLoan, sessions: Sessions
) -> None:
    await loan.act(Action.ACCEPT)
    loan.trouble.failing.add(Action.PAY)
    loan.trouble.is_away = True
    paying = asyncio.create_task(loan.act(Action.PAY))
    await given.eventually(loan.is_failing)

    await loan.skip(policies.STUCK_AFTER)
    await given.eventually(lambda: is_marked(loan.handle))

    assert "Ticket: pay" in await details(loan.handle)
    assert await rows(sessions, loan.handle) == []

    loan.trouble.failing.clear()  # the list stays away for longer than the step does
    await loan.skip(timedelta(seconds=10))
    await paying
    await given.eventually(lambda: is_unmarked(loan.handle))
    assert await rows(sessions, loan.handle) == []

    loan.trouble.is_away = False
    await loan.skip(timedelta(seconds=10))
    await given.eventually(lambda: is_mended(sessions, loan.handle))


async def test_a_workflow_does_not_end_before_it_is_off_the_list(
    loan: TroubledLoan, sessions: Sessions
) -> None:
    loan.trouble.failing.add(Action.DECLINE)
    declining = asyncio.create_task(loan.act(Action.DECLINE))
    await given.eventually(loan.is_failing)
    await loan.skip(policies.STUCK_AFTER)
    await given.eventually(lambda: is_listed(sessions, loan.handle))

    loan.trouble.failing.clear()
    await loan.skip(timedelta(seconds=10))
    await declining

    assert await loan.handle.result() == "cancelled"
    assert await is_mended(sessions, loan.handle)
    assert await is_unmarked(loan.handle)


async def test_a_step_that_fails_for_seconds_leaves_no_trace(
    loan: TroubledLoan, sessions: Sessions
) -> None:
    await loan.act(Action.ACCEPT)
    loan.trouble.failing.add(Action.PAY)
    paying = asyncio.create_task(loan.act(Action.PAY))
    await given.eventually(loan.is_failing)

    loan.trouble.failing.clear()
    await loan.skip(timedelta(seconds=10))
    await paying
    await loan.skip(2 * policies.STUCK_AFTER)

    assert await is_unmarked(loan.handle)
    assert await rows(sessions, loan.handle) == []


async def test_who_asks_while_a_step_is_tried_again_is_answered(loan: TroubledLoan) -> None:
    await loan.act(Action.ACCEPT)
    loan.trouble.failing.add(Action.PAY)
    paying = asyncio.create_task(loan.act(Action.PAY))
    await given.eventually(loan.is_failing)

    asked = await loan.handle.execute_update("requested", id="again", result_type=Ticket)

    assert asked.status is TicketStatus.ACCEPTED
    loan.trouble.failing.clear()
    await loan.skip(timedelta(seconds=10))
    await paying
    assert await loan.status() is TicketStatus.ACTIVE


async def test_a_loan_whose_row_is_not_what_it_believes_goes_on_when_told(
    loan: TroubledLoan, sessions: Sessions
) -> None:
    await loan.act(Action.ACCEPT)
    loan.trouble.refused.add(Action.EXPIRE)
    await loan.skip(timedelta(hours=24))
    await given.eventually(lambda: is_listed(sessions, loan.handle))

    with pytest.raises(WorkflowUpdateFailedError) as refused:
        await loan.handle.execute_update("operator_decide", Decision(Verb.ABORT, "olga", "away"))
    assert isinstance(refused.value.cause, ApplicationError)
    assert refused.value.cause.details == ({"pointer": "/action"},)

    loan.trouble.refused.clear()
    await loan.handle.execute_update("operator_decide", Decision(Verb.RETRY, "olga", "mended"))

    assert await loan.handle.result() == "cancelled"
    assert [line.action for line in await lines(sessions, loan.handle)] == ["workflow_retried"]
