"""Statements on messages, from when they are due until they were sent or have failed."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

from sqlalchemy import Select, and_, bindparam, func, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from domain.messages.notice import Channel, MessageStatus, Notice, NoticeKind, worth_sending
from domain.messages.sending import backoff
from models.base import new_id
from models.message import MessageRow

_DUE_AT: Final = func.coalesce(MessageRow.held_until, MessageRow.created_at)
# The status stands in the statement, so that any plan may use the index of what is queued; and the
# time is the statement's and not the clock's, because an index is asked for one value.
_IS_DUE: Final = and_(
    MessageRow.status == bindparam(None, MessageStatus.QUEUED, literal_execute=True),
    func.statement_timestamp() >= _DUE_AT,
)


async def queue(session: AsyncSession, notice: Notice, message_id: UUID | None = None) -> UUID:
    """Store a message that is due, in the transaction of what it tells of; return its id.

    The next round sends it. If somebody waits for it, the caller starts a workflow for it after the
    commit. A repeat with the same `message_id` stores nothing.
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
            ticket_id=notice.ticket_id,
            facts=dict(notice.facts),
            status=MessageStatus.QUEUED,
            attempts=0,
            created_at=func.clock_timestamp(),
        )
        .on_conflict_do_nothing()
    )
    return message_id


async def status_of(session: AsyncSession, message_id: UUID) -> MessageStatus | None:
    return await session.scalar(select(MessageRow.status).where(MessageRow.id == message_id))


async def is_too_late(session: AsyncSession, row: MessageRow) -> bool:
    """Tell whether a message is older than it is worth sending."""
    since = row.resent_at or row.created_at
    return bool(await session.scalar(select(since < _ago(worth_sending(row.kind)))))


async def begin(session: AsyncSession, message_id: UUID, limit: timedelta) -> MessageRow | None:
    """Take a message in hand, as `claim` does; None if it is not due, or somebody else has it."""
    statement = select(MessageRow).where(MessageRow.id == message_id, _IS_DUE).with_for_update()
    found = await _held(session, statement, limit)
    return found[0] if found else None


async def claim(
    session: AsyncSession, channel: Channel, number: int, limit: timedelta
) -> Sequence[MessageRow]:
    """Take those messages of a channel in hand that have been due for longest.

    Nobody else begins with them until `put_off`, `postpone`, `sent` or `failed` lets go of them, or
    until `limit` is over: a worker may be killed. The rows are as they were before.
    """
    statement = (
        select(MessageRow)
        .where(MessageRow.channel == channel, _IS_DUE)
        .order_by(_DUE_AT)
        .limit(number)
        .with_for_update(skip_locked=True)
    )
    return await _held(session, statement, limit)


async def _held(
    session: AsyncSession, statement: Select[MessageRow], limit: timedelta
) -> Sequence[MessageRow]:
    rows = (await session.scalars(statement)).all()
    if rows:
        now = func.statement_timestamp()
        hold = update(MessageRow).where(MessageRow.id.in_([row.id for row in rows]))
        await session.execute(
            hold.values(tried_at=now, held_until=now + limit),
            execution_options={"synchronize_session": False},
        )
    return rows


async def belongs_to(session: AsyncSession, message_id: UUID, user_id: UUID) -> None:
    """Note whose address it was that somebody gave."""
    statement = update(MessageRow).where(MessageRow.id == message_id)
    await session.execute(statement.values(user_id=user_id))


async def count_attempt(session: AsyncSession, message_id: UUID, number: int) -> None:
    """Count an attempt before it is made: it may have its effect whatever happens then."""
    statement = update(MessageRow).where(MessageRow.id == message_id)
    await session.execute(statement.values(attempts=number))


async def since_last(
    session: AsyncSession, user_id: UUID, kind: NoticeKind, *, but: UUID
) -> timedelta | None:
    """Return how long ago a message of this kind was due, other than `but`; None if never."""
    statement = select(func.clock_timestamp() - func.max(MessageRow.created_at)).where(
        MessageRow.user_id == user_id, MessageRow.kind == kind, MessageRow.id != but
    )
    found: timedelta | None = await session.scalar(statement)
    return found


async def put_off(session: AsyncSession, row: MessageRow, last_error: str) -> None:
    """Keep why a try came to nothing, and let go of the message until the next one is due."""
    failed_tries = row.failed_tries + 1
    await _change(
        session,
        row.id,
        last_error=last_error,
        failed_tries=failed_tries,
        held_until=func.clock_timestamp() + backoff(failed_tries),
    )


async def postpone(session: AsyncSession, message_id: UUID, until: datetime) -> None:
    """Let a message rest until its reader wants it."""
    await _change(session, message_id, held_until=until)


async def sent(session: AsyncSession, message_id: UUID, provider: str, provider_id: str) -> None:
    await _change(
        session,
        message_id,
        status=MessageStatus.SENT,
        address=None,
        held_until=None,
        provider=provider,
        provider_id=provider_id,
        sent_at=func.clock_timestamp(),
        last_error=None,
    )


async def failed(session: AsyncSession, message_id: UUID, last_error: str) -> None:
    await _change(
        session,
        message_id,
        status=MessageStatus.FAILED,
        address=None,
        held_until=None,
        last_error=last_error,
    )


async def _change(session: AsyncSession, message_id: UUID, **values: Any) -> None:  # noqa: ANN401
    """Change a message that is not done; with its end its address is forgotten, by a CHECK too."""
    is_open = MessageRow.status == MessageStatus.QUEUED
    statement = update(MessageRow).where(MessageRow.id == message_id, is_open)
    await session.execute(statement.values(values))


def _ago(age: timedelta) -> Any:  # noqa: ANN401  (an expression)
    return func.clock_timestamp() - age
