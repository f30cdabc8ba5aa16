"""Limits are decided in one statement, by the database's clock, exactly."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta
from uuid import UUID, uuid4

import pytest
from sqlalchemy import text, update
from sqlalchemy.ext.asyncio import AsyncEngine

from api.limits.sweeping import sweep
from domain.limits import Rate, Traffic
from models.database import Sessions, create_engine, sessions_of
from models.limit import LoginFailure, RateLimit
from models.queries import limits, login_failures
from models.queries import sessions as logins
from models.queries.limits import Charge, Taken
from tests import given

HOURLY = Rate.parse("10/hour")
HALF = timedelta(minutes=30)


@pytest.fixture
async def at_once(database_url: str) -> AsyncIterator[Sessions]:
    """Sessions in which each statement is its own transaction, as the API's reads are."""
    engine: AsyncEngine = create_engine(database_url, pool_size=20)
    yield sessions_of(engine.execution_options(isolation_level="AUTOCOMMIT"))
    await engine.dispose()


def somebody(rate: Rate = HOURLY) -> Charge:
    return Charge(Traffic.WRITE, uuid4().bytes, rate)


async def ask(reads: Sessions, charge: Charge) -> Taken:
    async with reads() as session:
        return await limits.take(session, charge)


async def let_pass(reads: Sessions, charge: Charge, time: timedelta) -> None:
    """Do to one row what the time does to all."""
    async with reads() as session:
        row = update(RateLimit).where(RateLimit.key == charge.key)
        await session.execute(row.values(full_at=RateLimit.full_at - time))


async def test_of_200_at_once_exactly_the_allowed_number_passes(at_once: Sessions) -> None:
    charge = somebody()

    taken = await asyncio.gather(*(ask(at_once, charge) for _ in range(200)))

    assert sum(one.number for one in taken) == 10


async def test_everybody_has_limits_of_their_own(at_once: Sessions) -> None:
    one, other = somebody(Rate.parse("1/hour")), somebody(Rate.parse("1/hour"))

    assert (await ask(at_once, one)).number
    assert (await ask(at_once, other)).number
    assert not (await ask(at_once, one)).number
    assert not (await ask(at_once, other)).number


async def test_what_was_used_up_grows_back_with_the_time(at_once: Sessions) -> None:
    charge = somebody()
    for _ in range(10):
        assert (await ask(at_once, charge)).number
    assert not (await ask(at_once, charge)).number

    await let_pass(at_once, charge, HALF)

    assert [(await ask(at_once, charge)).number for _ in range(6)] == [1] * 5 + [0]


async def test_nobody_saves_up(at_once: Sessions) -> None:
    charge = somebody()
    await ask(at_once, charge)
    await let_pass(at_once, charge, timedelta(days=30))

    assert sum([(await ask(at_once, charge)).number for _ in range(12)]) == 10


async def test_several_are_counted_at_once_while_so_many_are_left(at_once: Sessions) -> None:
    """Of ten: four, four, then the last two one by one, and no more."""
    charge = replace(somebody(), number=4)

    assert [(await ask(at_once, charge)).number for _ in range(6)] == [4, 4, 1, 1, 0, 0]


async def test_who_is_refused_is_told_when_and_not_held_up_longer(at_once: Sessions) -> None:
    charge = somebody()
    for _ in range(10):
        await ask(at_once, charge)

    refused = [(await ask(at_once, charge)).until_full for _ in range(3)]

    assert all(timedelta(minutes=59) < one < timedelta(hours=1) for one in refused)
    assert refused == sorted(refused, reverse=True)


async def test_a_holder_is_found_and_counted_in_one_statement(
    sessions: Sessions, at_once: Sessions
) -> None:
    user_id, session_id = await a_login(sessions)
    charge = somebody(Rate.parse("2/hour"))

    async with at_once() as session:
        found = [await limits.holder_who_takes(session, session_id, charge) for _ in range(3)]

    assert [one and (one[0].id, one[1].number) for one in found] == [
        (user_id, 1),
        (user_id, 1),
        (user_id, 0),
    ]


async def test_a_login_that_has_ended_counts_for_nobody(
    sessions: Sessions, at_once: Sessions
) -> None:
    _, session_id = await a_login(sessions)
    async with sessions.begin() as session:
        await logins.revoke(session, session_id)
    charge = somebody()

    async with at_once() as session:
        assert await limits.holder_who_takes(session, session_id, charge) is None
        assert await limits.holder_who_takes(session, uuid4(), charge) is None
        assert await session.get(RateLimit, charge.key) is None


async def test_what_says_nothing_any_more_is_removed_and_nothing_else(
    sessions: Sessions, at_once: Sessions
) -> None:
    past, present = somebody(), somebody()
    for charge in (past, present):
        await ask(at_once, charge)
    await let_pass(at_once, past, timedelta(hours=1))
    old, new = uuid4().bytes, uuid4().bytes
    async with sessions.begin() as session:
        for key in (old, new):
            await login_failures.lock(session, {key})
            await login_failures.write(session, key, 3)
        month = {"last_at": LoginFailure.last_at - timedelta(days=30)}
        await session.execute(update(LoginFailure).where(LoginFailure.key == old).values(month))

    await sweep(at_once)

    async with at_once() as session:
        assert await session.get(RateLimit, past.key) is None
        assert await session.get(RateLimit, present.key)
        assert await session.get(LoginFailure, old) is None
        assert await session.get(LoginFailure, new)


async def test_a_crash_forgives_requests_but_no_guesses(sessions: Sessions) -> None:
    async with sessions() as session:
        kept = await session.execute(
            text("SELECT relname, relpersistence FROM pg_class WHERE relname = ANY(:names)"),
            {"names": ["rate_limits", "login_failures"]},
        )

        assert dict(map(tuple, kept)) == {"rate_limits": "u", "login_failures": "p"}


async def a_login(sessions: Sessions) -> tuple[UUID, UUID]:
    user_id, session_id = await given.a_user(sessions), uuid4()
    async with sessions.begin() as session:
        await logins.start(session, session_id, user_id, timedelta(days=1))
    return user_id, session_id
