"""What PostgreSQL says of itself is told; what it says of people's data is not."""

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from models.database import Sessions, connected, sessions_of
from sandbox.ports import free_port
from telemetry.words import in_our_words, told_of

SECRET = "sara@example.test"
TABLE = "CREATE TEMPORARY TABLE people (email text CONSTRAINT people_email_key UNIQUE)"
INSERT = text("INSERT INTO people VALUES (:email)")


async def test_of_a_row_that_is_there_already_the_name_of_its_guard_is_told(
    sessions: Sessions,
) -> None:
    async with sessions() as session:
        await session.execute(text(TABLE))
        await session.execute(INSERT, {"email": SECRET})
        with pytest.raises(DBAPIError) as caught:
            await session.execute(INSERT, {"email": SECRET})

    assert SECRET in str(caught.value.orig)
    assert in_our_words(caught.value) == "IntegrityError: 23505 people_email_key"
    assert SECRET not in str(told_of(caught.value))


async def test_a_value_of_the_wrong_type_is_not_quoted(sessions: Sessions) -> None:
    async with sessions() as session:
        with pytest.raises(DBAPIError) as caught:
            await session.execute(text("SELECT CAST(CAST(:it AS text) AS integer)"), {"it": SECRET})

    assert SECRET in str(caught.value.orig)
    assert SECRET not in str(told_of(caught.value))


async def test_a_right_that_is_missing_is_named(sessions: Sessions) -> None:
    async with sessions() as session:
        with pytest.raises(DBAPIError) as caught:
            await session.execute(text("DELETE FROM ledger_entries"))

    assert "permission denied for table ledger_entries" in told_of(caught.value)["message"]


async def test_a_database_that_is_away_is_told_of() -> None:
    url = f"postgresql://nobody:secret@127.0.0.1:{free_port()}/none"
    async with connected(url, 1) as engine:
        with pytest.raises(DBAPIError) as caught:
            async with sessions_of(engine)() as session:
                await session.execute(text("SELECT 1"))

    assert "refused" in told_of(caught.value)["message"]
    assert "secret" not in str(told_of(caught.value))
