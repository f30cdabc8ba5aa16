"""A message is handed over once, whatever its provider does, and its secret is in it alone."""

import asyncio
import random
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import httpx
import pytest
from sqlalchemy import text, update

from activities.messages import ProviderMessageSteps, SentElsewhere
from domain.notice import Channel, MessageStatus, Notice, NoticeKind
from gateways.errors import Declined, GatewayError, OutcomeUnknown, Unavailable
from gateways.kavenegar import Kavenegar
from gateways.postmark import Postmark
from models.account_secrets import AccountSecrets, token_digest
from models.base import new_id
from models.database import Sessions
from models.message import MessageRow
from models.personal import PersonalData
from models.queries import account_tokens, messages
from models.user import User
from sandbox.gateway.app import create_app
from tests import given
from tests.conftest import KEYS
from tests.outbox import Outbox, token_in

INDEX_KEY = b"an index key of enough characters"
FRONTEND = "https://app.example.com"
PERSONAL = PersonalData.under(KEYS, INDEX_KEY)
SECRETS = AccountSecrets.under(INDEX_KEY)


@pytest.fixture
async def simulator(tmp_path: Path) -> AsyncIterator[httpx.AsyncClient]:
    app = create_app(tmp_path / "state.sqlite", "http://simulator")
    transport = httpx.ASGITransport(app)
    async with (
        app.router.lifespan_context(app),
        httpx.AsyncClient(transport=transport, base_url="http://simulator") as http,
    ):
        yield http


@pytest.fixture
def outbox(simulator: httpx.AsyncClient) -> Outbox:
    return Outbox(simulator)


@pytest.fixture
def steps(simulator: httpx.AsyncClient, sessions: Sessions) -> ProviderMessageSteps:
    gateways = {
        Channel.EMAIL: Postmark(simulator, "http://simulator", "token", "assets@example.com"),
        Channel.SMS: Kavenegar(simulator, "http://simulator", "key"),
    }
    return ProviderMessageSteps(sessions, gateways, PERSONAL, SECRETS, FRONTEND)


async def script(simulator: httpx.AsyncClient, operation: str, **fault: Any) -> None:
    answer = await simulator.post("/control/", json={"operation": operation} | fault)
    assert answer.status_code == 201, answer.text


async def somebody(sessions: Sessions, **changes: Any) -> User:
    user_id = new_id()
    phone = f"+989{random.randrange(10**9):09}"
    await given.a_user(
        sessions, id=user_id, locale="en", **PERSONAL.sealed_phone(user_id, phone), **changes
    )
    async with sessions() as session:
        return await session.get_one(User, user_id)


def dialled(user: User) -> str:
    return f"0{(PERSONAL.phone_of(user) or '')[3:]}"


async def queued(sessions: Sessions, kind: NoticeKind, user: User | None, **more: Any) -> UUID:
    channel = Channel.SMS if kind is NoticeKind.PHONE_CODE else Channel.EMAIL
    notice = Notice(kind, user.id if user else None, channel, **more)
    async with sessions.begin() as session:
        return await messages.queue(session, notice)


async def stored(sessions: Sessions, message_id: UUID) -> MessageRow:
    async with sessions() as session:
        return await session.get_one(MessageRow, message_id)


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

    outcomes = await asyncio.gather(
        *(steps.deliver_message(message_id) for _ in range(4)), return_exceptions=True
    )

    assert outcomes.count(MessageStatus.SENT) == 1
    assert all(isinstance(one, SentElsewhere | MessageStatus) for one in outcomes)
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

    with pytest.raises(GatewayError):
        await steps.deliver_message(message_id)
    row = await stored(sessions, message_id)
    assert (row.status, row.attempts) == (MessageStatus.QUEUED, 1)
    assert row.last_error
    assert user.email not in row.last_error

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
    for _ in range(2):  # sent without an answer, then asked about without one
        with pytest.raises(OutcomeUnknown):
            await steps.deliver_message(message_id)

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
    with pytest.raises(Declined):
        await steps.deliver_message(message_id)

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
    bare = ProviderMessageSteps(sessions, {}, PERSONAL, SECRETS, FRONTEND)

    assert await bare.deliver_message(message_id) is MessageStatus.FAILED

    assert (await stored(sessions, message_id)).last_error == (
        f"no provider of {channel} is set up: see the settings"
    )


@pytest.mark.parametrize(
    ("kind", "age"),
    [
        (NoticeKind.PHONE_CODE, "11 minutes"),
        (NoticeKind.PASSWORD_RESET, "61 minutes"),
        (NoticeKind.SESSION_STOLEN, "25 hours"),
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


async def test_only_what_nobody_looks_after_is_found_waiting(
    steps: ProviderMessageSteps, own_sessions: Sessions
) -> None:
    user_id = await given.a_user(own_sessions)
    own = ProviderMessageSteps(own_sessions, {}, PERSONAL, SECRETS, FRONTEND)
    notice = Notice(NoticeKind.ROLE_CHANGED, user_id)
    async with own_sessions.begin() as session:
        made = [await messages.queue(session, notice) for _ in range(5)]
    assert await own.find_waiting_messages() == ()  # whoever stored them starts them
    await age(own_sessions, created_at="11 seconds")

    assert await own.find_waiting_messages() == tuple(made)
    await age(own_sessions, tried_at="14 minutes")
    assert await own.find_waiting_messages() == ()
    await age(own_sessions, tried_at="16 minutes")
    assert await own.find_waiting_messages() == tuple(made)


async def age(sessions: Sessions, **columns: str) -> None:
    values = {
        name: text(f"clock_timestamp() - interval '{past}'") for name, past in columns.items()
    }
    async with sessions.begin() as session:
        await session.execute(update(MessageRow).values(values))


async def test_a_provider_that_is_away_leaves_nothing_of_the_secret_behind(
    steps: ProviderMessageSteps, sessions: Sessions
) -> None:
    user = await somebody(sessions)
    message_id = await queued(sessions, NoticeKind.EMAIL_VERIFICATION, user)
    gone = httpx.AsyncClient(transport=httpx.MockTransport(refuse))
    away = ProviderMessageSteps(
        sessions,
        {Channel.EMAIL: Postmark(gone, "http://gone.test", "token", "assets@example.com")},
        PERSONAL,
        SECRETS,
        FRONTEND,
    )

    with pytest.raises(Unavailable) as error:
        await away.deliver_message(message_id)

    assert error.value.__cause__ is None
    assert user.email not in str(error.value)


def refuse(request: httpx.Request) -> httpx.Response:
    raise httpx.ConnectError(f"cannot send {request.content!r}")
