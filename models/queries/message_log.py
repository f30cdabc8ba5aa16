"""Statements on the log of messages: a reader's own, and everybody's for operators."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import BindParameter, ColumnElement, Select, bindparam, func, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from domain.errors import NotFound
from domain.messages.notice import Channel, MessageStatus, NoticeKind
from models.message import MessageRow
from models.user import User

# A message, and the locale of its reader, in which its text is written; None without a reader.
Logged = tuple[MessageRow, str | None]


@dataclass(frozen=True)
class MessageFilter:
    """Which messages are wanted; what is None does not matter."""

    status: MessageStatus | None = None
    channel: Channel | None = None
    kind: NoticeKind | None = None
    user_id: UUID | None = None
    ticket_id: UUID | None = None


async def page(
    session: AsyncSession, wanted: MessageFilter, *, before: UUID | None = None, limit: int
) -> Sequence[Logged]:
    """List messages, newest first, older than `before`."""
    statement = _logged()
    for name, value in vars(wanted).items():
        if value is not None:
            # A status stands in the statement: there are indexes of those that failed, or wait.
            given: BindParameter[Any] = bindparam(None, value, literal_execute=name == "status")
            statement = statement.where(getattr(MessageRow, name) == given)
    if before is not None:
        statement = statement.where(MessageRow.id < before)
    rows = await session.execute(statement.order_by(MessageRow.id.desc()).limit(limit))
    return [(message, locale) for message, locale in rows]


async def read(session: AsyncSession, message_id: UUID, user_id: UUID) -> Logged:
    """Note that somebody has read their own message; the first time counts.

    Raises:
        NotFound: There is no such message, or it is somebody else's.
    """
    mine = MessageRow.id == message_id, MessageRow.user_id == user_id
    first = update(MessageRow).where(*mine, MessageRow.read_at.is_(None))
    await session.execute(first.values(read_at=func.clock_timestamp()))
    return await _one(session, *mine)


async def lock(session: AsyncSession, message_id: UUID) -> MessageRow:
    """Return a message, and keep others from changing it until this transaction ends.

    Raises:
        NotFound: There is no such message.
    """
    statement = select(MessageRow).where(MessageRow.id == message_id).with_for_update()
    row = (await session.scalars(statement)).one_or_none()
    if row is None:
        raise NotFound("There is no such message.")
    return row


async def get(session: AsyncSession, message_id: UUID) -> Logged:
    """Return one message, whoever reads it.

    Raises:
        NotFound: There is no such message.
    """
    return await _one(session, MessageRow.id == message_id)


async def resend(session: AsyncSession, message_id: UUID) -> None:
    """Have a message sent that had failed, as if it were new; what it was called before is over."""
    now = func.clock_timestamp()
    statement = update(MessageRow).where(MessageRow.id == message_id)
    await session.execute(
        statement.values(
            status=MessageStatus.QUEUED,
            failed_tries=0,
            tried_at=None,
            held_until=now,
            resent_at=now,
            provider=None,
            provider_id=None,
            sent_at=None,
            delivery=None,
            delivered_at=None,
        )
    )


def _logged() -> Select[MessageRow, str]:
    return select(MessageRow, User.locale).join(User, MessageRow.user_id == User.id, isouter=True)


async def _one(session: AsyncSession, *where: ColumnElement[bool]) -> Logged:
    row = (await session.execute(_logged().where(*where))).one_or_none()
    if row is None:
        raise NotFound("There is no such message.")
    message, locale = row
    return message, locale
