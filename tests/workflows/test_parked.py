"""A workflow that is parked waits for a decision, which is logged before it acts."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass

import httpx
import pytest
from temporalio.client import (
    Client,
    WorkflowUpdateFailedError,
)
from temporalio.exceptions import ApplicationError
from temporalio.testing import WorkflowEnvironment

from domain.attention import Outcome, Trouble
from domain.audit import AuditAction
from domain.payment import Payment, PaymentStatus
from models.database import Sessions
from tests import given
from tests.workflows.needs import Handle, details, is_listed, is_unmarked, lines, rows
from tests.workflows.topups import AMOUNT, Gateway, Payments
from workflows.messages import Decision, Reported, Verb


def refusal_of(failure: WorkflowUpdateFailedError) -> str | None:
    assert isinstance(failure.cause, ApplicationError)
    return failure.cause.type


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
