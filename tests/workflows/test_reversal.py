"""A wish to reverse, from its request to a second operator's word or to its deadline."""

import asyncio
from collections.abc import Awaitable, Callable
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

from activities.reversals import PostgresReversalSteps
from domain import ids, ledger
from domain.ledger import AccountKind
from domain.reversal import NewReversal, Reversal, ReversalDecision, ReversalStatus
from models.base import new_id
from models.database import Sessions
from models.queries import ledger as ledger_queries
from models.queries import reversals
from tests import given
from tests.workflows.conftest import QUEUE
from workflows import policies
from workflows.messages import DecideReversal, Ending
from workflows.reversal import LedgerReversal

AMOUNT = Decimal(400_000)
WEEK = timedelta(days=7)
PATIENCE = timedelta(seconds=20)


@dataclass(frozen=True)
class Wish:
    """One wish under test, and what operators can do about it."""

    handle: WorkflowHandle[Any, Ending]
    sessions: Sessions
    reversal: Reversal
    receiver: UUID
    other: UUID

    async def decide(
        self, *, approved: bool, by: UUID | None = None, key: str | None = None
    ) -> Reversal:
        after: Reversal = await self.handle.execute_update(
            "decide",
            DecideReversal(by or self.other, approved, "seen"),
            id=key or str(uuid4()),
            result_type=Reversal,
            rpc_timeout=PATIENCE,
        )
        return after

    async def stored(self) -> Reversal:
        async with self.sessions() as session:
            return await reversals.get(session, self.reversal.id)

    async def wallet(self) -> Decimal:
        """What the receiver of the transfer still has."""
        async with self.sessions() as session:
            return await ledger_queries.balance(session, AccountKind.USER_WALLET, self.receiver)

    async def needs_attention(self) -> bool:
        attributes = (await self.handle.describe()).typed_search_attributes
        return any(pair.key.name == "NeedsAttention" and pair.value for pair in attributes)


Ask = Callable[..., Awaitable[Wish]]


@pytest.fixture
def ask(client: Client, sessions: Sessions, seen: list[WorkflowHandle[Any, Any]]) -> Ask:
    async def ask_it(queue: str = QUEUE, transaction_id: UUID | None = None) -> Wish:
        people = [await given.a_user(sessions) for _ in range(4)]
        sender, receiver, operator, other = people
        if transaction_id is None:
            await given.money_in_wallet(sessions, sender, AMOUNT)
            posting = ledger.transfer(uuid4(), sender, receiver, AMOUNT, "lunch")
            transaction_id = await given.a_posting(sessions, posting)
        new = NewReversal(new_id(), transaction_id, "Sent twice", operator, datetime.now(UTC))
        name = ids.reversal_workflow(new.reversal_id)
        start = WithStartWorkflowOperation(
            LedgerReversal.run,
            new,
            id=name,
            task_queue=queue,
            task_timeout=policies.TASK_TIMEOUT,
            id_conflict_policy=WorkflowIDConflictPolicy.USE_EXISTING,
        )
        handle = client.get_workflow_handle(name, result_type=Ending)
        seen.append(handle)
        wish = await client.execute_update_with_start_workflow(
            "requested", start_workflow_operation=start, id="open", result_type=Reversal
        )
        return Wish(handle, sessions, wish, receiver, other)

    return ask_it


def refusal(failure: BaseException) -> str | None:
    assert isinstance(failure, WorkflowUpdateFailedError), failure
    assert isinstance(failure.cause, ApplicationError)
    return failure.cause.type


async def test_a_wish_waits_for_another_operator_and_says_so(ask: Ask) -> None:
    wish = await ask()

    details = str(await wish.handle.query("__temporal_workflow_metadata"))

    await given.eventually(wish.needs_attention)
    for words in ("400,000", "Sent twice", "approve or reject", str(wish.reversal.requested_by)):
        assert words in details
    assert wish.reversal.status is ReversalStatus.REQUESTED
    assert await wish.wallet() == AMOUNT
    await wish.decide(approved=False)
    assert await wish.handle.result() == Ending("rejected")


async def test_an_approved_reversal_moves_the_money_back(ask: Ask) -> None:
    wish = await ask()

    granted = await wish.decide(approved=True)

    assert granted == await wish.stored()
    assert (granted.status, granted.decided_by) == (ReversalStatus.POSTED, wish.other)
    assert await wish.wallet() == 0
    assert await wish.handle.result() == Ending("posted")
    assert not await wish.needs_attention()


async def test_a_wish_lapses_after_its_week_and_not_before(
    ask: Ask, time: WorkflowEnvironment
) -> None:
    wish = await ask()

    await time.fast_forward(wish.handle, WEEK - timedelta(minutes=1))
    assert (await wish.stored()).status is ReversalStatus.REQUESTED
    await time.fast_forward(wish.handle, timedelta(minutes=2))

    assert await wish.handle.result() == Ending("expired")
    stored = await wish.stored()
    assert (stored.status, stored.decided_by) == (ReversalStatus.EXPIRED, None)
    assert await wish.wallet() == AMOUNT


async def test_nobody_approves_their_own_wish(ask: Ask) -> None:
    wish = await ask()
    asker = wish.reversal.requested_by

    with pytest.raises(WorkflowUpdateFailedError) as refused:
        await wish.decide(approved=True, by=asker)

    assert refusal(refused.value) == "forbidden"
    withdrawn = await wish.decide(approved=False, by=asker)
    assert (withdrawn.status, await wish.wallet()) == (ReversalStatus.REJECTED, AMOUNT)


@pytest.mark.unsteady
async def test_yes_and_no_at_the_same_time_have_one_outcome(ask: Ask) -> None:
    wish = await ask()

    outcomes = await asyncio.gather(
        *(wish.decide(approved=number % 2 == 0) for number in range(6)), return_exceptions=True
    )

    won = [outcome for outcome in outcomes if isinstance(outcome, Reversal)]
    stored = await wish.stored()
    assert won
    assert all(outcome == stored for outcome in won)
    assert await wish.wallet() == (0 if stored.status is ReversalStatus.POSTED else AMOUNT)


async def test_one_decision_repeated_has_one_answer(ask: Ask) -> None:
    wish = await ask()

    answers = await asyncio.gather(*(wish.decide(approved=True, key="click") for _ in range(4)))

    assert answers == [answers[0]] * 4
    assert await wish.wallet() == 0


async def test_without_the_money_the_wish_stands_until_it_is_there_again(
    ask: Ask, sessions: Sessions
) -> None:
    wish = await ask()
    spent = ledger.transfer(uuid4(), wish.receiver, uuid4(), Decimal(1), "spent")
    await given.a_posting(sessions, spent)

    with pytest.raises(WorkflowUpdateFailedError) as refused:
        await wish.decide(approved=True)

    assert refusal(refused.value) == "insufficient_funds"
    assert await wish.needs_attention()
    await given.money_in_wallet(sessions, wish.receiver, Decimal(1))
    assert (await wish.decide(approved=True)).status is ReversalStatus.POSTED


async def test_a_wish_that_is_refused_closes_and_says_why(
    ask: Ask, seen: list[WorkflowHandle[Any, Any]]
) -> None:
    with pytest.raises(WorkflowUpdateFailedError) as refused:
        await ask(transaction_id=uuid4())

    assert refusal(refused.value) == "not_found"
    ending = await seen[0].result()
    assert (ending.status, ending.refused.code) == ("refused", "not_found")


@dataclass
class Trouble:
    """Loses the answers of the real step after its commit."""

    steps: PostgresReversalSteps
    losses: int
    calls: list[ReversalDecision] = field(default_factory=list)

    @activity.defn(name="decide_reversal")
    async def decide_reversal(self, decision: ReversalDecision) -> Reversal:
        self.calls.append(decision)
        after = await self.steps.decide_reversal(decision)
        if len(self.calls) <= self.losses:
            raise ConnectionError("the line broke after COMMIT")
        return after


async def test_a_reversal_whose_answer_was_lost_after_the_commit_happens_once(
    client: Client, sessions: Sessions, ask: Ask
) -> None:
    trouble = Trouble(PostgresReversalSteps(sessions, WEEK), losses=5)
    async with Worker(
        client,
        task_queue="lossy-reversals",
        workflows=[LedgerReversal],
        activities=[trouble.steps.ask_reversal, trouble.decide_reversal],
    ):
        wish = await ask("lossy-reversals")
        await given.money_in_wallet(sessions, wish.receiver, AMOUNT)

        granted = await wish.decide(approved=True)

    assert granted.status is ReversalStatus.POSTED
    assert len(trouble.calls) == 6
    assert await wish.wallet() == AMOUNT
