"""Each step twice is each step once; a refusal is typed and final; a cut line loses nothing."""

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from uuid import uuid4

import pytest
from temporalio.exceptions import ApplicationError
from temporalio.testing import ActivityEnvironment

from activities.contracts.payments import (
    AttachAuthority,
    MarkPayment,
    NewPayment,
    Opened,
    SettlePayment,
    Verified,
)
from activities.contracts.tickets import MoveTicket
from activities.payments import PostgresPaymentSteps
from activities.tickets import PostgresTicketSteps
from domain.deadlines import Windows
from domain.ledger import AccountKind
from domain.payment import PaymentStatus
from domain.plan import LoanRequest
from domain.ticket import Action, TicketStatus
from models.base import new_id
from models.database import Sessions
from models.queries import ledger, tickets
from tests import given
from tests.given import NOW

AMOUNT = Decimal(250_000)


@pytest.fixture
def loans(sessions: Sessions) -> PostgresTicketSteps:
    return PostgresTicketSteps(sessions, Windows(), commission_bps=500)


@pytest.fixture
def topups(sessions: Sessions) -> PostgresPaymentSteps:
    return PostgresPaymentSteps(sessions, timedelta(minutes=30), timedelta(minutes=2))


async def a_request(sessions: Sessions) -> LoanRequest:
    asset = await given.a_stored_asset(sessions)
    borrower = await given.a_user(sessions)
    await given.money_in_wallet(sessions, borrower, Decimal(1_000_000))
    return given.a_wish(asset, borrower)


async def test_every_step_of_a_loan_can_be_taken_twice(
    loans: PostgresTicketSteps, sessions: Sessions
) -> None:
    wish = await a_request(sessions)
    run = ActivityEnvironment().run
    opened = [(await run(loans.open_ticket, wish)).ticket for _ in range(2)]
    lender = opened[0].lender_id

    for action, by in (
        (Action.ACCEPT, lender),
        (Action.PAY, wish.borrower_id),
        (Action.REMIND, None),
        (Action.COMPLETE, lender),
    ):
        step = MoveTicket(wish.ticket_id, action, by, f"command-{action}", NOW)
        first, second = [await run(loans.move_ticket, step) for _ in range(2)]
        assert first == second

    async with sessions() as session:
        story = [line.action for line in await tickets.timeline(session, wish.ticket_id)]
        wallet = await ledger.balance(session, AccountKind.USER_WALLET, wish.borrower_id)
    assert opened[0] == opened[1]
    assert story == ["request", "accept", "pay", "handover", "remind", "complete"]
    assert wallet == Decimal(1_000_000) - 300_000


async def test_a_repeat_of_an_old_command_does_not_undo_a_newer_one(
    loans: PostgresTicketSteps, sessions: Sessions
) -> None:
    wish = await a_request(sessions)
    run = ActivityEnvironment().run
    lender = (await run(loans.open_ticket, wish)).ticket.lender_id
    accept = MoveTicket(wish.ticket_id, Action.ACCEPT, lender, "click", NOW)
    await run(loans.move_ticket, accept)
    await run(
        loans.move_ticket, MoveTicket(wish.ticket_id, Action.PAY, wish.borrower_id, "pay", NOW)
    )

    again = await run(loans.move_ticket, accept)

    assert again.ticket.status is TicketStatus.ACTIVE


async def test_a_refusal_is_typed_final_and_changes_nothing(
    loans: PostgresTicketSteps, sessions: Sessions
) -> None:
    wish = await a_request(sessions)
    run = ActivityEnvironment().run
    await run(loans.open_ticket, wish)

    with pytest.raises(ApplicationError) as refused:
        await run(
            loans.move_ticket, MoveTicket(wish.ticket_id, Action.PAY, wish.borrower_id, "p", NOW)
        )

    assert refused.value.type == "illegal_transition"
    assert refused.value.non_retryable
    async with sessions() as session:
        assert (await tickets.get(session, wish.ticket_id)).status is TicketStatus.PENDING


async def test_a_ticket_that_cannot_be_paid_stays_accepted(
    loans: PostgresTicketSteps, sessions: Sessions
) -> None:
    """The posting and the status are one transaction: neither happens without the other."""
    wish = replace(await a_request(sessions), borrower_id=await given.a_user(sessions))
    run = ActivityEnvironment().run
    lender = (await run(loans.open_ticket, wish)).ticket.lender_id
    await run(loans.move_ticket, MoveTicket(wish.ticket_id, Action.ACCEPT, lender, "a", NOW))

    with pytest.raises(ApplicationError) as refused:
        await run(
            loans.move_ticket, MoveTicket(wish.ticket_id, Action.PAY, wish.borrower_id, "p", NOW)
        )

    assert refused.value.type == "insufficient_funds"
    async with sessions() as session:
        assert (await tickets.get(session, wish.ticket_id)).status is TicketStatus.ACCEPTED
        assert not await tickets.was_done(session, wish.ticket_id, "p")


async def test_every_step_of_a_top_up_can_be_taken_twice(
    topups: PostgresPaymentSteps, sessions: Sessions
) -> None:
    new = NewPayment(new_id(), await given.a_user(sessions), AMOUNT, None, NOW)
    run = ActivityEnvironment().run
    opened = Opened(f"S{uuid4().hex}000", "http://gateway/pay")
    for _ in range(2):
        await run(topups.record_payment, new)
        await run(topups.attach_authority, AttachAuthority(new.payment_id, opened))
        await run(topups.mark_payment, MarkPayment(new.payment_id, PaymentStatus.EXPIRED))
        verified = Verified("123", "502229******5995", Decimal(1200))
        paid = await run(topups.settle_payment, SettlePayment(new.payment_id, verified, NOW))

    assert paid.status is PaymentStatus.PAID
    assert paid.authority == opened.authority
    async with sessions() as session:
        assert await ledger.balance(session, AccountKind.USER_WALLET, new.user_id) == AMOUNT


async def test_a_paid_payment_does_not_expire(
    topups: PostgresPaymentSteps, sessions: Sessions
) -> None:
    new = NewPayment(new_id(), await given.a_user(sessions), AMOUNT, None, NOW)
    run = ActivityEnvironment().run
    await run(topups.record_payment, new)
    verified = Verified(None, None, None)
    await run(topups.settle_payment, SettlePayment(new.payment_id, verified, NOW))

    after = await run(topups.mark_payment, MarkPayment(new.payment_id, PaymentStatus.EXPIRED))

    assert after.status is PaymentStatus.PAID
