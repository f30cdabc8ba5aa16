"""A top-up from opening to credit, over a gateway that misbehaves. Real steps, skipped time."""

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta
from decimal import Decimal
from typing import Any
from uuid import uuid4

import httpx
import pytest
from temporalio.client import (
    Client,
    WorkflowHandle,
    WorkflowUpdateFailedError,
)
from temporalio.exceptions import ApplicationError
from temporalio.testing import WorkflowEnvironment

from domain.payment import Notice, Payment, PaymentStatus
from domain.ticket import Action, TicketStatus
from models.database import Sessions
from models.queries import payments
from tests import given
from tests.workflows.conftest import MONEY, OpenLoan
from tests.workflows.topups import AMOUNT, Gateway, Payments
from workflows.messages import Decision, Reported, Verb
from workflows.payment import TopUp
from workflows.ticket import TicketLoan

MINUTE = timedelta(minutes=1)


@pytest.fixture
async def gateway(simulator: httpx.AsyncClient) -> AsyncIterator[Gateway]:
    yield Gateway(simulator)
    await simulator.delete("/control/")


@pytest.fixture
def topups(
    client: Client,
    time: WorkflowEnvironment,
    sessions: Sessions,
    seen: list[WorkflowHandle[Any, Any]],
) -> Payments:
    return Payments(client, time, sessions, seen)


async def test_a_paid_top_up_credits_the_wallet(topups: Payments, gateway: Gateway) -> None:
    payment = await topups.open()
    await gateway.pay(payment)

    paid = await topups.come_back(payment, Reported.OK)

    assert paid.status is PaymentStatus.PAID
    assert paid.ref_id
    assert paid.card_pan is not None
    assert "*" in paid.card_pan
    assert await topups.balance(payment) == AMOUNT
    assert await topups.handle(payment).result() == "paid"


async def test_a_forged_callback_moves_nothing(topups: Payments) -> None:
    payment = await topups.open()

    answer = await topups.come_back(payment, Reported.OK)

    assert answer.status is PaymentStatus.PENDING
    assert await topups.balance(payment) == 0


@pytest.mark.unsteady
async def test_repeated_and_parallel_callbacks_credit_once(
    topups: Payments, gateway: Gateway
) -> None:
    payment = await topups.open()
    await gateway.pay(payment)

    answers = await asyncio.gather(*(topups.come_back(payment, Reported.OK) for _ in range(8)))

    assert {answer.status for answer in answers} == {PaymentStatus.PAID}
    assert await topups.balance(payment) == AMOUNT


async def test_a_cancelled_payment_shows_as_cancelled_and_can_still_be_paid(
    topups: Payments, gateway: Gateway
) -> None:
    payment = await topups.open()

    answer = await topups.come_back(payment, Reported.NOT_OK)
    assert answer.status is PaymentStatus.CANCELLED

    await gateway.pay(payment)
    assert (await topups.come_back(payment, Reported.OK)).status is PaymentStatus.PAID


async def test_a_callback_that_says_cancelled_of_a_paid_payment_is_not_believed(
    topups: Payments, gateway: Gateway
) -> None:
    payment = await topups.open()
    await gateway.pay(payment)

    answer = await topups.come_back(payment, Reported.NOT_OK)

    assert answer.status is PaymentStatus.PAID


async def test_a_lost_callback_is_found_within_the_interval(
    topups: Payments, gateway: Gateway
) -> None:
    payment = await topups.open()
    await gateway.pay(payment)

    await topups.skip(payment, 2 * MINUTE)

    assert await topups.handle(payment).result() == "paid"
    assert await topups.balance(payment) == AMOUNT


async def test_an_unpaid_payment_expires_and_is_given_up_a_day_later(topups: Payments) -> None:
    payment = await topups.open()

    await topups.skip(payment, 31 * MINUTE)
    assert (await topups.stored(payment)).status is PaymentStatus.EXPIRED
    await topups.skip(payment, timedelta(hours=25))

    assert await topups.handle(payment).result() == "expired"


async def test_money_that_comes_after_the_workflow_closed_is_still_credited(
    topups: Payments, gateway: Gateway
) -> None:
    payment = await topups.open()
    await topups.skip(payment, timedelta(hours=26))
    await topups.handle(payment).result()
    await gateway.pay(payment)

    answer = await topups.come_back(payment, Reported.OK)

    assert answer.status is PaymentStatus.PAID
    assert await topups.balance(payment) == AMOUNT


@pytest.mark.parametrize(
    "fault",
    [
        {"behaviour": "html"},
        {"behaviour": "outage"},
        {"behaviour": "timeout_after", "seconds": 0},
        {"behaviour": "code", "code": -12},
    ],
    ids=lambda fault: fault["behaviour"],
)
async def test_an_answer_that_says_nothing_is_asked_again(
    topups: Payments, gateway: Gateway, fault: dict[str, Any]
) -> None:
    payment = await topups.open()
    await gateway.pay(payment)
    await gateway.misbehave(operation="verify", **fault)

    answer = await topups.come_back(payment, Reported.OK)

    assert answer.status is PaymentStatus.PAID
    assert await topups.balance(payment) == AMOUNT


async def test_a_payment_that_was_verified_before_is_paid(
    topups: Payments, gateway: Gateway
) -> None:
    payment = await topups.open()
    await gateway.pay(payment, auto_verified=True)

    assert (await topups.come_back(payment, Reported.OK)).status is PaymentStatus.PAID


@pytest.mark.parametrize(
    ("fault", "code"),
    [
        ({"behaviour": "outage", "times": 2}, "gateway_unavailable"),
        ({"behaviour": "code", "code": -11}, "gateway_refused"),
    ],
)
async def test_a_gateway_that_does_not_open_fails_the_payment(
    topups: Payments, gateway: Gateway, fault: dict[str, Any], code: str
) -> None:
    await gateway.misbehave(operation="request", **fault)

    with pytest.raises(WorkflowUpdateFailedError) as failed:
        await topups.open()

    assert isinstance(failed.value.cause, ApplicationError)
    assert failed.value.cause.type == code


async def test_a_payment_that_failed_to_open_stays_failed_when_it_is_asked_about(
    topups: Payments, gateway: Gateway
) -> None:
    """Its workflow has closed, so asking starts another one, which must not wait for a page."""
    await gateway.misbehave(operation="request", behaviour="code", code=-11)
    user = await given.a_user(topups.sessions)
    with pytest.raises(WorkflowUpdateFailedError):
        await topups.open(user)
    async with topups.sessions() as session:
        [failed] = await payments.page(session, user, limit=1)

    answer = await topups.come_back(failed, Reported.OK)

    assert answer.status is PaymentStatus.FAILED
    assert await topups.handle(failed).result() == "failed"


async def test_a_mismatch_waits_for_an_operator_and_goes_on_when_told(
    topups: Payments, gateway: Gateway
) -> None:
    payment = await topups.open()
    await gateway.pay(payment)
    await gateway.misbehave(operation="verify", behaviour="wrong_amount")
    handle = topups.handle(payment)
    waiting = asyncio.create_task(topups.come_back(payment, Reported.OK))
    await given.eventually(lambda: is_parked(handle))

    await handle.execute_update("operator_decide", Decision(Verb.RETRY, "olga", "checked"))

    assert (await waiting).status is PaymentStatus.PAID


async def test_an_operator_can_give_a_payment_up(topups: Payments, gateway: Gateway) -> None:
    payment = await topups.open()
    await gateway.misbehave(operation="verify", behaviour="wrong_amount")
    handle = topups.handle(payment)
    waiting = asyncio.create_task(topups.come_back(payment, Reported.OK))
    await given.eventually(lambda: is_parked(handle))

    await handle.execute_update("operator_decide", Decision(Verb.ABORT, "olga", "forged"))

    assert (await waiting).status is PaymentStatus.FAILED
    assert await topups.balance(payment) == 0


async def is_parked(handle: WorkflowHandle[TopUp, str]) -> bool:
    attributes = (await handle.describe()).typed_search_attributes
    return any(pair.key.name == "NeedsAttention" and pair.value for pair in attributes)


async def test_a_payment_for_a_ticket_goes_on_into_its_escrow(
    topups: Payments, gateway: Gateway, open_loan: OpenLoan
) -> None:
    loan = await open_loan(deposit=MONEY - Decimal(100_000))  # together 200 000 more than there is
    await loan.act(Action.ACCEPT)
    payment = await topups.open(loan.request.borrower_id, loan.request.ticket_id)
    await gateway.pay(payment)

    await topups.come_back(payment, Reported.OK)
    await topups.handle(payment).result()
    await given.eventually(lambda: is_active(loan.stored()))

    assert (await loan.wallets())["borrower"] == AMOUNT - Decimal(200_000)


async def is_active(ticket: Any) -> bool:
    return (await ticket).status is TicketStatus.ACTIVE


async def test_a_late_payment_for_a_dead_ticket_stays_in_the_wallet(
    topups: Payments, gateway: Gateway, open_loan: OpenLoan
) -> None:
    loan = await open_loan()
    await loan.act(Action.ACCEPT)
    payment = await topups.open(loan.request.borrower_id, loan.request.ticket_id)
    await loan.act(Action.CANCEL)
    await loan.handle.result()
    await gateway.pay(payment)

    await topups.come_back(payment, Reported.OK)

    assert await topups.handle(payment).result() == "paid"
    assert (await loan.wallets())["borrower"] == MONEY + AMOUNT
    assert (await topups.stored(payment)).notice is Notice.KEPT_IN_WALLET


@pytest.mark.parametrize("why", ["too little", "paid already", "closed"])
async def test_a_payment_that_its_ticket_cannot_take_stays_in_the_wallet_with_a_notice(
    topups: Payments, gateway: Gateway, open_loan: OpenLoan, why: str
) -> None:
    loan = await open_loan(deposit=2 * MONEY if why == "too little" else Decimal(1))
    await loan.act(Action.ACCEPT)
    payment = await topups.open(loan.request.borrower_id, loan.request.ticket_id)
    if why == "paid already":
        await loan.act(Action.PAY)
    if why == "closed":
        await loan.act(Action.CANCEL)
        await loan.handle.result()
        topups.seen.reverse()  # here it is the top-up that tells the payer
    before = (await loan.wallets())["borrower"]
    await gateway.pay(payment)

    await topups.come_back(payment, Reported.OK)
    await given.eventually(lambda: is_noticed(topups, payment))

    assert (await loan.wallets())["borrower"] == before + AMOUNT


async def is_noticed(topups: Payments, payment: Payment) -> bool:
    return (await topups.stored(payment)).notice is Notice.KEPT_IN_WALLET


async def test_a_signal_about_a_payment_that_does_not_exist_does_not_end_the_loan(
    open_loan: OpenLoan,
) -> None:
    loan = await open_loan(deposit=2 * MONEY)
    await loan.act(Action.ACCEPT)

    await loan.handle.signal(TicketLoan.payment_received, uuid4())

    assert (await loan.act(Action.CANCEL)).status is TicketStatus.CANCELLED
    assert await loan.handle.result() == "cancelled"


async def test_a_second_open_payment_for_a_ticket_is_refused_until_the_first_is_over(
    topups: Payments, open_loan: OpenLoan
) -> None:
    loan = await open_loan()
    await loan.act(Action.ACCEPT)
    borrower, ticket = loan.request.borrower_id, loan.request.ticket_id

    crowd = await asyncio.gather(
        *(topups.open(borrower, ticket) for _ in range(4)), return_exceptions=True
    )

    [first] = [one for one in crowd if isinstance(one, Payment)]
    for refused in crowd:
        if refused is not first:
            assert isinstance(refused, WorkflowUpdateFailedError)
            assert isinstance(refused.cause, ApplicationError)
            assert refused.cause.type == "illegal_transition"
            assert refused.cause.details[0]["payment_id"] == str(first.id)
    await topups.skip(first, 31 * MINUTE)
    await given.eventually(lambda: has_status(topups, first, PaymentStatus.EXPIRED))
    assert (await topups.open(borrower, ticket)).status is PaymentStatus.PENDING


async def has_status(topups: Payments, payment: Payment, status: PaymentStatus) -> bool:
    return (await topups.stored(payment)).status is status


async def test_an_hour_without_the_gateway_costs_the_payer_nothing_but_time(
    topups: Payments, gateway: Gateway
) -> None:
    payment = await topups.open()
    await gateway.pay(payment)
    await gateway.misbehave(operation="any", behaviour="outage", times=None)
    waiting = asyncio.create_task(topups.come_back(payment, Reported.OK))
    await given.eventually(lambda: gateway.was_asked(times=1))

    seen = []
    for _ in range(2):
        await topups.skip(payment, 30 * MINUTE)
        seen.append((await topups.stored(payment)).status)
    tries = await gateway.calls("verify")
    await gateway.behave()
    await topups.skip(payment, MINUTE)

    assert (await waiting).status is PaymentStatus.PAID
    assert set(seen) <= {PaymentStatus.PENDING, PaymentStatus.EXPIRED}
    assert tries >= 60
    assert await topups.balance(payment) == AMOUNT
    assert await topups.handle(payment).result() == "paid"
