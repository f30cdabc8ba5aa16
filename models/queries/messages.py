"""Statements on messages."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Any, Final
from uuid import UUID

from sqlalchemy import func, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from domain.notice import MessageStatus, Notice, NoticeKind, worth_sending
from models.base import new_id
from models.message import MessageRow

# Whoever stores a message starts its workflow at once, so one that is older was forgotten.
UNTOUCHED: Final = timedelta(seconds=10)
# Longer than the longest pause between two tries.
ABANDONED: Final = timedelta(minutes=15)


async def queue(session: AsyncSession, notice: Notice, message_id: UUID | None = None) -> UUID:
    """Store a message that is due, in the transaction of what it tells of; return its id.

    A workflow sends it: the caller starts one after the commit, and a schedule finds those that
    nobody could start. A repeat with the same `message_id` stores nothing.
    """
    message_id = message_id or new_id()
    await session.execute(
        insert(MessageRow)
        .values(
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
        .on_conflict_do_nothing()
    )
    return message_id


async def lock(session: AsyncSession, message_id: UUID) -> MessageRow | None:
    statement = select(MessageRow).where(MessageRow.id == message_id).with_for_update()
    return (await session.scalars(statement)).one_or_none()


async def is_too_late(session: AsyncSession, row: MessageRow) -> bool:
    """Tell whether a message is older than it is worth sending."""
    statement = select(row.created_at < _ago(worth_sending(row.kind)))
    return bool(await session.scalar(statement))


async def hold(session: AsyncSession, message_id: UUID, limit: timedelta) -> bool:
    """Begin with a message that is locked; False if somebody else is at it.

    It is let go of by `note`, `sent` and `failed`, or after `limit`: a worker may be killed.
    """
    now = func.clock_timestamp()
    statement = (
        update(MessageRow)
        .where(MessageRow.id == message_id)
        .where(MessageRow.held_until.is_(None) | (MessageRow.held_until < now))
        .values(tried_at=now, held_until=now + limit)
        .returning(MessageRow.id)
    )
    return (await session.execute(statement)).one_or_none() is not None


async def belongs_to(session: AsyncSession, message_id: UUID, user_id: UUID) -> None:
    """Note whose address it was that somebody gave."""
    statement = update(MessageRow).where(MessageRow.id == message_id)
    await session.execute(statement.values(user_id=user_id))


async def count_attempt(session: AsyncSession, message_id: UUID, number: int) -> None:
    """Count an attempt before it is made: it may have its effect whatever happens then."""
    statement = update(MessageRow).where(MessageRow.id == message_id)
    await session.execute(statement.values(attempts=number))


async def waiting(session: AsyncSession, limit: int) -> Sequence[UUID]:
    """Return the oldest messages that nobody has begun to send, or has given up sending."""
    never_begun = MessageRow.tried_at.is_(None) & (MessageRow.created_at < _ago(UNTOUCHED))
    statement = (
        select(MessageRow.id)
        .where(MessageRow.status == MessageStatus.QUEUED)
        .where(never_begun | (MessageRow.tried_at < _ago(ABANDONED)))
        .order_by(MessageRow.id)
        .limit(limit)
    )
    return (await session.scalars(statement)).all()


async def since_last(
    session: AsyncSession, user_id: UUID, kind: NoticeKind, *, but: UUID
) -> timedelta | None:
    """Return how long ago a message of this kind was due, other than `but`; None if never."""
    statement = select(func.clock_timestamp() - func.max(MessageRow.created_at)).where(
        MessageRow.user_id == user_id, MessageRow.kind == kind, MessageRow.id != but
    )
    found: timedelta | None = await session.scalar(statement)
    return found


async def note(session: AsyncSession, message_id: UUID, last_error: str) -> None:
    """Keep why a try failed, and let go of the message for the next one."""
    statement = update(MessageRow).where(MessageRow.id == message_id)
    await session.execute(statement.values(last_error=last_error, held_until=None))


async def sent(session: AsyncSession, message_id: UUID, provider: str, provider_id: str) -> None:
    await _close(
        session,
        message_id,
        status=MessageStatus.SENT,
        provider=provider,
        provider_id=provider_id,
        sent_at=func.clock_timestamp(),
        last_error=None,
    )


async def failed(session: AsyncSession, message_id: UUID, last_error: str) -> None:
    await _close(session, message_id, status=MessageStatus.FAILED, last_error=last_error)


async def _close(session: AsyncSession, message_id: UUID, **values: Any) -> None:  # noqa: ANN401
    """End a message, once; whatever address it came with is forgotten."""
    is_open = MessageRow.status == MessageStatus.QUEUED
    statement = update(MessageRow).where(MessageRow.id == message_id, is_open)
    await session.execute(statement.values(address=None, held_until=None, **values))


def _ago(age: timedelta) -> Any:  # noqa: ANN401  (an expression)
    return func.clock_timestamp() - age
