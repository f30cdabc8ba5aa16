"""A round sends what is due, of each channel by itself, and each message once."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from datetime import UTC, datetime, time
from typing import Any
from uuid import UUID

import httpx
import pytest
from sqlalchemy import func, select, update
from temporalio.testing import ActivityEnvironment

from activities.contracts.messages import Round
from activities.messages import AT_ONCE, ProviderMessageSteps
from domain.messages.notice import Channel, MessageStatus, Notice, NoticeKind
from domain.messages.sending import Quiet
from models.database import Sessions, create_engine, sessions_of
from models.message import MessageRow
from models.queries import messages, preferences
from models.user import User
from tests.activities.messengers import clients, script, somebody, steps_of
from tests.conftest import as_application

NEWS = NoticeKind.ROLE_CHANGED


@pytest.fixture
def steps(simulator: httpx.AsyncClient, own_sessions: Sessions) -> ProviderMessageSteps:
    """Those of a database in which nobody else leaves messages."""
    return steps_of(own_sessions, clients(simulator))


@pytest.fixture
async def elsewhere(own_database: str, simulator: httpx.AsyncClient) -> AsyncIterator[Any]:
    """The steps of another worker, on the same database."""
    engine = create_engine(as_application(own_database), pool_size=20)
    yield steps_of(sessions_of(engine), clients(simulator))
    await engine.dispose()


@pytest.fixture
async def reader(own_sessions: Sessions) -> User:
    return await somebody(own_sessions)


async def go_round(steps: ProviderMessageSteps) -> Round:
    done: Round = await ActivityEnvironment().run(steps.deliver_due_messages)
    return done


async def many(
    sessions: Sessions, reader: User, number: int, channel: Channel = Channel.EMAIL
) -> None:
    async with sessions.begin() as session:
        for each in range(number):
            notice = Notice(NEWS, reader.id, channel, facts={"role": f"number {each}"})
            await messages.queue(session, notice)


async def make_all_due(sessions: Sessions) -> None:
    is_queued = MessageRow.status == MessageStatus.QUEUED
    async with sessions.begin() as session:
        await session.execute(
            update(MessageRow).where(is_queued).values(held_until=func.clock_timestamp())
        )


async def by_channel(sessions: Sessions, status: MessageStatus) -> Counter[Channel]:
    async with sessions() as session:
        found = await session.scalars(select(MessageRow.channel).where(MessageRow.status == status))
        return Counter(found)


async def letters(simulator: httpx.AsyncClient, reader: User) -> list[str]:
    """What a reader has by e-mail; a copy of any of them would stand here twice."""
    answer = await simulator.get(
        "/outbox",
        params={"to": reader.email, "limit": 1000},
        headers={"Accept": "application/json"},
    )
    return sorted(letter["text"] for letter in answer.json())


async def calls(simulator: httpx.AsyncClient, operation: str) -> int:
    found: dict[str, int] = (await simulator.get("/control/")).json()["calls"]
    return found.get(operation, 0)


async def test_a_round_sends_all_that_is_due_and_the_next_one_finds_nothing(
    steps: ProviderMessageSteps, own_sessions: Sessions, simulator: httpx.AsyncClient, reader: User
) -> None:
    await many(own_sessions, reader, 2 * AT_ONCE + 1)
    await many(own_sessions, reader, AT_ONCE, Channel.SMS)

    assert await go_round(steps) == Round(sent=3 * AT_ONCE + 1)
    assert await go_round(steps) == Round()

    assert len(set(await letters(simulator, reader))) == 2 * AT_ONCE + 1
    assert await calls(simulator, "postmark") == 2 * AT_ONCE + 1
    assert await calls(simulator, "kavenegar") == AT_ONCE


async def test_a_provider_that_is_away_is_left_alone_and_holds_up_nobody_else(
    steps: ProviderMessageSteps, own_sessions: Sessions, simulator: httpx.AsyncClient, reader: User
) -> None:
    await many(own_sessions, reader, 4 * AT_ONCE)
    await many(own_sessions, reader, 2 * AT_ONCE, Channel.SMS)
    await script(simulator, "postmark", behaviour="outage", times=None)

    done = await go_round(steps)

    # One batch was enough to know; those that were not tried are due as they were.
    assert done == Round(sent=2 * AT_ONCE, put_off=AT_ONCE)
    assert await calls(simulator, "postmark") == AT_ONCE
    assert await by_channel(own_sessions, MessageStatus.SENT) == {Channel.SMS: 2 * AT_ONCE}
    async with own_sessions() as session:
        rows = list(await session.scalars(select(MessageRow).where(MessageRow.attempts == 0)))
    assert {row.last_error for row in rows} == {None}
    assert len(rows) == 3 * AT_ONCE

    await simulator.delete("/control/")
    assert await go_round(steps) == Round(sent=3 * AT_ONCE)
    await make_all_due(own_sessions)
    assert await go_round(steps) == Round(sent=AT_ONCE)
    found = await letters(simulator, reader)
    assert len(found) == len(set(found)) == 4 * AT_ONCE


async def test_a_provider_that_refuses_some_is_not_away(
    steps: ProviderMessageSteps, own_sessions: Sessions, simulator: httpx.AsyncClient, reader: User
) -> None:
    await many(own_sessions, reader, 2 * AT_ONCE)
    await script(simulator, "postmark", behaviour="code", code=406, status=422, times=AT_ONCE)

    assert await go_round(steps) == Round(sent=AT_ONCE, failed=AT_ONCE)


async def test_two_workers_and_who_waits_for_one_hand_each_message_over_once(
    steps: ProviderMessageSteps,
    elsewhere: ProviderMessageSteps,
    own_sessions: Sessions,
    simulator: httpx.AsyncClient,
    reader: User,
) -> None:
    await many(own_sessions, reader, 3 * AT_ONCE)
    await script(simulator, "postmark", behaviour="delay", seconds=0.05, times=None)
    async with own_sessions() as session:
        ids: list[UUID] = list(await session.scalars(select(MessageRow.id)))

    one, other, _ = await asyncio.gather(
        go_round(steps),
        go_round(elsewhere),
        asyncio.gather(*(elsewhere.deliver_message(message_id) for message_id in ids[::5])),
    )

    assert one.sent
    assert other.sent
    assert await by_channel(own_sessions, MessageStatus.SENT) == {Channel.EMAIL: 3 * AT_ONCE}
    found = await letters(simulator, reader)
    assert len(found) == len(set(found)) == 3 * AT_ONCE
    assert await calls(simulator, "postmark") == 3 * AT_ONCE


async def test_a_message_that_breaks_our_own_code_does_not_stop_the_others(
    steps: ProviderMessageSteps, own_sessions: Sessions, reader: User
) -> None:
    async with own_sessions.begin() as session:
        # What it is about is not among its facts.
        broken = await messages.queue(session, Notice(NoticeKind.PAYMENT_FAILED, reader.id))
    await many(own_sessions, reader, 3)

    assert await go_round(steps) == Round(sent=3, put_off=1)

    async with own_sessions() as session:
        row = await session.get_one(MessageRow, broken)
    assert (row.status, row.failed_tries) == (MessageStatus.QUEUED, 1)
    assert row.last_error == "an error of ours: KeyError"


async def test_those_who_sleep_are_told_later_and_nobody_waits_for_them(
    steps: ProviderMessageSteps, own_sessions: Sessions, reader: User
) -> None:
    hour = datetime.now(UTC).hour
    quiet = Quiet(time(hour), time((hour + 2) % 24), "UTC")
    async with own_sessions.begin() as session:
        await preferences.be_quiet(session, reader.id, quiet)
        for _ in range(AT_ONCE):
            await messages.queue(session, Notice(NoticeKind.TRANSFER_RECEIVED, reader.id))
    await many(own_sessions, reader, 2)

    assert await go_round(steps) == Round(sent=2, postponed=AT_ONCE)
    assert await go_round(steps) == Round()


async def test_a_worker_that_is_to_stop_begins_with_nothing(
    steps: ProviderMessageSteps, own_sessions: Sessions, reader: User
) -> None:
    await many(own_sessions, reader, 1)
    environment = ActivityEnvironment()
    environment.worker_shutdown()

    assert await environment.run(steps.deliver_due_messages) == Round(is_over=False)
    assert await by_channel(own_sessions, MessageStatus.QUEUED) == {Channel.EMAIL: 1}
