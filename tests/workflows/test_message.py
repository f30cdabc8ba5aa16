"""Messages by their workflows: sent once, at once or in rounds, however long nobody takes them."""

from collections.abc import AsyncIterator
from datetime import timedelta
from functools import partial
from typing import Any
from uuid import UUID, uuid4

import httpx
import pytest
from temporalio.api.enums.v1 import EventType
from temporalio.client import Client, WorkflowHandle
from temporalio.testing import WorkflowEnvironment
from temporalio.worker import Worker

from activities import messages as rounds
from domain import ids
from domain.messages.notice import MessageStatus, Notice, NoticeKind
from models.database import Sessions, create_engine, sessions_of
from models.message import MessageRow
from models.queries import messages
from models.user import User
from sandbox.ports import free_port
from tests import given
from tests.activities.messengers import make_due, steps_of
from tests.outbox import Outbox
from tests.payloads import texts_in
from tests.workflows.conftest import QUEUE
from tests.workflows.topups import Gateway
from workflows.message import DeliverMessage, SendQueued

MESSAGES = ids.messages_queue(QUEUE)
Seen = list[WorkflowHandle[Any, Any]]


@pytest.fixture
async def gateway(simulator: httpx.AsyncClient) -> AsyncIterator[Gateway]:
    gateway = Gateway(simulator)
    await gateway.behave()
    yield gateway
    await gateway.behave()


async def queued(sessions: Sessions, kind: NoticeKind = NoticeKind.EMAIL_VERIFICATION) -> UUID:
    user_id = await given.a_user(sessions)
    async with sessions.begin() as session:
        return await messages.queue(session, Notice(kind, user_id))


async def email_of(sessions: Sessions, message_id: UUID) -> str:
    async with sessions() as session:
        row = await session.get_one(MessageRow, message_id)
    assert row.user_id
    return await email_of_user(sessions, row.user_id)


async def email_of_user(sessions: Sessions, user_id: UUID) -> str:
    async with sessions() as session:
        return (await session.get_one(User, user_id)).email


async def status_of(sessions: Sessions, message_id: UUID) -> MessageStatus:
    async with sessions() as session:
        return (await session.get_one(MessageRow, message_id)).status


async def begin(
    client: Client, message_id: UUID, queue: str = MESSAGES
) -> WorkflowHandle[DeliverMessage, str]:
    return await client.start_workflow(
        DeliverMessage.run, message_id, id=ids.message_workflow(message_id), task_queue=queue
    )


async def test_a_message_is_sent_and_its_history_tells_nothing(
    client: Client, sessions: Sessions, simulator: httpx.AsyncClient, gateway: Gateway, seen: Seen
) -> None:
    message_id = await queued(sessions)
    email = await email_of(sessions, message_id)

    handle = await begin(client, message_id)
    seen.append(handle)

    assert await handle.result() == "sent"
    (letter,) = await Outbox(simulator).to(email)
    kept = " ".join(await texts_in(handle))
    assert str(message_id) in kept
    assert email not in kept
    assert letter["text"].rpartition("token=")[2] not in kept


async def test_what_is_refused_for_good_ends_its_workflow(
    client: Client, sessions: Sessions, gateway: Gateway, seen: Seen
) -> None:
    await gateway.misbehave(operation="postmark", behaviour="code", code=406, status=422)
    handle = await begin(client, await queued(sessions))
    seen.append(handle)

    assert await handle.result() == "failed"


async def test_a_message_that_does_not_go_at_once_is_left_to_the_rounds(
    client: Client, sessions: Sessions, simulator: httpx.AsyncClient, gateway: Gateway, seen: Seen
) -> None:
    await go_round(client)
    await gateway.misbehave(operation="postmark", behaviour="outage")
    message_id = await queued(sessions)
    calls = await gateway.calls("postmark")
    handle = await begin(client, message_id)
    seen.append(handle)
    assert await handle.result() == "queued"
    assert await gateway.calls("postmark") == calls + 1

    await make_due(sessions, message_id)
    assert sent_in(await go_round(client)) >= 1

    assert await status_of(sessions, message_id) is MessageStatus.SENT
    assert len(await Outbox(simulator).to(await email_of(sessions, message_id))) == 1


async def test_a_message_whose_step_breaks_is_left_to_the_rounds(
    time: WorkflowEnvironment, seen: Seen
) -> None:
    engine = create_engine(f"postgresql://assets:app@127.0.0.1:{free_port()}/assets", 1)
    steps = steps_of(sessions_of(engine), {})
    queue = "messages-without-a-database"
    async with Worker(
        time.client,
        task_queue=queue,
        workflows=[DeliverMessage],
        activities=[steps.deliver_message],
    ):
        handle = await begin(time.client, uuid4(), queue)
        seen.append(handle)
        assert await handle.result() == "queued"
    await engine.dispose()


async def test_a_round_sends_what_nobody_has_begun_with(
    client: Client, sessions: Sessions, simulator: httpx.AsyncClient, gateway: Gateway, seen: Seen
) -> None:
    await go_round(client)
    forgotten = [await queued(sessions, NoticeKind.PASSWORD_CHANGED) for _ in range(3)]

    handle = await begin_round(client)
    seen.append(handle)

    assert sent_in(await handle.result()) >= len(forgotten)
    for message_id in forgotten:
        assert await status_of(sessions, message_id) is MessageStatus.SENT
        assert len(await Outbox(simulator).to(await email_of(sessions, message_id))) == 1


async def test_rounds_follow_each_other_and_outlast_a_provider_that_is_away(
    client: Client,
    sessions: Sessions,
    time: WorkflowEnvironment,
    simulator: httpx.AsyncClient,
    gateway: Gateway,
    seen: Seen,
) -> None:
    await go_round(client)
    await gateway.misbehave(operation="postmark", behaviour="outage", times=None)
    message_id = await queued(sessions)
    handle = await begin_round(client, timedelta(minutes=3))
    seen.append(handle)
    for tries in (1, 2, 3):
        await given.eventually(partial(is_put_off, sessions, message_id, tries))
        await make_due(sessions, message_id)
        await time.fast_forward(handle, timedelta(minutes=3))
    await gateway.behave()
    await make_due(sessions, message_id)
    await time.fast_forward(handle, timedelta(minutes=3))

    async def is_sent() -> bool:
        return await status_of(sessions, message_id) is MessageStatus.SENT

    await given.eventually(is_sent)
    assert len(await Outbox(simulator).to(await email_of(sessions, message_id))) == 1
    await given.eventually(partial(has_paused, handle, 5))
    await handle.terminate("a hundred rounds are many")


async def test_a_round_that_is_not_over_is_followed_by_the_next_without_a_pause(
    client: Client,
    sessions: Sessions,
    simulator: httpx.AsyncClient,
    gateway: Gateway,
    seen: Seen,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    await go_round(client)
    user_id = await given.a_user(sessions)
    async with sessions.begin() as session:
        for _ in range(2 * rounds.AT_ONCE + 1):
            await messages.queue(session, Notice(NoticeKind.PASSWORD_CHANGED, user_id))
    # A round is over in time for one batch of these.
    monkeypatch.setattr(rounds, "LONGEST_ROUND", timedelta(seconds=0.2))
    await gateway.misbehave(operation="postmark", behaviour="delay", seconds=0.3, times=None)

    handle = await begin_round(client, timedelta(minutes=3))
    seen.append(handle)

    await given.eventually(partial(has_paused, handle, 1))
    assert (await commands_of(handle)) == [*3 * ["activity"], "pause"]
    letters = await Outbox(simulator).to(await email_of_user(sessions, user_id))
    assert len(letters) == 2 * rounds.AT_ONCE + 1
    await handle.terminate("three rounds are enough")


async def begin_round(
    client: Client, pace: timedelta | None = None
) -> WorkflowHandle[SendQueued, str]:
    return await client.start_workflow(
        SendQueued.run, pace, id=f"deliver-messages-{uuid4()}", task_queue=MESSAGES
    )


async def go_round(client: Client) -> str:
    """Send what is due, and what other tests have left behind."""
    return await (await begin_round(client)).result()


def sent_in(said: str) -> int:
    """Read how many were sent; those that other tests have left behind are among them."""
    return int(said.removeprefix("sent: ").partition(",")[0])


async def is_put_off(sessions: Sessions, message_id: UUID, tries: int) -> bool:
    async with sessions() as session:
        return (await session.get_one(MessageRow, message_id)).failed_tries == tries


async def has_paused(handle: WorkflowHandle[SendQueued, str], times: int) -> bool:
    return (await commands_of(handle)).count("pause") >= times


async def commands_of(handle: WorkflowHandle[SendQueued, str]) -> list[str]:
    """Return what a workflow has begun so far: rounds, and pauses between them."""
    begun = {
        EventType.EVENT_TYPE_ACTIVITY_TASK_SCHEDULED: "activity",
        EventType.EVENT_TYPE_TIMER_STARTED: "pause",
    }
    events = (await handle.fetch_history()).events
    return [begun[event.event_type] for event in events if event.event_type in begun]
