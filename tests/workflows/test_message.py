"""Messages by their workflow: sent once, however long a provider is away, and never forgotten."""

from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import httpx
import pytest
from sqlalchemy import text, update
from temporalio.client import Client, WorkflowHandle
from temporalio.testing import WorkflowEnvironment

from domain import ids
from domain.notice import MessageStatus, Notice, NoticeKind
from models.database import Sessions
from models.message import MessageRow
from models.queries import messages
from models.user import User
from tests import given
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
        return (await session.get_one(User, row.user_id)).email


async def status_of(sessions: Sessions, message_id: UUID) -> MessageStatus:
    async with sessions() as session:
        return (await session.get_one(MessageRow, message_id)).status


async def begin(client: Client, message_id: UUID) -> WorkflowHandle[DeliverMessage, str]:
    return await client.start_workflow(
        DeliverMessage.run, message_id, id=ids.message_workflow(message_id), task_queue=MESSAGES
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


async def test_a_provider_that_is_away_for_hours_delays_the_message(
    client: Client,
    sessions: Sessions,
    time: WorkflowEnvironment,
    simulator: httpx.AsyncClient,
    gateway: Gateway,
    seen: Seen,
) -> None:
    await gateway.misbehave(operation="postmark", behaviour="outage", times=None)
    message_id = await queued(sessions)
    email = await email_of(sessions, message_id)
    handle = await begin(client, message_id)
    seen.append(handle)

    async def was_tried() -> bool:
        return await gateway.calls("postmark") >= 1

    await given.eventually(was_tried)
    await time.fast_forward(handle, timedelta(hours=3))
    tries = await gateway.calls("postmark")
    assert await status_of(sessions, message_id) is MessageStatus.QUEUED
    await gateway.behave()
    await time.fast_forward(handle, timedelta(minutes=10))

    assert await handle.result() == "sent"
    assert len(await Outbox(simulator).to(email)) == 1
    # Quickly at first, then six times an hour.
    assert 15 <= tries <= 40


async def test_what_is_refused_for_good_ends_its_workflow(
    client: Client, sessions: Sessions, gateway: Gateway, seen: Seen
) -> None:
    await gateway.misbehave(operation="postmark", behaviour="code", code=406, status=422)
    handle = await begin(client, await queued(sessions))
    seen.append(handle)

    assert await handle.result() == "failed"


async def test_forgotten_messages_are_found_and_each_gets_its_own_workflow(
    client: Client, sessions: Sessions, simulator: httpx.AsyncClient, gateway: Gateway, seen: Seen
) -> None:
    forgotten = [await queued(sessions, NoticeKind.PASSWORD_CHANGED) for _ in range(3)]
    async with sessions.begin() as session:
        await session.execute(
            update(MessageRow)
            .where(MessageRow.id.in_(forgotten))
            .values(created_at=text("clock_timestamp() - interval '11 seconds'"))
        )
    fresh = await queued(sessions, NoticeKind.PASSWORD_CHANGED)

    handle = await client.start_workflow(
        SendQueued.run, id=f"deliver-messages-{uuid4()}", task_queue=MESSAGES
    )
    seen.append(handle)
    said = await handle.result()

    assert int(said.split()[0]) >= len(forgotten)
    for message_id in forgotten:
        own = client.get_workflow_handle(ids.message_workflow(message_id))
        assert await own.result() == "sent"
        assert len(await Outbox(simulator).to(await email_of(sessions, message_id))) == 1
    assert await status_of(sessions, fresh) is MessageStatus.QUEUED


async def test_one_that_is_under_way_already_is_left_to_it(
    client: Client, sessions: Sessions, simulator: httpx.AsyncClient, gateway: Gateway
) -> None:
    await gateway.misbehave(operation="postmark", behaviour="outage")
    message_id = await queued(sessions)
    handle = await begin(client, message_id)

    async def was_tried() -> bool:
        return await gateway.calls("postmark") >= 1

    await given.eventually(was_tried)
    async with sessions.begin() as session:
        await session.execute(
            update(MessageRow)
            .where(MessageRow.id == message_id)
            .values(tried_at=text("clock_timestamp() - interval '16 minutes'"))
        )
    round_ = await client.execute_workflow(
        SendQueued.run, id=f"deliver-messages-{uuid4()}", task_queue=MESSAGES
    )

    assert int(round_.split()[0]) >= 1
    assert await handle.result() == "sent"
    assert len(await Outbox(simulator).to(await email_of(sessions, message_id))) == 1
