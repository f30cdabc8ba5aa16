"""A payment goes back to its card, or its money back to the wallet, whatever the gateway does."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass
from decimal import Decimal
from typing import Any
from uuid import uuid4

import httpx
import pytest
from temporalio.client import (
    Client,
    WithStartWorkflowOperation,
    WorkflowHandle,
    WorkflowUpdateFailedError,
)
from temporalio.common import WorkflowIDConflictPolicy
from temporalio.exceptions import ApplicationError
from temporalio.testing import WorkflowEnvironment

from domain import ids
from domain.ledger import transfer
from domain.payment import CardReversal as Reversal
from domain.payment import Payment, PaymentStatus
from models.database import Sessions
from models.queries.ledger import post
from tests import given
from tests.workflows.conftest import QUEUE
from tests.workflows.test_payment import is_parked
from tests.workflows.topups import AMOUNT, Gateway, Payments
from workflows.card_reversal import CardReversal
from workflows.messages import Decision, Reported, ReverseToCard, Verb

REASON = "The payer paid twice"


@pytest.fixture
async def gateway(simulator: httpx.AsyncClient) -> AsyncIterator[Gateway]:
    yield Gateway(simulator)
    await simulator.delete("/control/")


@dataclass(frozen=True)
class Reversals:
    """Payments that are paid, and the operator who sends them back."""

    client: Client
    topups: Payments
    gateway: Gateway
    seen: list[WorkflowHandle[Any, Any]]

    async def paid(self) -> Payment:
        payment = await self.topups.open()
        await self.gateway.pay(payment)
        return await self.topups.come_back(payment, Reported.OK)

    async def reverse(self, payment: Payment) -> Payment:
        start = WithStartWorkflowOperation(
            CardReversal.run,
            ReverseToCard(payment.id, uuid4(), REASON),
            id=ids.card_reversal_workflow(payment.id),
            task_queue=QUEUE,
            id_conflict_policy=WorkflowIDConflictPolicy.USE_EXISTING,
        )
        if self.handle(payment).id not in {handle.id for handle in self.seen}:
            self.seen.append(self.handle(payment))
        answer: Payment = await self.client.execute_update_with_start_workflow(
            "outcome", start_workflow_operation=start, result_type=Payment
        )
        return answer

    def handle(self, payment: Payment) -> WorkflowHandle[CardReversal, str]:
        name = ids.card_reversal_workflow(payment.id)
        return self.client.get_workflow_handle_for(CardReversal.run, name)

    async def went_back(self, payment: Payment) -> None:
        """As the gateway does it when its answer gets lost."""
        body = {
            "merchant_id": "8d7c1f52-0000-4000-8000-000000000000",
            "authority": payment.authority,
        }
        answer = await self.gateway.http.post("/pg/v4/payment/reverse.json", json=body)
        assert answer.json()["data"]["code"] == 100

    async def decide(self, payment: Payment, verb: Verb) -> None:
        decision = Decision(verb, "olga", "looked into it")
        await self.handle(payment).execute_update("operator_decide", decision)


@pytest.fixture
def reversals(
    client: Client,
    time: WorkflowEnvironment,
    sessions: Sessions,
    gateway: Gateway,
    seen: list[WorkflowHandle[Any, Any]],
) -> Reversals:
    return Reversals(client, Payments(client, time, sessions, []), gateway, seen)


async def test_a_payment_goes_back_to_its_card(reversals: Reversals) -> None:
    payment = await reversals.paid()

    answer = await reversals.reverse(payment)

    assert (answer.status, answer.reversal) == (PaymentStatus.REVERSED, Reversal.DONE)
    assert answer.paid_at == payment.paid_at
    assert await reversals.topups.balance(payment) == 0
    assert await reversals.handle(payment).result() == "reversed"


@pytest.mark.parametrize("code", [-60, -61, -63])
async def test_what_the_gateway_cannot_send_back_returns_to_the_wallet(
    reversals: Reversals, code: int
) -> None:
    payment = await reversals.paid()
    await reversals.gateway.misbehave(operation="reverse", behaviour="code", code=code)

    answer = await reversals.reverse(payment)

    assert (answer.status, answer.reversal) == (PaymentStatus.PAID, Reversal.REFUSED)
    assert await reversals.topups.balance(payment) == AMOUNT
    assert await reversals.handle(payment).result() == "paid"


@pytest.mark.parametrize(
    "fault",
    [
        {"behaviour": "timeout_after", "seconds": 0},
        {"behaviour": "html"},
        {"behaviour": "outage"},
        {"behaviour": "code", "code": -12},
    ],
    ids=lambda fault: fault["behaviour"],
)
async def test_a_reversal_whose_answer_is_lost_is_asked_for_again(
    reversals: Reversals, fault: dict[str, Any]
) -> None:
    """The first two took effect: the second try hears -61, and the inquiry says why."""
    payment = await reversals.paid()
    await reversals.gateway.misbehave(operation="reverse", **fault)

    answer = await reversals.reverse(payment)

    assert answer.status is PaymentStatus.REVERSED
    assert await reversals.topups.balance(payment) == 0


async def test_what_went_back_before_is_booked_as_gone(reversals: Reversals) -> None:
    payment = await reversals.paid()
    await reversals.went_back(payment)

    answer = await reversals.reverse(payment)

    assert answer.status is PaymentStatus.REVERSED


async def parked(reversals: Reversals, payment: Payment) -> asyncio.Task[Payment]:
    """Reverse while this server's address is not registered for reversals."""
    await reversals.gateway.misbehave(operation="reverse", behaviour="code", code=-62)
    waiting = asyncio.create_task(reversals.reverse(payment))
    await given.eventually(lambda: is_there_and_parked(reversals, payment))
    return waiting


async def is_there_and_parked(reversals: Reversals, payment: Payment) -> bool:
    stored = await reversals.topups.stored(payment)
    return stored.reversal is Reversal.ASKED and await is_parked(reversals.handle(payment))  # type: ignore[arg-type]


async def test_a_gateway_that_is_set_up_wrong_waits_for_an_operator(reversals: Reversals) -> None:
    payment = await reversals.paid()
    waiting = await parked(reversals, payment)
    assert await reversals.topups.balance(payment) == 0

    await reversals.decide(payment, Verb.RETRY)

    assert (await waiting).status is PaymentStatus.REVERSED


async def test_an_operator_can_give_a_reversal_up(reversals: Reversals) -> None:
    payment = await reversals.paid()
    waiting = await parked(reversals, payment)

    await reversals.decide(payment, Verb.ABORT)

    answer = await waiting
    assert (answer.status, answer.reversal) == (PaymentStatus.PAID, Reversal.REFUSED)
    assert await reversals.topups.balance(payment) == AMOUNT


async def test_what_went_back_after_all_is_not_returned_to_the_wallet_too(
    reversals: Reversals,
) -> None:
    payment = await reversals.paid()
    waiting = await parked(reversals, payment)
    await reversals.went_back(payment)

    await reversals.decide(payment, Verb.ABORT)

    assert (await waiting).status is PaymentStatus.REVERSED
    assert await reversals.topups.balance(payment) == 0


async def test_money_that_was_spent_cannot_go_back(reversals: Reversals) -> None:
    payment = await reversals.paid()
    receiver = await given.a_user(reversals.topups.sessions)
    spent = transfer(uuid4(), payment.user_id, receiver, Decimal(1), "rent")
    async with reversals.topups.sessions.begin() as session:
        await post(session, spent)

    with pytest.raises(WorkflowUpdateFailedError) as failed:
        await reversals.reverse(payment)

    assert isinstance(failed.value.cause, ApplicationError)
    assert failed.value.cause.type == "insufficient_funds"
    assert await reversals.topups.stored(payment) == payment
    assert await reversals.handle(payment).result() == "refused"


async def test_eight_operators_at_once_and_one_later_send_it_back_once(
    reversals: Reversals,
) -> None:
    payment = await reversals.paid()
    await given.money_in_wallet(reversals.topups.sessions, payment.user_id, AMOUNT)

    answers = await asyncio.gather(*(reversals.reverse(payment) for _ in range(8)))
    await reversals.handle(payment).result()
    with pytest.raises(WorkflowUpdateFailedError) as failed:
        await reversals.reverse(payment)

    assert {answer.status for answer in answers} == {PaymentStatus.REVERSED}
    assert isinstance(failed.value.cause, ApplicationError)
    assert failed.value.cause.type == "illegal_transition"
    assert await reversals.topups.balance(payment) == AMOUNT


async def test_a_reversal_whose_workflow_was_ended_goes_on_when_it_is_asked_for_again(
    reversals: Reversals,
) -> None:
    payment = await reversals.paid()
    waiting = await parked(reversals, payment)
    await reversals.handle(payment).terminate("by mistake")
    with pytest.raises(WorkflowUpdateFailedError):
        await waiting

    answer = await reversals.reverse(payment)

    assert answer.status is PaymentStatus.REVERSED
    assert await reversals.topups.balance(payment) == 0
