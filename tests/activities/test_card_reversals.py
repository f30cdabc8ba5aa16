"""A payment's way back to its card: each step twice is once, and the wallet gives first."""

import asyncio
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from temporalio.exceptions import ApplicationError
from temporalio.testing import ActivityEnvironment

from activities.card_reversals import PostgresCardReversalSteps
from activities.contracts.card_reversals import AskCardReversal, CloseCardReversal
from domain import ids, ledger
from domain.ledger import AccountKind
from domain.payment import CardReversal, Payment, PaymentStatus
from models.base import new_id
from models.database import Sessions
from models.queries import ledger as ledger_queries
from models.queries import payments
from tests import given


@pytest.fixture
def steps(sessions: Sessions) -> PostgresCardReversalSteps:
    return PostgresCardReversalSteps(sessions)


def asking(payment: Payment, after: timedelta = timedelta(0)) -> AskCardReversal:
    return AskCardReversal(payment.id, (payment.paid_at or payment.created_at) + after)


async def twice(step: Any, command: Any) -> Payment:
    first, second = [await ActivityEnvironment().run(step, command) for _ in range(2)]
    assert first == second
    assert isinstance(first, Payment)
    return first


async def wallet(sessions: Sessions, payment: Payment) -> Decimal:
    async with sessions() as session:
        return await ledger_queries.balance(session, AccountKind.USER_WALLET, payment.user_id)


async def stored(sessions: Sessions, payment: Payment) -> Payment | None:
    async with sessions() as session:
        return await payments.find(session, payment.id)


async def test_money_that_goes_back_leaves_the_wallet_once(
    steps: PostgresCardReversalSteps, sessions: Sessions
) -> None:
    payment = await given.a_payment(sessions)

    asked = await twice(steps.ask_card_reversal, asking(payment))
    assert (asked.status, asked.reversal) == (PaymentStatus.PAID, CardReversal.ASKED)
    assert await wallet(sessions, payment) == 0

    done = await twice(steps.close_card_reversal, CloseCardReversal(payment.id, done=True))
    assert (done.status, done.reversal) == (PaymentStatus.REVERSED, CardReversal.DONE)
    assert await wallet(sessions, payment) == 0


async def test_money_that_the_card_does_not_take_is_back_in_the_wallet_once(
    steps: PostgresCardReversalSteps, sessions: Sessions
) -> None:
    payment = await given.a_payment(sessions)
    await twice(steps.ask_card_reversal, asking(payment))

    left = await twice(steps.close_card_reversal, CloseCardReversal(payment.id, done=False))

    assert (left.status, left.reversal) == (PaymentStatus.PAID, CardReversal.REFUSED)
    assert await wallet(sessions, payment) == payment.amount


async def test_the_first_word_of_the_gateway_counts(
    steps: PostgresCardReversalSteps, sessions: Sessions
) -> None:
    payment = await given.a_payment(sessions)
    run = ActivityEnvironment().run
    await run(steps.ask_card_reversal, asking(payment))
    await run(steps.close_card_reversal, CloseCardReversal(payment.id, done=True))

    after = await run(steps.close_card_reversal, CloseCardReversal(payment.id, done=False))

    assert after.status is PaymentStatus.REVERSED
    assert await wallet(sessions, payment) == 0


async def test_a_wallet_that_is_short_refuses_and_nothing_changes(
    steps: PostgresCardReversalSteps, sessions: Sessions
) -> None:
    payment = await given.a_payment(sessions)
    async with sessions.begin() as session:
        spent = ledger.withdrawal(
            ids.withdrawal_workflow(new_id()), payment.user_id, Decimal(1), "Spent"
        )
        await ledger_queries.post(session, spent)

    with pytest.raises(ApplicationError) as refused:
        await ActivityEnvironment().run(steps.ask_card_reversal, asking(payment))

    assert refused.value.type == "insufficient_funds"
    assert await stored(sessions, payment) == payment
    assert await wallet(sessions, payment) == payment.amount - 1


@pytest.mark.parametrize(
    ("changes", "after"),
    [
        ({}, timedelta(minutes=30, seconds=1)),
        ({"status": PaymentStatus.PENDING}, timedelta(0)),
        ({"reversal": CardReversal.REFUSED}, timedelta(0)),
    ],
    ids=["too late", "not paid", "tried before"],
)
async def test_what_cannot_go_back_is_refused_for_good(
    steps: PostgresCardReversalSteps, sessions: Sessions, changes: Any, after: timedelta
) -> None:
    payment = await given.a_payment(sessions, **changes)

    with pytest.raises(ApplicationError) as refused:
        await ActivityEnvironment().run(steps.ask_card_reversal, asking(payment, after))

    assert refused.value.type == "illegal_transition"
    assert refused.value.non_retryable
    assert await stored(sessions, payment) == payment


async def test_nothing_is_closed_that_nobody_asked_for(
    steps: PostgresCardReversalSteps, sessions: Sessions
) -> None:
    payment = await given.a_payment(sessions)

    command = CloseCardReversal(payment.id, done=True)
    with pytest.raises(ApplicationError) as refused:
        await ActivityEnvironment().run(steps.close_card_reversal, command)

    assert refused.value.type == "illegal_transition"
    assert await wallet(sessions, payment) == payment.amount


async def test_eight_at_once_take_the_money_once(
    steps: PostgresCardReversalSteps, sessions: Sessions
) -> None:
    payment = await given.a_payment(sessions)
    await given.money_in_wallet(sessions, payment.user_id, payment.amount)

    asks = (ActivityEnvironment().run(steps.ask_card_reversal, asking(payment)) for _ in range(8))
    answers = await asyncio.gather(*asks)

    assert {answer.reversal for answer in answers} == {CardReversal.ASKED}
    assert await wallet(sessions, payment) == payment.amount


async def test_an_unknown_payment_is_not_found(steps: PostgresCardReversalSteps) -> None:
    command = AskCardReversal(new_id(), datetime.now(UTC))

    with pytest.raises(ApplicationError) as refused:
        await ActivityEnvironment().run(steps.ask_card_reversal, command)

    assert refused.value.type == "not_found"
