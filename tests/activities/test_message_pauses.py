"""A message that cannot go now: when it goes, and that it goes once."""

from datetime import UTC, datetime, timedelta
from uuid import UUID

import httpx
import pytest
from sqlalchemy import text, update

from activities.message_tries import Try
from activities.messages import HELD, ProviderMessageSteps
from domain.messages.notice import Channel, MessageStatus, Notice, NoticeKind
from domain.messages.sending import Quiet
from models.database import Sessions
from models.message import MessageRow
from models.queries import message_log, messages, preferences
from tests.activities.messengers import (
    dialled,
    make_due,
    queued,
    script,
    somebody,
    stored,
)
from tests.outbox import Outbox


async def test_the_pause_grows_with_each_try_that_came_to_nothing(
    steps: ProviderMessageSteps, sessions: Sessions, simulator: httpx.AsyncClient
) -> None:
    user = await somebody(sessions)
    message_id = await queued(sessions, NoticeKind.ROLE_CHANGED, user)
    await script(simulator, "postmark", behaviour="outage", times=None)
    pauses = []
    for _ in range(4):
        assert await steps.deliver_message(message_id) is MessageStatus.QUEUED
        row = await stored(sessions, message_id)
        assert row.tried_at
        assert row.held_until
        pauses.append(round((row.held_until - row.tried_at) / timedelta(seconds=2)))
        await make_due(sessions, message_id)

    assert pauses == [1, 2, 4, 8]


async def test_a_killed_worker_leaves_its_message_to_others_after_a_minute(
    steps: ProviderMessageSteps, sessions: Sessions, outbox: Outbox
) -> None:
    """Killed after its provider took the message, and before that was noted."""
    user = await somebody(sessions)
    message_id = await queued(sessions, NoticeKind.PHONE_CODE, user)
    killed = await taken_in_hand(steps, message_id)
    await steps.tries.gateways[Channel.SMS].send(killed.outgoing)

    assert await steps.deliver_message(message_id) is MessageStatus.QUEUED
    row = await stored(sessions, message_id)
    assert row.tried_at
    assert row.held_until
    assert row.held_until - row.tried_at == HELD
    await make_due(sessions, message_id)

    assert await steps.deliver_message(message_id) is MessageStatus.SENT
    assert len(await outbox.to(dialled(user))) == 1
    assert (await stored(sessions, message_id)).attempts == 1


async def taken_in_hand(steps: ProviderMessageSteps, message_id: UUID) -> Try:
    async with steps.tries.sessions.begin() as session:
        due = await messages.begin(session, message_id)
        assert due
        batch = await steps.tries.take(session, [due], 1, HELD)
    return batch.tries[0]


async def test_what_is_sent_again_is_not_taken_for_what_had_failed(
    steps: ProviderMessageSteps, sessions: Sessions, outbox: Outbox, simulator: httpx.AsyncClient
) -> None:
    user = await somebody(sessions)
    async with sessions.begin() as session:
        notice = Notice(NoticeKind.TRANSFER_RECEIVED, user.id, Channel.SMS, facts={"amount": "1"})
        message_id = await messages.queue(session, notice)
    assert await steps.deliver_message(message_id) is MessageStatus.SENT
    async with sessions.begin() as session:  # its provider reports that it was not delivered
        await session.execute(
            update(MessageRow)
            .where(MessageRow.id == message_id)
            .values(status=MessageStatus.FAILED, created_at=text("now() - interval '80 hours'"))
        )
        await message_log.resend(session, message_id)

    assert await steps.deliver_message(message_id) is MessageStatus.SENT

    assert len(await outbox.to(dialled(user))) == 2
    row = await stored(sessions, message_id)
    assert (row.attempts, row.provider) == (2, "kavenegar")
    assert "kavenegar_status" not in (await simulator.get("/control/")).json()["calls"]


@pytest.mark.parametrize(
    ("kind", "status"),
    [
        (NoticeKind.TRANSFER_RECEIVED, MessageStatus.QUEUED),
        (NoticeKind.PASSWORD_CHANGED, MessageStatus.SENT),
        (NoticeKind.WITHDRAWAL_ASKED, MessageStatus.SENT),
    ],
)
async def test_nobody_is_woken_but_for_what_concerns_their_account(
    steps: ProviderMessageSteps, sessions: Sessions, kind: NoticeKind, status: MessageStatus
) -> None:
    user = await somebody(sessions)
    now = datetime.now(UTC)
    quiet = Quiet((now - timedelta(hours=1)).time(), (now + timedelta(hours=5)).time(), "UTC")
    async with sessions.begin() as session:
        await preferences.be_quiet(session, user.id, quiet)
    message_id = await queued(sessions, kind, user, facts={"amount": "1", "balance": "1"})

    assert await steps.deliver_message(message_id) is status

    row = await stored(sessions, message_id)
    if status is MessageStatus.QUEUED:
        assert row.held_until == now + timedelta(hours=5)
        assert (row.attempts, row.failed_tries, row.last_error) == (0, 0, None)
        await make_due(sessions, message_id)
        async with sessions.begin() as session:
            await preferences.be_quiet(session, user.id, None)
        assert await steps.deliver_message(message_id) is MessageStatus.SENT
