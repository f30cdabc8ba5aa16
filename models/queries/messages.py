"""Statements on messages."""

from uuid import UUID

from sqlalchemy import func, insert
from sqlalchemy.ext.asyncio import AsyncSession

from domain.notice import MessageStatus, Notice
from models.base import new_id
from models.message import MessageRow


async def queue(session: AsyncSession, notice: Notice) -> UUID:
    """Store a message that is due, in the transaction of what it tells of; return its id.

    A workflow sends it: the caller starts one after the commit, and a schedule finds those that
    nobody could start.
    """
    message_id = new_id()
    await session.execute(
        insert(MessageRow).values(
            id=message_id,
            user_id=notice.user_id,
            channel=notice.channel,
            kind=notice.kind,
            address=notice.address,
            facts=dict(notice.facts),
            status=MessageStatus.QUEUED,
            attempts=0,
            created_at=func.clock_timestamp(),
        )
    )
    return message_id
