"""Workflows that need a person: parked until somebody decides, or stuck until the cause is gone."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID, uuid4

import httpx
import pytest
from sqlalchemy import select
from temporalio import activity
from temporalio.api.sdk.v1 import WorkflowMetadata
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
from domain.audit import AuditAction
from domain.deadlines import Windows
from domain.errors import Forbidden
from domain.payment import Payment, PaymentStatus
from domain.ticket import Action, TicketStatus
from models.attention import AttentionRow
from models.audit import AuditRow
from models.database import Sessions
from models.queries import audit, tickets
from models.queries.audit import AuditFilter
from tests import given
from tests.workflows.conftest import LENDERS
from tests.workflows.topups import AMOUNT, Gateway, Payments
from workflows import attributes, policies
from workflows.messages import Decision, Reported, TicketCommand, Verb
from workflows.ticket import TicketLoan

Handle = WorkflowHandle[Any, Any]


async def is_marked(handle: Handle) -> bool:
    described = await handle.describe()
    return described.typed_search_attributes.get(attributes.NEEDS_ATTENTION) is True


async def is_unmarked(handle: Handle) -> bool:
    return not await is_marked(handle)


async def details(handle: Handle) -> str:
    told = await handle.query("__temporal_workflow_metadata", result_type=WorkflowMetadata)
    return str(told.current_details)


async def rows(sessions: Sessions, handle: Handle) -> list[AttentionRow]:
    wanted = select(AttentionRow).where(AttentionRow.workflow_id == handle.id)
    async with sessions() as session:
        return list(await session.scalars(wanted.order_by(AttentionRow.seq)))


def refusal_of(failure: WorkflowUpdateFailedError) -> str | None:
    assert isinstance(failure.cause, ApplicationError)
    return failure.cause.type


async def is_listed(sessions: Sessions, handle: Handle) -> bool:
    return any(row.cleared_at is None for row in await rows(sessions, handle))


async def lines(sessions: Sessions, handle: Handle) -> list[AuditRow]:
    async with sessions() as session:
        return list(await audit.page(session, AuditFilter(subject=handle.id), limit=10))


@dataclass(frozen=True)
class Parked:
    """A payment of another amount than ours, which no retry can mend."""

    payment: Payment
    handle: Handle
    waiting: "asyncio.Task[Payment]"


@pytest.fixture
def topups(
    client: Client, time: WorkflowEnvironment, sessions: Sessions, seen: list[Handle]
) -> Payments:
    return Payments(client, time, sessions, seen)


@pytest.fixture
async def gateway(simulator: httpx.AsyncClient) -> AsyncIterator[Gateway]:
    yield Gateway(simulator)
    await simulator.delete("/control/")


@pytest.fixture
async def parked(topups: Payments, gateway: Gateway, sessions: Sessions) -> Parked:
    payment = await topups.open()
    await gateway.pay(payment)
    await gateway.misbehave(operation="verify", behaviour="wrong_amount")
    waiting = asyncio.create_task(topups.come_back(payment, Reported.OK))
    handle = topups.handle(payment)
    await given.eventually(lambda: is_listed(sessions, handle))
    return Parked(payment, handle, waiting)


async def test_a_parked_workflow_is_listed_until_a_decision_that_is_in_the_log(
    parked: Parked, sessions: Sessions
) -> None:
    [row] = await rows(sessions, parked.handle)
    told = await details(parked.handle)
    assert (row.kind, row.workflow_type, row.amount) == (Trouble.PARKED, "TopUp", AMOUNT)
    for words in ("### Needs attention", row.cause, row.todo, "### Top-up"):
        assert words in told
    assert "250,000 rials" in row.cause
    assert "`abort`" in row.todo

    # As the dialog of the Temporal UI sends it.
    typed = {"action": "retry", "actor": "olga", "note": "The bank agrees."}
    said = await parked.handle.execute_update("operator_decide", typed, result_type=str)

    assert said == "retry by olga: taken up"
    [line] = await lines(sessions, parked.handle)
    assert (line.action, line.details["actor"]) == (AuditAction.WORKFLOW_RETRIED, "olga")
    assert (line.details["note"], line.details["cause"]) == ("The bank agrees.", row.cause)
    [row] = await rows(sessions, parked.handle)
    assert (row.outcome, row.cleared_at is None) == (Outcome.RETRY, False)
    assert (await parked.waiting).status is PaymentStatus.PAID
    await given.eventually(lambda: is_unmarked(parked.handle))


async def test_a_payment_given_up_is_in_the_log_as_that(parked: Parked, sessions: Sessions) -> None:
    await parked.handle.execute_update("operator_decide", Decision(Verb.ABORT, "olga", "forged"))

    assert (await parked.waiting).status is PaymentStatus.FAILED
    [line] = await lines(sessions, parked.handle)
    assert line.action is AuditAction.WORKFLOW_ABORTED


async def test_of_many_decisions_one_is_taken_and_logged(
    parked: Parked, sessions: Sessions
) -> None:
    async def decide(number: int) -> str | None:
        decision = Decision(Verb.RETRY, f"operator {number}", "checked")
        try:
            await parked.handle.execute_update("operator_decide", decision, result_type=str)
        except WorkflowUpdateFailedError as failure:
            return refusal_of(failure)
        return None

    answers = await asyncio.gather(*map(decide, range(5)))

    assert sorted(answers, key=str) == [None, *4 * ["illegal_transition"]]
    assert len(await lines(sessions, parked.handle)) == 1
    assert (await parked.waiting).status is PaymentStatus.PAID


async def test_a_decision_that_came_twice_by_one_name_is_one(
    parked: Parked, sessions: Sessions
) -> None:
    decision = Decision(Verb.RETRY, "olga", "checked")

    answers = {
        await parked.handle.execute_update("operator_decide", decision, id="once", result_type=str)
        for _ in range(2)
    }

    assert len(answers) == 1
    assert len(await lines(sessions, parked.handle)) == 1
    await parked.waiting


@pytest.mark.parametrize(
    ("actor", "note"),
    [(" ", "checked"), ("olga", ""), ("olga", "nul \x00"), ("olga", 2001 * "x")],
    ids=["nobody", "no reason", "no text", "too long"],
)
async def test_a_decision_names_who_and_why(
    parked: Parked, sessions: Sessions, actor: str, note: str
) -> None:
    with pytest.raises(WorkflowUpdateFailedError) as refused:
        await parked.handle.execute_update("operator_decide", Decision(Verb.RETRY, actor, note))

    assert isinstance(refused.value.cause, ApplicationError)
    assert refused.value.cause.type == "validation_error"
    assert await is_listed(sessions, parked.handle)
    await parked.handle.execute_update("operator_decide", Decision(Verb.RETRY, "olga", "checked"))
    await parked.waiting


# Steps that keep failing.


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
