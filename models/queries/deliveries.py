"""Statements on what became of messages: reports of providers, applied in any order, any often."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

from sqlalchemy import (
    ARRAY,
    ColumnElement,
    DateTime,
    String,
    and_,
    bindparam,
    case,
    column,
    func,
    or_,
    select,
    update,
)
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.types import TypeEngine

from domain.messages.delivery import Report, furthest
from domain.messages.notice import Delivery, MessageStatus, rank
from models.message import MessageRow

_TYPES: Final[Mapping[str, TypeEngine[Any]]] = {
    "provider": String(),
    "provider_id": String(),
    "delivery": String(),
    "at": DateTime(timezone=True),
    "error": String(),
}
_TOLD: Final = (
    func.unnest(*(bindparam(f"told_{name}", type_=ARRAY(type_)) for name, type_ in _TYPES.items()))
    .table_valued(*(column(name, type_) for name, type_ in _TYPES.items()))
    .render_derived(name="told")
)


def _rank(value: Any) -> ColumnElement[int]:  # noqa: ANN401  (a column of any kind)
    return case({one.value: rank(one) for one in Delivery}, value=value, else_=-1)


# Locked in the order of their ids, so that two calls about the same messages do not wait for each
# other. A message that is to be sent again is not the one that is spoken of.
_FOUND: Final = (
    select(MessageRow.id, _TOLD.c.delivery, _TOLD.c.at, _TOLD.c.error)
    .join(
        _TOLD,
        and_(
            MessageRow.provider_id == _TOLD.c.provider_id,
            MessageRow.provider == _TOLD.c.provider,
        ),
    )
    .where(MessageRow.status != MessageStatus.QUEUED)
    .order_by(MessageRow.id)
    .with_for_update(of=MessageRow)
    .cte("found")
)
_NEW: Final = _rank(_FOUND.c.delivery)
_OLD: Final = _rank(MessageRow.delivery)
_APPLY: Final = (
    update(MessageRow)
    .where(MessageRow.id == _FOUND.c.id)
    .where(or_(_NEW > _OLD, and_(_NEW == _OLD, _FOUND.c.at < MessageRow.delivered_at)))
    .values(
        delivery=_FOUND.c.delivery,
        delivered_at=_FOUND.c.at,
        last_error=_FOUND.c.error,
        status=case(
            (_FOUND.c.delivery == Delivery.UNDELIVERED.value, MessageStatus.FAILED.value),
            else_=MessageStatus.SENT.value,
        ),
    )
    .returning(MessageRow.id)
    .execution_options(synchronize_session=False)
)


async def apply(session: AsyncSession, reports: Iterable[Report]) -> int:
    """Apply reports in one statement; return how many messages are further than before.

    Those that come again, or late, change nothing, and those on unknown messages are passed by.
    """
    counting = furthest(reports)
    if not counting:
        return 0
    done = await session.execute(_APPLY, _columns(counting))
    return len(done.all())


def _columns(reports: Sequence[Report]) -> dict[str, list[Any]]:
    return {f"told_{name}": [getattr(report, name) for report in reports] for name in _TYPES}
