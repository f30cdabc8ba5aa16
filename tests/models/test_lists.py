"""Lists, searches and calendars are read from their indexes, however much there is."""

from collections.abc import AsyncIterator
from typing import Any
from uuid import uuid4

import pytest
from sqlalchemy import event, text
from sqlalchemy.ext.asyncio import AsyncEngine

from domain.calendar import Period
from domain.dispute import DisputeStatus
from domain.ticket import TicketStatus
from models.database import Sessions, create_engine, sessions_of
from models.queries import calendar, catalogue, tickets
from sandbox.postgres import Postgres
from tests.conftest import a_database, as_application
from tests.given import DAY, NOW

ID = uuid4()
PERIOD = Period(NOW, NOW + DAY)
BOTH = ("tickets_borrower_id_id_idx", "tickets_lender_id_id_idx")
HELD = "tickets_held_idx"


@pytest.fixture(scope="module")
async def engine(postgres: Postgres, superuser_url: str) -> AsyncIterator[AsyncEngine]:
    """A database of its own: what others write would be counted in, and plans follow the counts."""
    with a_database(postgres, superuser_url) as url:
        engine = create_engine(as_application(url), pool_size=1)
        yield engine
        await engine.dispose()


@pytest.mark.parametrize(
    ("read", "arguments", "indexes"),
    [
        (tickets.page, {"user_id": ID}, BOTH),
        (tickets.page, {"user_id": ID, "before": ID}, BOTH),
        (tickets.page, {"user_id": ID, "status": TicketStatus.PENDING}, BOTH),
        (tickets.page, {"user_id": ID, "roles": ("lender",)}, BOTH[1:]),
        (tickets.page, {"status": TicketStatus.ACTIVE}, ("tickets_status_id_idx",)),
        (tickets.page, {"asset_id": ID}, ("tickets_asset_id_id_idx",)),
        (tickets.page, {"dispute": DisputeStatus.CONTESTED}, ("tickets_contested_idx",)),
        (catalogue.page, {}, ("assets_listed_idx",)),
        (catalogue.page, {"owner_id": ID}, ("assets_owner_id_id_idx",)),
        (catalogue.page, {"category": "tools"}, ("assets_category_id_idx",)),
        (catalogue.page, {"text": "tent"}, ("assets_listed_idx", "assets_words_idx")),
        (catalogue.page, {"free": PERIOD}, ("assets_listed_idx", HELD)),
    ],
)
async def test_a_list_is_read_in_the_order_of_its_index(
    engine: AsyncEngine, read: Any, arguments: dict[str, Any], indexes: tuple[str, ...]
) -> None:
    plan = await plan_of(engine, read, **arguments, limit=21)

    assert "Seq Scan" not in plan
    assert [name for name in indexes if name not in plan] == []
    assert ("Sort  (" in plan) == ("text" in arguments), plan


async def test_a_calendar_is_read_from_the_index_of_those_who_hold_something(
    engine: AsyncEngine,
) -> None:
    assert HELD in await plan_of(engine, calendar.busy, asset_id=ID, period=PERIOD)
    period = {"starts_at": PERIOD.starts_at, "ends_at": PERIOD.ends_at}
    assert HELD in await plan_of(engine, tickets.is_taken, asset_id=ID, **period)


async def plan_of(engine: AsyncEngine, read: Any, **arguments: Any) -> str:
    """Return how the database would answer if its tables were too large to be read whole.

    The plan is the one for any values, as that of a statement that is often repeated.
    """
    sessions: Sessions = sessions_of(engine)
    sent: list[tuple[str, dict[str, Any]]] = []

    def note(_c: Any, _cursor: Any, statement: str, values: Any, *_: Any) -> None:
        sent.append((statement, values))

    event.listen(engine.sync_engine, "before_cursor_execute", note)
    try:
        async with sessions() as session:
            await read(session, **arguments)
    finally:
        event.remove(engine.sync_engine, "before_cursor_execute", note)
    [(statement, values)] = sent
    async with sessions.begin() as session:
        # What it would do with a table of a few rows. Words have no other index to be found by.
        bitmaps = () if "text" in arguments else ("bitmapscan",)
        for setting in ("seqscan", "hashjoin", "mergejoin", *bitmaps):
            await session.execute(text(f"SET LOCAL enable_{setting} = off"))
        for name in values:
            statement = statement.replace(f"%({name})s", f"${list(values).index(name) + 1}")
        connection = await session.connection()
        lines = await connection.exec_driver_sql(f"EXPLAIN (GENERIC_PLAN) {statement}")
        return "\n".join(line for (line,) in lines)
