"""Counters equal a recount whatever writes and however many do."""

import asyncio
from datetime import timedelta
from decimal import Decimal
from uuid import uuid4

import psycopg
import pytest
from sqlalchemy import func, select, text, update
from sqlalchemy.exc import ProgrammingError
from sqlalchemy.ext.asyncio import AsyncSession

from activities.contracts.tickets import MoveTicket
from activities.reports import PostgresReportSteps
from domain.finding import FindingKind
from domain.messages.notice import Channel, MessageStatus, Notice, NoticeKind
from domain.payment import PaymentStatus
from domain.ticket import Action, TicketStatus
from models.database import Sessions, create_engine, sessions_of
from models.finding import FindingRow
from models.message import MessageRow
from models.payment import PaymentRow
from models.queries import messages, reports
from models.report import ReportCount
from models.user import User
from tests import given
from tests.conftest import as_application
from tests.models.reporting import (
    FEE,
    WHOLE,
    WRITERS,
    ZONE,
    Lending,
    counts,
    differences,
)


@pytest.fixture
def sessions(own_sessions: Sessions) -> Sessions:
    """A database of its own: a count is of everything in it."""
    return own_sessions


@pytest.fixture
def nightly(sessions: Sessions) -> PostgresReportSteps:
    return PostgresReportSteps(sessions, ZONE)


@pytest.fixture
def lending(sessions: Sessions) -> Lending:
    return Lending(sessions)


async def test_each_step_of_a_loan_moves_the_counters(sessions: Sessions, lending: Lending) -> None:
    await lending.loan(*WHOLE)
    await lending.loan(Action.ACCEPT, Action.PAY)
    await lending.loan(Action.ACCEPT)
    await lending.loan(Action.CANCEL)

    found = await counts(sessions)

    assert found.users == 8
    assert found.active_loans == 1
    assert found.tickets == dict.fromkeys(TicketStatus, 0) | {
        TicketStatus.COMPLETED: 1,
        TicketStatus.ACTIVE: 1,
        TicketStatus.ACCEPTED: 1,
        TicketStatus.CANCELLED: 1,
    }
    assert found.volume == 2 * FEE
    assert await differences(sessions) == []


async def test_what_was_paid_stays_paid_when_it_is_refunded(
    sessions: Sessions, lending: Lending
) -> None:
    handed_by_hand = await given.a_stored_asset(sessions, handover="confirmed")
    borrower = await given.a_user(sessions)
    await given.money_in_wallet(sessions, borrower, Decimal(10_000_000))
    wish = given.a_wish(handed_by_hand, borrower)
    await lending.steps.open_ticket(wish)
    for number, action in enumerate((Action.ACCEPT, Action.PAY, Action.CANCEL), start=1):
        by = handed_by_hand.owner_id if action is Action.ACCEPT else borrower
        at = given.NOW + number * timedelta(seconds=1)
        await lending.steps.move_ticket(MoveTicket(wish.ticket_id, action, by, str(uuid4()), at))

    found = await counts(sessions)

    assert found.tickets[TicketStatus.CANCELLED] == 1
    assert found.volume == FEE
    assert await differences(sessions) == []


async def test_payments_and_messages_are_counted_by_what_became_of_them(
    sessions: Sessions,
) -> None:
    user_id = await given.a_user(sessions)
    await given.a_payment(sessions, user_id=user_id)
    waiting = await given.a_payment(sessions, user_id=user_id, status=PaymentStatus.PENDING)
    async with sessions.begin() as session:
        sent = await messages.queue(session, Notice(NoticeKind.PASSWORD_CHANGED, user_id))
        await messages.queue(session, Notice(NoticeKind.PHONE_CODE, user_id, Channel.SMS))
    async with sessions.begin() as session:
        for row, row_id, status in (
            (MessageRow, sent, MessageStatus.SENT),
            (PaymentRow, waiting.id, PaymentStatus.EXPIRED),
        ):
            await session.execute(update(row).where(row.id == row_id).values(status=status))

    found = await counts(sessions)

    assert found.payments == dict.fromkeys(PaymentStatus, 0) | {
        PaymentStatus.PAID: 1,
        PaymentStatus.EXPIRED: 1,
    }
    assert found.messages[Channel.EMAIL] == {"queued": 0, "sent": 1, "failed": 0}
    assert found.messages[Channel.SMS] == {"queued": 1, "sent": 0, "failed": 0}
    assert await differences(sessions) == []


async def test_what_is_rolled_back_was_never_counted(sessions: Sessions) -> None:
    await given.a_user(sessions)
    async with sessions() as session:
        session.add(User(email="nobody@example.com", full_name="Sara Ahmadi"))
        await session.flush()
        await session.rollback()

    assert (await counts(sessions)).users == 1
    assert await differences(sessions) == []


async def test_writers_side_by_side_and_a_fold_among_them_lose_nothing(
    own_database: str, lending: Lending
) -> None:
    engine = create_engine(as_application(own_database), pool_size=WRITERS)
    many = sessions_of(engine)

    async def fold() -> None:
        async with many.begin() as session:
            await reports.fold(session)

    async def write() -> None:
        await Lending(many).loan(*WHOLE)
        await fold()

    await asyncio.gather(*(write() for _ in range(WRITERS)))

    assert (await counts(many)).tickets[TicketStatus.COMPLETED] == WRITERS
    assert await differences(many) == []
    await fold()
    async with many() as session:
        backends = set(await session.scalars(select(ReportCount.backend)))
    assert backends == {0}
    assert (await counts(many)).volume == WRITERS * FEE
    await engine.dispose()


async def test_two_that_count_in_different_orders_do_not_wait_for_each_other(
    sessions: Sessions,
) -> None:
    """With a row that they share this would be a deadlock."""
    payer = await given.a_user(sessions)

    async def a_user(session: AsyncSession) -> None:
        session.add(User(email=f"{uuid4()}@example.com", full_name="Sara Ahmadi"))
        await session.flush()

    async def a_payment(session: AsyncSession) -> None:
        payment = PaymentRow(
            user_id=payer,
            amount=Decimal(10_000),
            currency="IRR",
            status=PaymentStatus.PENDING,
            created_at=given.NOW,
        )
        session.add(payment)
        await session.flush()

    orders = ((a_user, a_payment), (a_payment, a_user))
    async with sessions() as one, sessions() as other:
        for step in (0, 1):
            for session, order in zip((one, other), orders, strict=True):
                async with asyncio.timeout(5):
                    await order[step](session)
        await one.commit()
        await other.commit()

    assert (await counts(sessions)).payments[PaymentStatus.PENDING] == 2
    assert await differences(sessions) == []


async def test_the_application_cannot_invent_a_figure(sessions: Sessions) -> None:
    for statement in (
        "INSERT INTO report_counts VALUES ('users', 0, 1000000)",
        "UPDATE report_counts SET value = 0",
        "DELETE FROM report_counts",
    ):
        with pytest.raises(ProgrammingError, match="permission denied"):
            async with sessions.begin() as session:
                await session.execute(text(statement))


async def test_a_counter_that_differs_is_a_finding_until_it_is_corrected(
    own_database: str, sessions: Sessions, lending: Lending, nightly: PostgresReportSteps
) -> None:
    await lending.loan(*WHOLE)
    assert await nightly.check_counters() == 0
    with psycopg.connect(own_database, autocommit=True) as owner:
        owner.execute("UPDATE report_counts SET value = value + 7000 WHERE name = 'volume'")
        owner.execute("DELETE FROM report_counts WHERE name = 'users'")

    assert await nightly.check_counters() == 2

    async with sessions() as session:
        kept = list(await session.scalars(select(FindingRow).order_by(FindingRow.subject)))
    assert [(row.kind, row.subject, row.amount) for row in kept] == [
        (FindingKind.COUNTER_DIFFERS, "counter:users", Decimal(0)),
        (FindingKind.COUNTER_DIFFERS, "counter:volume", Decimal(7000)),
    ]
    assert "says 307,000.00, counting anew comes to 300,000.00" in kept[1].detail
    async with sessions.begin() as session:
        assert await reports.correct(session) == 2
        assert await reports.correct(session) == 0
    assert await nightly.check_counters() == 0
    async with sessions() as session:
        open_ones = select(func.count()).where(FindingRow.cleared_at.is_(None))
        assert await session.scalar(open_ones) == 0
