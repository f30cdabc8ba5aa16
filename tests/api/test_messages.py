"""Messages never hold up whoever caused them."""

import time
from uuid import UUID

from sqlalchemy import select

from domain.messages.notice import MessageStatus
from models.database import Sessions
from models.message import MessageRow
from sandbox.ports import free_port
from tests.api.conftest import serving, settings_of
from tests.api.people import join


async def test_without_the_engine_people_register_and_their_message_waits(
    database_url: str, sessions: Sessions
) -> None:
    async with serving(settings_of(database_url, f"127.0.0.1:{free_port()}")) as http:
        began = time.monotonic()
        sara = await join(http)
        assert time.monotonic() - began < 2

    async with sessions() as session:
        found = await session.scalars(select(MessageRow).where(MessageRow.user_id == UUID(sara.id)))
        (row,) = found.all()
    assert (row.status, row.attempts) == (MessageStatus.QUEUED, 0)
