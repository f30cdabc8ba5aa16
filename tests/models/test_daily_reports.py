"""Days are what happened on them, and figures are read from indexes."""

from collections.abc import AsyncIterator, Callable
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import uuid4

import psycopg
import pytest
from sqlalchemy import event, text, update
from sqlalchemy.ext.asyncio import AsyncEngine

from activities.reports import PostgresReportSteps
from domain.payment import PaymentStatus
from domain.reports import Day
from domain.ticket import Action, TicketStatus
from models.database import Sessions, create_engine, sessions_of
from models.queries import daily_reports, reports
from models.report import DailyReport
from tests import given
from tests.conftest import as_application
from tests.models.reporting import DEPOSIT, FEE, WHOLE, ZONE, Lending, own


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
