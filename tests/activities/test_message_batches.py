"""What is due is judged together, and each message gets what is its own."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from uuid import UUID

import httpx
import pytest
from sqlalchemy import event, func, select, update
from sqlalchemy.ext.asyncio import AsyncEngine
from temporalio.testing import ActivityEnvironment

from activities.contracts.messages import Round
from activities.message_tries import Batch
from activities.messages import AT_ONCE, HELD, LOOKED_AT, ProviderMessageSteps
from domain.messages.notice import Channel, MessageStatus, Notice, NoticeKind
from domain.messages.sending import Quiet
from models.account_secrets import token_digest
from models.database import Sessions, create_engine, sessions_of
from models.message import MessageRow
from models.queries import account_tokens, messages, preferences
from tests.activities.messengers import FRONTEND, clients, dialled, somebody, steps_of, stored
from tests.conftest import as_application
from tests.outbox import Outbox, token_in

NEWS = NoticeKind.TRANSFER_RECEIVED
FACTS = {"amount": "1", "balance": "1"}


@pytest.fixture
async def engine(own_database: str) -> AsyncIterator[AsyncEngine]:
    engine = create_engine(as_application(own_database), pool_size=20)
    yield engine
    await engine.dispose()


@pytest.fixture
def sessions(engine: AsyncEngine) -> Sessions:
    """Those of a database in which nobody else leaves messages."""
    return sessions_of(engine)


@pytest.fixture
def steps(simulator: httpx.AsyncClient, sessions: Sessions) -> ProviderMessageSteps:
    return steps_of(sessions, clients(simulator))


async def go_round(steps: ProviderMessageSteps) -> Round:
    done: Round = await ActivityEnvironment().run(steps.deliver_due_messages)
    return done


async def queued(sessions: Sessions, *notices: Notice) -> list[UUID]:
    async with sessions.begin() as session:
        return [await messages.queue(session, notice) for notice in notices]


async def all_are(sessions: Sessions, **changed: object) -> None:
    async with sessions.begin() as session:
        await session.execute(update(MessageRow).values(changed))


@asynccontextmanager
async def statements(engine: AsyncEngine) -> AsyncIterator[list[str]]:
    sent: list[str] = []

    def note(_c: object, _cursor: object, statement: str, *_: object) -> None:
        sent.append(statement)

    event.listen(engine.sync_engine, "before_cursor_execute", note)
    yield sent
    event.remove(engine.sync_engine, "before_cursor_execute", note)


async def test_each_of_a_batch_gets_what_is_its_own(
    steps: ProviderMessageSteps, sessions: Sessions, outbox: Outbox
) -> None:
    now = datetime.now(UTC)
    sleepy, gone, awake = [
        await somebody(sessions, is_active=is_active) for is_active in (True, False, True)
    ]
    morning = now + timedelta(hours=5)
    quiet = Quiet((now - timedelta(hours=1)).time(), morning.time(), "UTC")
    async with sessions.begin() as session:
        await preferences.be_quiet(session, sleepy.id, quiet)
    ids = await queued(
        sessions,
        *(Notice(NEWS, user.id, facts=FACTS) for user in (sleepy, gone, awake)),
        Notice(NoticeKind.ROLE_CHANGED, sleepy.id, facts={"role": "admin"}),
        Notice(NoticeKind.PAYMENT_FAILED, awake.id),  # without the payment
        Notice(NoticeKind.PASSWORD_RESET, None, address=awake.email),
        Notice(NoticeKind.PASSWORD_RESET, None, address="nobody@example.test"),
        Notice(NEWS, awake.id, facts=FACTS),
    )
    async with sessions.begin() as session:
        old = update(MessageRow).where(MessageRow.id == ids[-1])
        await session.execute(old.values(created_at=now - timedelta(days=4)))

    assert await go_round(steps) == Round(sent=3, failed=3, put_off=1, postponed=1)

    rows = [await stored(sessions, message_id) for message_id in ids]
    assert [(row.status, row.last_error, row.attempts) for row in rows] == [
        (MessageStatus.QUEUED, None, 0),
        (MessageStatus.FAILED, "there is nobody to tell", 0),
        (MessageStatus.SENT, None, 1),
        (MessageStatus.SENT, None, 1),
        (MessageStatus.QUEUED, "an error of ours: KeyError", 0),
        (MessageStatus.SENT, None, 1),
        (MessageStatus.FAILED, "there is nobody to tell", 0),
        (MessageStatus.FAILED, "it could not be sent in time", 0),
    ]
    assert rows[0].held_until == morning
    assert [row.user_id for row in rows[5:7]] == [awake.id, None]
    assert [len(await outbox.to(user.email)) for user in (sleepy, gone, awake)] == [1, 0, 2]


async def test_a_batch_is_judged_in_as_many_statements_as_one_message(
    steps: ProviderMessageSteps, sessions: Sessions, engine: AsyncEngine
) -> None:
    counts = []
    for number in (1, LOOKED_AT - 1):
        readers = [await somebody(sessions, is_active=False) for _ in range(number)]
        await queued(sessions, *(Notice(NEWS, reader.id) for reader in readers))
        async with statements(engine) as sent:
            assert await go_round(steps) == Round(failed=number)
        counts.append(len(sent))

    # One for each of the channels, and then: readers, who of them sleeps, and the end of all.
    assert counts == [6, 6]


async def test_one_that_is_sent_costs_one_statement_more(
    steps: ProviderMessageSteps, sessions: Sessions, engine: AsyncEngine
) -> None:
    counts = []
    for number in (1, AT_ONCE):
        readers = [await somebody(sessions) for _ in range(number)]
        await queued(sessions, *(Notice(NEWS, reader.id, facts=FACTS) for reader in readers))
        async with statements(engine) as sent:
            assert await go_round(steps) == Round(sent=number)
        counts.append(len(sent))

    assert counts[1] - counts[0] == AT_ONCE - 1


async def test_a_killed_worker_leaves_a_batch_of_which_none_is_sent_twice(
    steps: ProviderMessageSteps, sessions: Sessions, outbox: Outbox, simulator: httpx.AsyncClient
) -> None:
    """Killed after some were taken by their provider, and before that was noted."""
    readers = [await somebody(sessions) for _ in range(5)]
    await queued(sessions, *(Notice(NEWS, one.id, Channel.SMS, facts=FACTS) for one in readers))
    batch = await taken(steps)
    for one in batch.tries[:3]:
        await steps.tries.gateways[Channel.SMS].send(one.outgoing)
    assert await go_round(steps) == Round(), "others wait until they are let go"
    await all_are(sessions, held_until=func.clock_timestamp())

    assert await go_round(steps) == Round(sent=5)

    assert [len(await outbox.to(dialled(one))) for one in readers] == 5 * [1]
    calls = (await simulator.get("/control/")).json()["calls"]
    assert (calls["kavenegar"], calls["kavenegar_status"]) == (5, 5)
    async with sessions() as session:
        attempts = await session.scalars(select(MessageRow.attempts).order_by(MessageRow.id))
    assert list(attempts) == [1, 1, 1, 2, 2]


async def taken(steps: ProviderMessageSteps) -> Batch:
    async with steps.tries.sessions.begin() as session:
        due = await messages.due(session, Channel.SMS, LOOKED_AT)
        return await steps.tries.take(session, due, AT_ONCE, HELD)


async def test_of_the_secrets_of_a_batch_each_is_its_readers_own(
    steps: ProviderMessageSteps, sessions: Sessions, outbox: Outbox
) -> None:
    readers = [await somebody(sessions) for _ in range(AT_ONCE + 2)]
    kind = NoticeKind.EMAIL_VERIFICATION
    await queued(sessions, *(Notice(kind, reader.id) for reader in readers))

    assert await go_round(steps) == Round(sent=len(readers))

    for reader in readers:
        [letter] = await outbox.to(reader.email)
        digest = token_digest(token_in(letter["text"], f"{FRONTEND}/verify-email"))
        async with sessions() as session:
            assert await account_tokens.owner(session, kind, digest) == reader.id
