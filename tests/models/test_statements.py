"""What an owner reads is found by its index, however long the history is."""

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any
from uuid import uuid4

import pytest
from sqlalchemy import Select, text

from domain import ledger
from models.database import Sessions
from models.queries import ledger as ledger_queries
from models.queries import statements

NOW = datetime(2026, 11, 22, tzinfo=UTC)
INDEX = "ledger_entries_account_id_created_at_seq_idx"
VALUES = {
    "user_id": uuid4(),
    "at": NOW,
    "moment": NOW,
    "last_at": NOW,
    "last_seq": 9,
    "after_at": NOW,
    "after_seq": 1,
    "limit": 500,
}


async def plan(sessions: Sessions, statement: Select[Any]) -> str:
    """Return how the database would answer if its tables were too large to be read whole."""
    async with sessions.begin() as session:
        await session.execute(text("SET LOCAL enable_seqscan = off"))
        await session.execute(text("SET LOCAL enable_bitmapscan = off"))
        connection = await session.connection()
        compiled = statement.compile(dialect=connection.dialect)
        values = {
            name: getattr(value, "value", value)
            for name, value in compiled.construct_params(VALUES).items()
        }
        lines = await connection.exec_driver_sql(f"EXPLAIN {compiled}", values)
        return "\n".join(lines.scalars())


@pytest.mark.parametrize("name", ["_AT", "_LAST", "_LAST_BEFORE", "_UP_TO", "_AFTER"])
async def test_entries_are_found_by_their_index_without_sorting(
    sessions: Sessions, name: str
) -> None:
    found = await plan(sessions, getattr(statements, name))

    assert INDEX in found
    assert "Sort" not in found
    assert "Seq Scan on ledger_entries" not in found


async def test_pages_of_a_statement_have_each_entry_once_in_order(sessions: Sessions) -> None:
    user = uuid4()
    for amount in range(1, 8):
        async with sessions.begin() as session:
            await ledger_queries.post(session, ledger.deposit(uuid4(), user, Decimal(amount)))
    seen: list[statements.Line] = []

    async with sessions() as session:
        last = await statements.last_line(session, user)
        assert last
        while not seen or seen[-1] != last:
            after = seen[-1] if seen else None
            seen += await statements.lines(session, user, after=after, last=last, limit=3)

    assert [line.amount for line in seen] == [Decimal(amount) for amount in range(1, 8)]
    assert [line.balance_after for line in seen][-1] == last.balance_after == Decimal(28)


async def test_the_last_entry_before_a_moment_is_not_the_one_at_it(sessions: Sessions) -> None:
    user = uuid4()
    for amount in (1, 2):
        async with sessions.begin() as session:
            await ledger_queries.post(session, ledger.deposit(uuid4(), user, Decimal(amount)))

    async with sessions() as session:
        last = await statements.last_line(session, user)
        assert last
        first = await statements.last_line(session, user, last.created_at)
        assert first
        none = await statements.last_line(session, user, first.created_at)

    assert (first.amount, last.amount, none) == (Decimal(1), Decimal(2), None)
