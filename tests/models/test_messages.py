"""Messages are found by their indexes, however many there are and however many must wait."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime, time, timedelta
from typing import Any
from uuid import uuid4

import pytest
from sqlalchemy import func, update
from sqlalchemy.ext.asyncio import AsyncEngine

from domain.messages.notice import Channel, MessageStatus, Notice, NoticeKind
from domain.messages.sending import Quiet
from models.database import Sessions, create_engine
from models.message import MessageRow
from models.queries import message_log, messages, preferences
from models.queries.message_log import MessageFilter
from sandbox.postgres import Postgres
from tests import given
from tests.conftest import a_database, as_application
from tests.models.test_lists import plan_of

ID = uuid4()
MINUTE = timedelta(minutes=1)
NEWS = NoticeKind.TRANSFER_RECEIVED


@pytest.fixture(scope="module")
async def planner(postgres: Postgres, superuser_url: str) -> AsyncIterator[AsyncEngine]:
    with a_database(postgres, superuser_url) as url:
        engine = create_engine(as_application(url), pool_size=1)
        yield engine
        await engine.dispose()


async def test_what_is_due_is_read_in_its_order_and_what_must_wait_is_not(
    planner: AsyncEngine,
) -> None:
    plan = await plan_of(planner, messages.due, channel=Channel.EMAIL, number=10)

    assert "Index Scan using messages_due_idx" in plan
    condition = next(line for line in plan.splitlines() if "Index Cond" in line)
    assert "channel" in condition
    assert "COALESCE(held_until, created_at)" in condition
    assert "Sort  (" not in plan


@pytest.mark.parametrize(
    ("wanted", "index"),
    [
        ({}, "messages_pkey"),
        ({"user_id": ID}, "messages_user_id_id_idx"),
        ({"ticket_id": ID}, "messages_ticket_id_id_idx"),
        ({"status": MessageStatus.FAILED}, "messages_failed_idx"),
        ({"status": MessageStatus.QUEUED}, "messages_queued_idx"),
    ],
)
async def test_the_log_is_read_in_the_order_of_an_index(
    planner: AsyncEngine, wanted: dict[str, Any], index: str
) -> None:
    for before in (None, ID):
        plan = await plan_of(
            planner, message_log.page, wanted=MessageFilter(**wanted), before=before, limit=21
        )

        assert "Seq Scan" not in plan
        assert index in plan
        assert "Sort  (" not in plan


async def test_the_oldest_due_ones_come_first_and_only_those_of_a_channel(
    own_sessions: Sessions,
) -> None:
    user_id = await given.a_user(own_sessions)
    async with own_sessions.begin() as session:
        mails = [await messages.queue(session, Notice(NEWS, user_id)) for _ in range(4)]
        await messages.queue(session, Notice(NEWS, user_id, Channel.SMS))
        for age, message_id in zip((3, 9, 6, -1), mails, strict=True):
            due = func.clock_timestamp() - age * MINUTE
            one = update(MessageRow).where(MessageRow.id == message_id)
            await session.execute(one.values(held_until=due))

    async with own_sessions.begin() as session:
        found = await messages.due(session, Channel.EMAIL, 10)
        assert [row.id for row, _ in found] == [mails[1], mails[2], mails[0]]
        await messages.hold(session, {row.id: row.attempts + 1 for row, _ in found}, MINUTE)
    async with own_sessions.begin() as session:
        assert await messages.due(session, Channel.EMAIL, 10) == []
        assert await messages.begin(session, mails[0]) is None


async def test_what_somebody_is_at_is_passed_by_and_not_waited_for(
    own_sessions: Sessions,
) -> None:
    user_id = await given.a_user(own_sessions)
    async with own_sessions.begin() as session:
        first, second = [await messages.queue(session, Notice(NEWS, user_id)) for _ in range(2)]

    async with own_sessions.begin() as one, own_sessions.begin() as other:
        [mine] = await messages.due(one, Channel.EMAIL, 1)
        [theirs] = await messages.due(other, Channel.EMAIL, 9)
        assert (mine.row.id, theirs.row.id) == (first, second)


async def test_what_has_ended_ends_no_second_time(own_sessions: Sessions) -> None:
    user_id = await given.a_user(own_sessions)
    async with own_sessions.begin() as session:
        message_id = await messages.queue(session, Notice(NEWS, user_id))
        await messages.sent(session, message_id, "postmark", "a name")
        await messages.failed(session, {message_id: "too late to fail"})
    async with own_sessions() as session:
        row = await session.get_one(MessageRow, message_id)
        assert (row.status, row.last_error) == (MessageStatus.SENT, None)


async def test_choices_are_kept_where_they_differ_from_what_is_usual(sessions: Sessions) -> None:
    user_id = await given.a_user(sessions)
    mail, text = (NEWS, Channel.EMAIL), (NEWS, Channel.SMS)

    async def chosen(**_: Any) -> dict[Any, bool]:
        async with sessions() as session:
            return dict((await preferences.get(session, user_id)).choices)

    async with sessions.begin() as session:
        await preferences.choose(session, user_id, {mail: False, text: True})
    assert await chosen() == {mail: False, text: True}
    async with sessions.begin() as session:
        await preferences.choose(session, user_id, {mail: True})
        await preferences.choose(session, user_id, {})
    assert await chosen() == {text: True}


async def test_somebody_is_asleep_by_their_own_clock_until_they_choose_otherwise(
    sessions: Sessions,
) -> None:
    user_id = await given.a_user(sessions)
    now = datetime.now(UTC)
    around = Quiet((now - MINUTE).time(), (now + 9 * MINUTE).time(), "UTC")
    async with sessions.begin() as session:
        assert await preferences.asleep(session, [user_id]) == {}
        await preferences.be_quiet(session, user_id, Quiet(time(1), time(2), "Asia/Tehran"))
        await preferences.be_quiet(session, user_id, around)
        assert (await preferences.get(session, user_id)).quiet == around
        assert await preferences.asleep(session, [user_id, ID]) == {user_id: now + 9 * MINUTE}
        await preferences.be_quiet(session, user_id, None)
        assert (await preferences.get(session, user_id)).quiet is None
