"""Sealing closes what is committed, blocks nobody who posts, and is nobody else's to write."""

import asyncio
from decimal import Decimal
from uuid import UUID

import pytest
from sqlalchemy import create_engine, text
from sqlalchemy.exc import DBAPIError, ProgrammingError

from activities import seals as activity
from activities.seals import PostgresSealSteps, StillUnderWay
from domain import ledger
from models.base import new_id
from models.database import Sessions, psycopg_url
from models.queries import ledger as queries
from models.queries import proofs, seals
from tests import given

AMOUNT = Decimal(100)


async def deposit(sessions: Sessions, user: UUID) -> None:
    async with sessions.begin() as session:
        await queries.post(session, ledger.deposit(new_id(), user, AMOUNT))


async def broken_chain(sessions: Sessions) -> list[str]:
    async with sessions() as session:
        return [found.subject for found in await seals.violations(session, None)]


async def test_sealing_blocks_nobody_who_posts(own_sessions: Sessions) -> None:
    user = new_id()
    await deposit(own_sessions, user)
    async with own_sessions.begin() as sealing:
        at = await seals.horizon(sealing)
        assert await seals.seal(sealing, at, most=10)

        async with asyncio.timeout(2):  # a posting that queued would wait for ten seconds
            await deposit(own_sessions, user)

    assert await broken_chain(own_sessions) == []


async def test_a_range_holds_so_many_transactions_and_the_next_one_goes_on(
    own_sessions: Sessions,
) -> None:
    user = new_id()
    for _ in range(5):
        await deposit(own_sessions, user)
    async with own_sessions() as session:
        at = await seals.horizon(session)

    made = []
    for _ in range(4):
        async with own_sessions.begin() as session:
            made.append(await seals.seal(session, at, most=2))

    assert [seal and seal.number for seal in made] == [1, 2, 3, None]
    assert await broken_chain(own_sessions) == []
    async with own_sessions() as session:
        assert await seals.count_unsealed(session) == 0


async def test_sealers_that_run_at_once_make_one_chain(own_sessions: Sessions) -> None:
    user = new_id()
    posting = asyncio.gather(*(deposit(own_sessions, user) for _ in range(40)))
    sealing = asyncio.gather(*(PostgresSealSteps(own_sessions).seal_ledger() for _ in range(6)))
    await asyncio.gather(posting, sealing)
    await PostgresSealSteps(own_sessions).seal_ledger()

    assert await broken_chain(own_sessions) == []
    async with own_sessions() as session:
        assert await seals.count_unsealed(session) == 0


async def test_sealing_twice_seals_once(own_sessions: Sessions) -> None:
    await deposit(own_sessions, new_id())
    steps = PostgresSealSteps(own_sessions)

    first, second = await steps.seal_ledger(), await steps.seal_ledger()

    assert (first.made, second.made) == (1, 0)
    assert (first.number, first.digest) == (second.number, second.digest)


async def test_a_transaction_that_stays_open_is_waited_for_and_then_named(
    own_sessions: Sessions, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(activity, "POLLS", 3)
    async with own_sessions() as slow:
        await queries.post(slow, ledger.deposit(new_id(), new_id(), AMOUNT))

        with pytest.raises(StillUnderWay, match="pg_stat_activity"):
            await PostgresSealSteps(own_sessions).seal_ledger()

        await slow.commit()
    assert (await PostgresSealSteps(own_sessions).seal_ledger()).made == 1


async def test_ids_and_numbers_that_were_given_out_in_different_order_lose_nothing(
    own_sessions: Sessions,
) -> None:
    async with own_sessions() as late, own_sessions() as early:
        await late.execute(text("SELECT pg_current_xact_id()"))
        await queries.post(early, ledger.deposit(new_id(), new_id(), AMOUNT))
        await queries.post(late, ledger.deposit(new_id(), new_id(), AMOUNT))
        await late.commit()

        async with own_sessions() as session:
            at = await seals.horizon(session)
        async with own_sessions() as session:
            assert not await seals.has_settled(session, at)

        await early.commit()
    async with own_sessions() as session:
        assert await seals.has_settled(session, at)


async def test_every_posting_under_load_is_sealed_once_it_is_committed(
    own_sessions: Sessions,
) -> None:
    """Numbers are committed out of order all the time; each must end up under exactly one seal."""
    users = [await given.a_user(own_sessions) for _ in range(4)]
    posting = asyncio.gather(
        *(given.a_paid_payment(own_sessions, users[number % 4], AMOUNT) for number in range(120))
    )
    while not posting.done():
        await PostgresSealSteps(own_sessions).seal_ledger()
    await posting
    await PostgresSealSteps(own_sessions).seal_ledger()

    async with own_sessions() as session:
        report = await proofs.verify(session)
    assert report.violations == ()
    assert (report.transactions, report.unsealed) == (120, 0)
    assert report.seal
    assert report.seal.number > 1


@pytest.mark.parametrize(
    "change",
    [
        "INSERT INTO ledger_seals SELECT * FROM ledger_seals",
        "UPDATE ledger_seals SET number = number",
        "DELETE FROM ledger_seals",
        "TRUNCATE ledger_seals",
    ],
)
async def test_the_application_cannot_write_seals(sessions: Sessions, change: str) -> None:
    with pytest.raises(ProgrammingError, match="permission denied"):
        async with sessions.begin() as session:
            await session.execute(text(change))


@pytest.fixture
def owner(own_database: str) -> str:
    return psycopg_url(own_database)


@pytest.mark.parametrize(
    "change",
    ["UPDATE ledger_seals SET number = 2", "DELETE FROM ledger_seals", "TRUNCATE ledger_seals"],
)
def test_not_even_the_owner_changes_a_seal(owner: str, change: str) -> None:
    engine = create_engine(owner)

    with pytest.raises(DBAPIError, match="is append-only"), engine.begin() as connection:
        connection.execute(text(change))

    engine.dispose()


async def test_an_unbalanced_posting_by_the_application_does_not_commit(
    sessions: Sessions,
) -> None:
    line = "(gen_random_uuid(), gen_random_uuid(), 'user_wallet', gen_random_uuid(), 'credit', 5)"
    with pytest.raises(DBAPIError, match="unbalanced"):
        async with sessions.begin() as session:
            await session.execute(
                text(
                    "SELECT post_ledger_transaction(gen_random_uuid(), gen_random_uuid()::text,"
                    " 'deposit', 'x', 'x', ARRAY[(gen_random_uuid(), gen_random_uuid(),"
                    f" 'gateway_clearing', NULL, 'debit', 4)::ledger_line, {line}::ledger_line])"
                )
            )


@pytest.mark.parametrize("table", ["accounts", "transactions", "entries"])
async def test_the_application_posts_through_the_function_alone(
    sessions: Sessions, table: str
) -> None:
    with pytest.raises(ProgrammingError, match="permission denied"):
        async with sessions.begin() as session:
            await session.execute(
                text(
                    f"INSERT INTO ledger_{table} OVERRIDING SYSTEM VALUE"
                    f" SELECT * FROM ledger_{table} LIMIT 0"
                )
            )
