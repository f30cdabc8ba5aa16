"""One open payment per ticket, and what its payer is told when the ticket does not take it."""

import asyncio
from datetime import timedelta
from decimal import Decimal
from uuid import UUID, uuid4

import pytest
from temporalio.exceptions import ApplicationError
from temporalio.testing import ActivityEnvironment

from activities.contracts.payments import (
    AttachAuthority,
    MarkPayment,
    NewPayment,
    Opened,
    RecordedPayment,
    SettlePayment,
    Verified,
)
from activities.contracts.tickets import MoveTicket
from activities.payments import PostgresPaymentSteps
from activities.tickets import PostgresTicketSteps
from domain import ids
from domain.deadlines import Windows
from domain.payment import Notice, PaymentStatus
from domain.plan import LoanRequest
from domain.ticket import Action
from models.base import new_id
from models.database import Sessions
from tests import given
from tests.given import NOW

AMOUNT = Decimal(900_000)
run = ActivityEnvironment().run


@pytest.fixture
def loans(sessions: Sessions) -> PostgresTicketSteps:
    return PostgresTicketSteps(sessions, Windows(), commission_bps=500)


@pytest.fixture
def topups(sessions: Sessions) -> PostgresPaymentSteps:
    return PostgresPaymentSteps(sessions, timedelta(minutes=30), timedelta(minutes=2))


@pytest.fixture
async def wish(sessions: Sessions, loans: PostgresTicketSteps) -> LoanRequest:
    """An accepted request."""
    asset = await given.a_stored_asset(sessions)
    wish = given.a_wish(asset, await given.a_user(sessions))
    await run(loans.open_ticket, wish)
    accept = MoveTicket(wish.ticket_id, Action.ACCEPT, asset.owner_id, "accept", NOW)
    await run(loans.move_ticket, accept)
    return wish


def a_payment(wish: LoanRequest) -> NewPayment:
    return NewPayment(new_id(), wish.borrower_id, AMOUNT, wish.ticket_id, NOW)


async def test_of_parallel_payments_for_one_ticket_one_is_stored(
    topups: PostgresPaymentSteps, wish: LoanRequest
) -> None:
    crowd = [a_payment(wish) for _ in range(8)]

    answers = await asyncio.gather(
        *(run(topups.record_payment, new) for new in crowd), return_exceptions=True
    )

    [stored] = [answer for answer in answers if isinstance(answer, RecordedPayment)]
    refusals = [answer for answer in answers if isinstance(answer, ApplicationError)]
    assert len(refusals) == 7
    for refusal in refusals:
        assert (refusal.type, refusal.non_retryable) == ("illegal_transition", True)
        assert refusal.details == ({"status": "pending", "payment_id": str(stored.payment.id)},)


async def test_a_refusal_names_the_page_of_the_open_payment_once_there_is_one(
    topups: PostgresPaymentSteps, wish: LoanRequest
) -> None:
    first = a_payment(wish)
    await run(topups.record_payment, first)
    opened = Opened(f"S{uuid4().hex}000", "http://gateway/pay")
    await run(topups.attach_authority, AttachAuthority(first.payment_id, opened))

    with pytest.raises(ApplicationError) as refused:
        await run(topups.record_payment, a_payment(wish))

    assert refused.value.details[0]["redirect_url"] == "http://gateway/pay"


@pytest.mark.parametrize(
    "status",
    [PaymentStatus.CANCELLED, PaymentStatus.EXPIRED, PaymentStatus.FAILED, PaymentStatus.PAID],
)
async def test_a_payment_that_is_over_makes_room_for_another(
    topups: PostgresPaymentSteps, wish: LoanRequest, status: PaymentStatus
) -> None:
    if status is PaymentStatus.PAID:
        await a_paid_one(topups, wish)
    else:
        first = a_payment(wish)
        await run(topups.record_payment, first)
        await run(topups.mark_payment, MarkPayment(first.payment_id, status))

    second = await run(topups.record_payment, a_payment(wish))

    assert second.payment.status is PaymentStatus.PENDING


async def test_payments_for_no_ticket_do_not_stand_in_each_others_way(
    topups: PostgresPaymentSteps, sessions: Sessions
) -> None:
    user = await given.a_user(sessions)

    for _ in range(2):
        new = NewPayment(new_id(), user, AMOUNT, None, NOW)
        assert (await run(topups.record_payment, new)).payment.id == new.payment_id


async def test_a_payer_is_told_that_money_stays_in_the_wallet(
    topups: PostgresPaymentSteps, wish: LoanRequest
) -> None:
    payment_id = await a_paid_one(topups, wish)

    first, second = [await run(topups.keep_in_wallet, payment_id) for _ in range(2)]

    assert first == second
    assert first.notice is Notice.KEPT_IN_WALLET


async def test_a_payer_whose_ticket_took_the_money_is_told_nothing(
    topups: PostgresPaymentSteps, loans: PostgresTicketSteps, wish: LoanRequest
) -> None:
    payment_id = await a_paid_one(topups, wish)
    name = ids.payment_workflow(payment_id)
    pay = MoveTicket(wish.ticket_id, Action.PAY, wish.borrower_id, name, NOW)
    await run(loans.move_ticket, pay)

    assert (await run(topups.keep_in_wallet, payment_id)).notice is None


async def test_nothing_is_said_of_money_that_has_not_come(
    topups: PostgresPaymentSteps, wish: LoanRequest
) -> None:
    new = a_payment(wish)
    await run(topups.record_payment, new)

    assert (await run(topups.keep_in_wallet, new.payment_id)).notice is None


async def a_paid_one(topups: PostgresPaymentSteps, wish: LoanRequest) -> UUID:
    new = a_payment(wish)
    await run(topups.record_payment, new)
    verified = Verified(uuid4().hex, "502229******5995", Decimal(1200))
    await run(topups.settle_payment, SettlePayment(new.payment_id, verified, NOW))
    return new.payment_id
