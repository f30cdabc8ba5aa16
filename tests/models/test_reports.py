"""Counters equal a recount whatever writes and however many do, and days are what happened."""

import asyncio
from collections.abc import AsyncIterator, Callable
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID, uuid4

import psycopg
import pytest
from sqlalchemy import event, func, select, text, update
from sqlalchemy.exc import ProgrammingError
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession

from activities.contracts.tickets import MoveTicket
from activities.reports import PostgresReportSteps
from activities.tickets import PostgresTicketSteps
from domain.asset import Asset
from domain.deadlines import Windows
from domain.finding import FindingKind
from domain.messages.notice import Channel, MessageStatus, Notice, NoticeKind
from domain.payment import PaymentStatus
from domain.reports import Day
from domain.ticket import Action, TicketStatus
from models.database import Sessions, create_engine, sessions_of
from models.finding import FindingRow
from models.message import MessageRow
from models.payment import PaymentRow
from models.queries import daily_reports, messages, reports
from models.report import DailyReport, ReportCount
from models.user import User
from tests import given
from tests.conftest import as_application

ZONE = "Asia/Tehran"
FEE, DEPOSIT = Decimal(300_000), Decimal(500_000)
WRITERS = 16


@pytest.fixture
def sessions(own_sessions: Sessions) -> Sessions:
    """A database of its own: a count is of everything in it."""
    return own_sessions


@pytest.fixture
def nightly(sessions: Sessions) -> PostgresReportSteps:
    return PostgresReportSteps(sessions, ZONE)


async def differences(sessions: Sessions) -> list[reports.Difference]:
    async with sessions() as session:
        return await reports.differences(session)


async def counts(sessions: Sessions) -> Any:
    async with sessions() as session:
        return await reports.counts(session)


async def own(sessions: Sessions, user_id: UUID) -> Any:
    async with sessions() as session:
        return await reports.own(session, user_id)


class Lending:
    """Loans by the steps that do them for real."""

    def __init__(self, sessions: Sessions) -> None:
        self.sessions = sessions
        self.steps = PostgresTicketSteps(sessions, Windows(), 500)

    async def loan(self, *actions: Action, at: datetime = given.NOW) -> tuple[Asset, UUID]:
        asset = await given.a_stored_asset(self.sessions)
        borrower = await given.a_user(self.sessions)
        await given.money_in_wallet(self.sessions, borrower, Decimal(10_000_000))
        wish = given.a_wish(
            asset, borrower, starts_at=at + given.DAY, ends_at=at + 4 * given.DAY, at=at
        )
        await self.steps.open_ticket(wish)
        for number, action in enumerate(actions, start=1):
            by = borrower if action in {Action.PAY, Action.CANCEL} else asset.owner_id
            when = at + number * timedelta(seconds=1)
            command = MoveTicket(wish.ticket_id, action, by, str(uuid4()), when)
            await self.steps.move_ticket(command)
        return asset, borrower


@pytest.fixture
def lending(sessions: Sessions) -> Lending:
    return Lending(sessions)


WHOLE = (Action.ACCEPT, Action.PAY, Action.COMPLETE)


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


def noon(day: date) -> datetime:
    return datetime(day.year, day.month, day.day, 8, 30, tzinfo=UTC)  # of Tehran


async def day_of(sessions: Sessions, day: date) -> Day:
    async with sessions() as session:
        [found] = await daily_reports.closed(session, day, day)
    return found


def today() -> date:
    return (datetime.now(UTC) + timedelta(hours=3, minutes=30)).date()


async def test_a_day_is_closed_with_all_that_happened_on_it(
    own_database: str, sessions: Sessions, lending: Lending, nightly: PostgresReportSteps
) -> None:
    day = today() - timedelta(days=1)
    await lending.loan(*WHOLE, at=noon(day))
    await lending.loan(Action.CANCEL, at=noon(day))
    await given.a_payment(sessions, created_at=noon(day))
    await given.a_payment(sessions, created_at=noon(day), status=PaymentStatus.FAILED)
    await all_of_the_ledger_on(own_database, noon(day))

    await nightly.report_day(day)
    first = await day_of(sessions, day)
    await nightly.report_day(day)

    assert await day_of(sessions, day) == first
    assert (first.requests, first.started, first.completed, first.cancelled) == (2, 1, 1, 1)
    shares = (Decimal(285_000), Decimal(15_000))
    assert (first.volume, first.lender_income, first.commission) == (FEE, *shares)
    assert (first.top_ups, first.top_up_amount) == (3, Decimal(20_250_000))
    assert first.payments == dict.fromkeys(PaymentStatus, 0) | {
        PaymentStatus.PAID: 1,
        PaymentStatus.FAILED: 1,
    }


async def all_of_the_ledger_on(owner_url: str, at: datetime) -> None:
    """Its times are the database's own; only the owner of the tables can put the clock back."""
    async with await psycopg.AsyncConnection.connect(owner_url) as owner:
        await owner.execute("SET session_replication_role = 'replica'")
        await owner.execute("ALTER TABLE ledger_transactions DISABLE TRIGGER ALL")
        await owner.execute("UPDATE ledger_transactions SET created_at = %s", (at,))
        await owner.execute("UPDATE users SET created_at = %s", (at,))


@pytest.mark.parametrize(
    ("utc", "lands_on"),
    [
        (datetime(2026, 11, 20, 20, 29, 59, tzinfo=UTC), date(2026, 11, 20)),
        (datetime(2026, 11, 20, 20, 30, tzinfo=UTC), date(2026, 11, 21)),
    ],
)
async def test_a_day_ends_at_midnight_of_its_zone(
    sessions: Sessions, nightly: PostgresReportSteps, utc: datetime, lands_on: date
) -> None:
    await given.a_user(sessions, created_at=utc)

    for day in (date(2026, 11, 20), date(2026, 11, 21)):
        await nightly.report_day(day)

    for day in (date(2026, 11, 20), date(2026, 11, 21)):
        assert (await day_of(sessions, day)).new_users == (day == lands_on)


async def test_all_days_since_the_first_user_are_due_and_the_last_two_once_more(
    sessions: Sessions, nightly: PostgresReportSteps
) -> None:
    begun = today() - timedelta(days=5)
    await given.a_user(sessions, created_at=noon(begun))
    days = [today() - timedelta(days=number) for number in range(1, 6)]

    assert await nightly.find_days_to_report(100) == tuple(days)
    assert await nightly.find_days_to_report(2) == tuple(days[:2])
    for day in days:
        await nightly.report_day(day)

    # Yesterday and the day before may still grow: a payment that was begun late is paid later.
    assert await nightly.find_days_to_report(100) == tuple(days[:2])
    # By another calendar they are other days.
    anew = await PostgresReportSteps(sessions, "UTC").find_days_to_report(100)
    assert set(days[2:]) <= set(anew)


async def test_the_figures_have_closed_days_as_they_were_kept_and_count_the_others(
    own_database: str, sessions: Sessions, nightly: PostgresReportSteps
) -> None:
    two_days_ago, yesterday = (today() - timedelta(days=number) for number in (2, 1))
    for day in (two_days_ago, yesterday, today()):
        await given.a_user(sessions, created_at=noon(day))
    await nightly.report_day(two_days_ago)
    async with sessions.begin() as session:
        await session.execute(update(DailyReport).values(new_users=42))

    async with sessions() as session:
        found = await daily_reports.figures(session, datetime.now(UTC), ZONE)

    assert [day.day for day in found.days] == [
        today() - timedelta(days=number) for number in range(29, -1, -1)
    ]
    last = {day.day: (day.new_users, day.is_closed) for day in found.days[-3:]}
    assert last == {two_days_ago: (42, True), yesterday: (1, False), today(): (1, False)}
    assert sum(day.new_users for day in found.days[:-3]) == 0
    assert found.counts.users == 3


async def test_own_figures_are_told_apart_by_the_side_of_the_loan(
    sessions: Sessions, lending: Lending
) -> None:
    asset, borrower = await lending.loan(*WHOLE)
    _, with_escrow = await lending.loan(Action.ACCEPT, Action.PAY)

    spent, earned, waiting, nobody = [
        await own(sessions, user_id) for user_id in (borrower, asset.owner_id, with_escrow, uuid4())
    ]

    assert (spent.borrowing.amount, spent.lending.amount, spent.held) == (FEE, 0, 0)
    assert spent.borrowing.loans[TicketStatus.COMPLETED] == 1
    assert spent.balance == 10_000_000 - FEE
    assert (earned.borrowing.amount, earned.lending.amount) == (0, Decimal(285_000))
    assert earned.lending.loans[TicketStatus.COMPLETED] == 1
    assert (waiting.borrowing.amount, waiting.held) == (0, FEE + DEPOSIT)
    assert (nobody.borrowing.amount, nobody.balance, nobody.held) == (0, 0, 0)
    assert set(nobody.borrowing.loans.values()) == {0}


@pytest.fixture
async def engine(own_database: str) -> AsyncIterator[AsyncEngine]:
    engine = create_engine(as_application(own_database), pool_size=1)
    yield engine
    await engine.dispose()


async def plans_of(engine: AsyncEngine, read: Callable[[Any], Any]) -> list[str]:
    """Return how the database answers each statement of a read, if its tables are large."""
    sent: list[tuple[str, Any]] = []

    def note(_c: Any, _cursor: Any, statement: str, values: Any, *_: Any) -> None:
        sent.append((statement, values))

    event.listen(engine.sync_engine, "before_cursor_execute", note)
    async with sessions_of(engine)() as session:
        await read(session)
    event.remove(engine.sync_engine, "before_cursor_execute", note)
    plans = []
    async with sessions_of(engine).begin() as session:
        for setting in ("seqscan", "hashjoin", "mergejoin"):
            await session.execute(text(f"SET LOCAL enable_{setting} = off"))
        connection = await session.connection()
        for statement, values in sent:
            lines = await connection.exec_driver_sql(f"EXPLAIN {statement}", values)
            plans.append("\n".join(line for (line,) in lines))
    return plans


async def test_figures_are_read_from_indexes_and_counters_alone(engine: AsyncEngine) -> None:
    plans = await plans_of(
        engine, lambda session: daily_reports.figures(session, datetime.now(UTC), ZONE)
    )

    counted, window, live = plans
    tables = ("users", "ticket_transitions", "ledger_transactions", "payments", "messages")
    assert not [table for table in tables if f" on {table}" in counted + window]
    for table in tables:
        assert f"Bitmap Index Scan on {table}_" in live, live
    assert "Seq Scan" not in window + live


async def test_own_figures_are_read_from_indexes_alone(engine: AsyncEngine) -> None:
    [plan] = await plans_of(engine, lambda session: reports.own(session, uuid4()))

    assert "Seq Scan" not in plan, plan
