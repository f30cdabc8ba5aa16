"""Statements on messages, from when they are due until they were sent or have failed."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any, Final, NamedTuple, cast
from uuid import UUID

from sqlalchemy import (
    ARRAY,
    ColumnElement,
    DateTime,
    Integer,
    Select,
    Table,
    Text,
    Update,
    Uuid,
    and_,
    bindparam,
    column,
    func,
    select,
    update,
)
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.types import TypeEngine

from domain.messages.notice import Channel, MessageStatus, Notice, NoticeKind
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
_AGE: Final = func.statement_timestamp() - func.coalesce(
    MessageRow.resent_at, MessageRow.created_at
)
_DUE: Final = select(MessageRow, _AGE).where(_IS_DUE)
# What changes is the table and not the rows in the session: what is done follows from how they
# were. A message that is done does not change, and with its end its address is forgotten.
_M: Final = cast("Table", MessageRow.__table__)
_OPEN: Final = update(_M).where(_M.c.status == MessageStatus.QUEUED)
_ENDED: Final[Mapping[str, Any]] = {"address": None, "held_until": None}
_SENT: Final = _OPEN.where(_M.c.id == bindparam("message_id")).values(
    **_ENDED,
    status=MessageStatus.SENT,
    provider=bindparam("sent_by"),
    provider_id=bindparam("called"),
    sent_at=func.clock_timestamp(),
    last_error=None,
)


class Due(NamedTuple):
    """A message that can be begun with, and how long it is since it was stored, or resent."""

    row: MessageRow
    age: timedelta


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


async def begin(session: AsyncSession, message_id: UUID) -> Due | None:
    """Lock a message as `due` does; None if it is not due, or somebody else has it in hand."""
    found = await _locked(session, _DUE.where(MessageRow.id == message_id).with_for_update())
    return found[0] if found else None


async def due(session: AsyncSession, channel: Channel, number: int) -> list[Due]:
    """Lock those messages of a channel that have been due for longest; pass by what others lock.

    What is not taken in hand, postponed, put off or ended in the same transaction is due as it was.
    """
    statement = (
        _DUE.where(MessageRow.channel == channel)
        .order_by(_DUE_AT)
        .limit(number)
        .with_for_update(skip_locked=True)
    )
    return await _locked(session, statement)


async def _locked(session: AsyncSession, statement: Select[MessageRow, timedelta]) -> list[Due]:
    return [Due(row, age) for row, age in await session.execute(statement)]


async def hold(session: AsyncSession, attempts: Mapping[UUID, int], limit: timedelta) -> None:
    """Take messages in hand, with as many `attempts` each as there are after the one to be made.

    That may have its effect whatever happens then. Nobody else begins with them until `sent`,
    `failed` or `put_off` lets go of them, or until `limit` is over: a worker may be killed.
    """
    now = func.statement_timestamp()
    change, counted = _each(attempts, Integer())
    await session.execute(change.values(attempts=counted, tried_at=now, held_until=now + limit))


async def belongs_to(session: AsyncSession, readers: Mapping[UUID, UUID]) -> None:
    """Note whose addresses they were that somebody gave."""
    change, reader = _each(readers, Uuid())
    await session.execute(change.values(user_id=reader))


async def count_attempt(session: AsyncSession, message_id: UUID, number: int) -> None:
    """Count an attempt before it is made: it may have its effect whatever happens then."""
    await session.execute(_OPEN.where(_M.c.id == message_id).values(attempts=number))


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
    await session.execute(
        _OPEN.where(_M.c.id == row.id).values(
            last_error=last_error,
            failed_tries=failed_tries,
            held_until=func.clock_timestamp() + backoff(failed_tries),
        )
    )


async def postpone(session: AsyncSession, until: Mapping[UUID, datetime]) -> None:
    """Let messages rest until their readers want them."""
    change, morning = _each(until, DateTime(timezone=True))
    await session.execute(change.values(held_until=morning))


async def sent(session: AsyncSession, message_id: UUID, provider: str, provider_id: str) -> None:
    await session.execute(
        _SENT, {"message_id": message_id, "sent_by": provider, "called": provider_id}
    )


async def failed(session: AsyncSession, reasons: Mapping[UUID, str]) -> None:
    change, reason = _each(reasons, Text())
    await session.execute(change.values(**_ENDED, status=MessageStatus.FAILED, last_error=reason))


def _each(given: Mapping[UUID, object], kind: TypeEngine[Any]) -> tuple[Update, ColumnElement[Any]]:
    """Return a change of those messages that are not done, and what is given for each of them."""
    ids = bindparam("ids", list(given), ARRAY(Uuid()))
    new = bindparam("new", list(given.values()), ARRAY(kind))
    pairs = func.unnest(ids, new).table_valued(column("id", Uuid()), column("value", kind))
    each = pairs.render_derived("given")
    return _OPEN.where(_M.c.id == each.c.id), each.c.value
