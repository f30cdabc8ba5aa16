"""A message is handed over once, whatever its provider does, and its secret is in it alone."""

import asyncio
from typing import Any
from uuid import uuid4

import httpx
import pytest
from sqlalchemy import text, update

from activities.messages import ProviderMessageSteps
from domain.messages.notice import Channel, MessageStatus, Notice, NoticeKind
from gateways.postmark import Postmark
from models.account_secrets import token_digest
from models.database import Sessions
from models.message import MessageRow
from models.queries import account_tokens, messages
from tests.activities.messengers import (
    FRONTEND,
    SECRETS,
    dialled,
    make_due,
    queued,
    script,
    somebody,
    steps_of,
    stored,
)
from tests.outbox import Outbox, token_in


async def test_twice_is_once(
    steps: ProviderMessageSteps, sessions: Sessions, outbox: Outbox
) -> None:
    user = await somebody(sessions)
    message_id = await queued(sessions, NoticeKind.ROLE_CHANGED, user, facts={"role": "admin"})

    statuses = [await steps.deliver_message(message_id) for _ in range(2)]

    assert statuses == [MessageStatus.SENT, MessageStatus.SENT]
    (letter,) = await outbox.to(user.email)
    assert letter["channel"] == "email"
    assert letter["subject"] == "Your role was changed"
    assert "“admin”" in letter["text"]
    row = await stored(sessions, message_id)
    assert (row.status, row.provider, row.attempts) == (MessageStatus.SENT, "postmark", 1)
    assert row.provider_id
    assert row.sent_at


async def test_two_workers_at_once_send_one(
    steps: ProviderMessageSteps, sessions: Sessions, outbox: Outbox, simulator: httpx.AsyncClient
) -> None:
    user = await somebody(sessions)
    message_id = await queued(sessions, NoticeKind.EMAIL_VERIFICATION, user)
    await script(simulator, "postmark", behaviour="delay", seconds=0.2)

    statuses = await asyncio.gather(*(steps.deliver_message(message_id) for _ in range(4)))

    assert sorted(statuses) == [*3 * [MessageStatus.QUEUED], MessageStatus.SENT]
    (letter,) = await outbox.to(user.email)
    assert await is_usable(sessions, letter["text"])


async def is_usable(sessions: Sessions, letter: str) -> bool:
    """Whether the secret in a letter is the one that is stored."""
    digest = token_digest(token_in(letter, f"{FRONTEND}/verify-email"))
    async with sessions() as session:
        purpose = NoticeKind.EMAIL_VERIFICATION
        return await account_tokens.use(session, purpose, digest, uuid4()) is not None


@pytest.mark.parametrize(
    ("behaviour", "letters"),
    [
        ({"behaviour": "outage"}, 1),
        ({"behaviour": "code", "code": 0, "status": 429}, 1),
        ({"behaviour": "code", "code": 10, "status": 401}, 1),
        # Postmark cannot be asked, so the second copy is sent; its link is the one that works.
        ({"behaviour": "html"}, 2),
    ],
)
async def test_an_email_is_tried_again_until_it_is_taken(
    steps: ProviderMessageSteps,
    sessions: Sessions,
    outbox: Outbox,
    simulator: httpx.AsyncClient,
    behaviour: dict[str, Any],
    letters: int,
) -> None:
    user = await somebody(sessions)
    message_id = await queued(sessions, NoticeKind.EMAIL_VERIFICATION, user)
    await script(simulator, "postmark", **behaviour)

    assert await steps.deliver_message(message_id) is MessageStatus.QUEUED
    row = await stored(sessions, message_id)
    assert (row.status, row.attempts, row.failed_tries) == (MessageStatus.QUEUED, 1, 1)
    assert row.last_error
    assert user.email not in row.last_error

    # Not before its pause is over.
    assert await steps.deliver_message(message_id) is MessageStatus.QUEUED
    await make_due(sessions, message_id)
    assert await steps.deliver_message(message_id) is MessageStatus.SENT
    newest, *older = await outbox.to(user.email)
    assert 1 + len(older) == letters
    assert await is_usable(sessions, newest["text"])
    assert not [one for one in older if await is_usable(sessions, one["text"])]
    assert (await stored(sessions, message_id)).last_error is None


async def test_an_sms_whose_answer_was_lost_is_asked_about_and_not_sent_again(
    steps: ProviderMessageSteps,
    sessions: Sessions,
    outbox: Outbox,
    simulator: httpx.AsyncClient,
) -> None:
    user = await somebody(sessions)
    message_id = await queued(sessions, NoticeKind.PHONE_CODE, user)
    await script(simulator, "kavenegar", behaviour="html")
    await script(simulator, "kavenegar_status", behaviour="outage")
    for tries in (1, 2):  # sent without an answer, then asked about without one
        assert await steps.deliver_message(message_id) is MessageStatus.QUEUED
        row = await stored(sessions, message_id)
        assert (row.attempts, row.failed_tries) == (1, tries)
        await make_due(sessions, message_id)

    assert await steps.deliver_message(message_id) is MessageStatus.SENT

    assert len(await outbox.to(dialled(user))) == 1
    code = await outbox.code(dialled(user))
    async with sessions.begin() as session:
        guess = await account_tokens.guess(
            session,
            user.id,
            NoticeKind.PHONE_CODE,
            SECRETS.code_digest(user.id, code),
            uuid4(),
        )
    assert guess.is_right
    assert guess.target == user.phone_index


async def test_an_sms_that_was_not_taken_is_sent_with_another_code(
    steps: ProviderMessageSteps, sessions: Sessions, outbox: Outbox, simulator: httpx.AsyncClient
) -> None:
    user = await somebody(sessions)
    message_id = await queued(sessions, NoticeKind.PHONE_CODE, user)
    await script(simulator, "kavenegar", behaviour="code", code=409, status=409)
    assert await steps.deliver_message(message_id) is MessageStatus.QUEUED
    await make_due(sessions, message_id)

    assert await steps.deliver_message(message_id) is MessageStatus.SENT

    assert len(await outbox.to(dialled(user))) == 1
    row = await stored(sessions, message_id)
    assert (row.attempts, row.provider) == (2, "kavenegar")


@pytest.mark.parametrize(
    ("kind", "operation", "code"),
    [
        (NoticeKind.ROLE_CHANGED, "postmark", 406),
        (NoticeKind.ROLE_CHANGED, "postmark", 300),
        (NoticeKind.PHONE_CODE, "kavenegar", 411),
        (NoticeKind.PHONE_CODE, "kavenegar", 413),
    ],
)
async def test_what_is_refused_for_good_fails_with_words_and_is_not_tried_again(
    steps: ProviderMessageSteps,
    sessions: Sessions,
    simulator: httpx.AsyncClient,
    kind: NoticeKind,
    operation: str,
    code: int,
) -> None:
    user = await somebody(sessions)
    message_id = await queued(sessions, kind, user)
    await script(simulator, operation, behaviour="code", code=code, status=422)

    statuses = [await steps.deliver_message(message_id) for _ in range(2)]

    assert statuses == [MessageStatus.FAILED, MessageStatus.FAILED]
    row = await stored(sessions, message_id)
    assert str(code) in (row.last_error or "")
    assert (await simulator.get("/control/")).json()["calls"][operation] == 1


@pytest.mark.parametrize("channel", [Channel.SMS, Channel.WHATSAPP])
async def test_without_credentials_a_message_fails_and_says_so(
    sessions: Sessions, channel: Channel
) -> None:
    user = await somebody(sessions)
    async with sessions.begin() as session:
        notice = Notice(NoticeKind.PHONE_CODE, user.id, channel)
        message_id = await messages.queue(session, notice)

    assert await steps_of(sessions, {}).deliver_message(message_id) is MessageStatus.FAILED

    assert (await stored(sessions, message_id)).last_error == (
        f"no provider of {channel} is set up: see the settings"
    )


@pytest.mark.parametrize(
    ("kind", "age"),
    [
        (NoticeKind.PHONE_CODE, "11 minutes"),
        (NoticeKind.PASSWORD_RESET, "61 minutes"),
        (NoticeKind.SESSION_STOLEN, "25 hours"),
        (NoticeKind.TRANSFER_RECEIVED, "73 hours"),
    ],
)
async def test_what_could_not_be_sent_in_time_is_given_up(
    steps: ProviderMessageSteps,
    sessions: Sessions,
    simulator: httpx.AsyncClient,
    kind: NoticeKind,
    age: str,
) -> None:
    user = await somebody(sessions)
    message_id = await queued(sessions, kind, user)
    async with sessions.begin() as session:
        await session.execute(
            update(MessageRow)
            .where(MessageRow.id == message_id)
            .values(created_at=text(f"clock_timestamp() - interval '{age}'"))
        )

    assert await steps.deliver_message(message_id) is MessageStatus.FAILED

    assert "in time" in ((await stored(sessions, message_id)).last_error or "")
    assert (await simulator.get("/control/")).json()["calls"] == {}


@pytest.mark.parametrize(
    ("kind", "proven"),
    [
        (NoticeKind.EMAIL_VERIFICATION, {"email_verified": True}),
        (NoticeKind.PHONE_CODE, {"phone_verified": True}),
    ],
)
async def test_what_was_proven_meanwhile_is_not_asked_for(
    steps: ProviderMessageSteps, sessions: Sessions, kind: NoticeKind, proven: dict[str, bool]
) -> None:
    user = await somebody(sessions, **proven)
    message_id = await queued(sessions, kind, user)

    assert await steps.deliver_message(message_id) is MessageStatus.FAILED
    assert (await stored(sessions, message_id)).last_error == "the address is verified already"


async def test_an_address_of_nobody_ends_quietly_and_is_forgotten(
    steps: ProviderMessageSteps, sessions: Sessions, outbox: Outbox
) -> None:
    nobody = f"{uuid4().hex}@example.test"
    message_id = await queued(sessions, NoticeKind.PASSWORD_RESET, None, address=nobody)

    assert await steps.deliver_message(message_id) is MessageStatus.FAILED

    row = await stored(sessions, message_id)
    assert (row.address, row.user_id) == (None, None)
    assert nobody not in (row.last_error or "")
    assert await outbox.to(nobody) == []


async def test_an_address_of_somebody_becomes_their_message(
    steps: ProviderMessageSteps, sessions: Sessions, outbox: Outbox
) -> None:
    user = await somebody(sessions)
    message_id = await queued(sessions, NoticeKind.PASSWORD_RESET, None, address=user.email)

    assert await steps.deliver_message(message_id) is MessageStatus.SENT

    row = await stored(sessions, message_id)
    assert (row.address, row.user_id) == (None, user.id)
    (letter,) = await outbox.to(user.email)
    assert token_in(letter["text"], f"{FRONTEND}/reset-password")


async def test_a_message_that_was_never_stored_ends_at_once(steps: ProviderMessageSteps) -> None:
    assert await steps.deliver_message(uuid4()) is MessageStatus.FAILED


async def test_a_provider_that_is_away_leaves_nothing_of_the_secret_behind(
    steps: ProviderMessageSteps, sessions: Sessions
) -> None:
    user = await somebody(sessions)
    message_id = await queued(sessions, NoticeKind.EMAIL_VERIFICATION, user)
    gone = httpx.AsyncClient(transport=httpx.MockTransport(refuse))
    mail = Postmark(gone, "http://gone.test", "token", "assets@example.com")
    away = steps_of(sessions, {Channel.EMAIL: mail})

    assert await away.deliver_message(message_id) is MessageStatus.QUEUED

    assert (await stored(sessions, message_id)).last_error == "postmark: ConnectError"


def refuse(request: httpx.Request) -> httpx.Response:
    raise httpx.ConnectError(f"cannot send {request.content!r}")
