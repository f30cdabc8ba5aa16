"""Messages under test: the steps that send them, with real clients and the simulator behind."""

import random
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any
from uuid import UUID

import httpx
from sqlalchemy import func, update

from activities.message_tries import MessageTries
from activities.messages import ProviderMessageSteps
from domain.messages.notice import Channel, Notice, NoticeKind
from gateways.kavenegar import Kavenegar
from gateways.message import MessageGateway
from gateways.postmark import Postmark
from models.account_secrets import AccountSecrets
from models.base import new_id
from models.database import Sessions
from models.message import MessageRow
from models.personal import PersonalData
from models.queries import messages
from models.user import User
from sandbox.gateway.app import create_app
from tests import given
from tests.conftest import KEYS

INDEX_KEY = b"an index key of enough characters"
FRONTEND = "https://app.example.com"
PERSONAL = PersonalData.under(KEYS, INDEX_KEY)
SECRETS = AccountSecrets.under(INDEX_KEY)


@asynccontextmanager
async def simulating(folder: Path) -> AsyncIterator[httpx.AsyncClient]:
    app = create_app(folder / "state.sqlite", "http://simulator")
    transport = httpx.ASGITransport(app)
    async with (
        app.router.lifespan_context(app),
        httpx.AsyncClient(transport=transport, base_url="http://simulator") as http,
    ):
        yield http


def clients(simulator: httpx.AsyncClient) -> dict[Channel, MessageGateway]:
    return {
        Channel.EMAIL: Postmark(simulator, "http://simulator", "token", "assets@example.com"),
        Channel.SMS: Kavenegar(simulator, "http://simulator", "key"),
    }


def steps_of(
    sessions: Sessions, gateways: Mapping[Channel, MessageGateway]
) -> ProviderMessageSteps:
    return ProviderMessageSteps(MessageTries(sessions, gateways, PERSONAL, SECRETS, FRONTEND))


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


async def make_due(sessions: Sessions, message_id: UUID) -> None:
    """Let the pause before the next try be over."""
    statement = update(MessageRow).where(MessageRow.id == message_id)
    async with sessions.begin() as session:
        await session.execute(statement.values(held_until=func.clock_timestamp()))
