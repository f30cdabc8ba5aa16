"""An API that takes the reports of every provider, and messages for them to report on."""

from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import UTC, datetime
from typing import Any
from uuid import UUID, uuid4

import httpx
import pytest

from domain.messages.notice import Channel, MessageStatus, NoticeKind
from models.base import new_id
from models.database import Sessions
from models.message import MessageRow
from settings import Settings
from tests import given
from tests.api.conftest import serving
from tests.api.webhooks.callers import SETTINGS, Asked

CHANNELS = {
    "postmark": Channel.EMAIL,
    "sendgrid": Channel.EMAIL,
    "twilio": Channel.SMS,
    "kavenegar": Channel.SMS,
    "whatsapp_cloud": Channel.WHATSAPP,
}
SENT_AT = datetime(2026, 11, 22, 9, 0, tzinfo=UTC)


@pytest.fixture(scope="session")
async def api(settings: Settings) -> AsyncIterator[httpx.AsyncClient]:
    changed = Settings(_env_file=None, **settings.model_dump() | SETTINGS)
    async with serving(changed) as http:
        yield http


@pytest.fixture(scope="session")
async def bare(settings: Settings) -> AsyncIterator[httpx.AsyncClient]:
    """An API that can tell no provider from a forger."""
    nothing = dict.fromkeys(SETTINGS) | {"api_url": "http://localhost:8000"}
    async with serving(Settings(_env_file=None, **settings.model_dump() | nothing)) as http:
        yield http


Send = Callable[[Asked], Awaitable[httpx.Response]]


@pytest.fixture
def post(api: httpx.AsyncClient) -> Send:
    async def post(asked: Asked) -> httpx.Response:
        return await api.request("POST", **asked)

    return post


class Sent:
    """A message that a provider has taken."""

    def __init__(self, sessions: Sessions, message_id: UUID, name: str) -> None:
        self.sessions = sessions
        self.id = message_id
        self.name = name

    async def row(self) -> MessageRow:
        async with self.sessions() as session:
            return await session.get_one(MessageRow, self.id)

    async def told(self) -> tuple[str | None, str, str | None]:
        row = await self.row()
        return row.delivery, row.status, row.last_error

    async def everything(self) -> dict[str, Any]:
        row = await self.row()
        return {one.key: getattr(row, one.key) for one in MessageRow.__mapper__.column_attrs}


Taken = Callable[..., Awaitable[Sent]]


@pytest.fixture
def taken_by(sessions: Sessions) -> Taken:
    async def take(provider: str, **changes: Any) -> Sent:
        name = changes.get("provider_id", uuid4().hex)
        values: dict[str, Any] = {
            "id": new_id(),
            "user_id": await given.a_user(sessions),
            "channel": CHANNELS[provider],
            "kind": NoticeKind.TICKET_PAID,
            "facts": {},
            "status": MessageStatus.SENT,
            "attempts": 1,
            "provider": provider,
            "provider_id": name,
            "created_at": SENT_AT,
            "sent_at": SENT_AT,
        }
        row = MessageRow(**values | changes)
        async with sessions.begin() as session:
            session.add(row)
        return Sent(sessions, row.id, name)

    return take
