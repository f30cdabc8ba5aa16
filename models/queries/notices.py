"""The statement that turns what is to be told into messages, as each reader has chosen."""

from collections.abc import Iterator, Sequence
from typing import Any, Final, cast

from sqlalchemy import (
    Boolean,
    String,
    Table,
    Uuid,
    and_,
    bindparam,
    column,
    func,
    insert,
    literal_column,
    or_,
    select,
)
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.ext.asyncio import AsyncSession

from domain.messages.notice import SECURITY, Channel, MessageStatus, Notice, is_usual
from models.asset import AssetRow
from models.base import new_id
from models.message import MessageRow
from models.preference import PreferenceRow
from models.ticket import TicketRow
from models.user import User

# Tables rather than mapped classes: this is a part of every step that moves money.
_M, _U, _P, _T, _A = (
    cast("Table", each.__table__) for each in (MessageRow, User, PreferenceRow, TicketRow, AssetRow)
)
_NOTICES: Final = (
    func.jsonb_to_recordset(bindparam("notices", type_=JSONB))
    .table_valued(
        column("id", Uuid()),
        column("user_id", Uuid()),
        column("channel", String()),
        column("kind", String()),
        column("ticket_id", Uuid()),
        column("facts", JSONB()),
        column("is_usual", Boolean()),
        column("is_always", Boolean()),
    )
    .render_derived(name="notice", with_types=True)
)
_N: Final = _NOTICES.c
_IS_REACHED: Final = or_(_N.channel == Channel.EMAIL.value, _U.c.phone_verified)
_IS_WANTED: Final = or_(_N.is_always, func.coalesce(_P.c.is_wanted, _N.is_usual))
_TITLE: Final = func.jsonb_strip_nulls(func.jsonb_build_object("title", _A.c.title))
_DUE: Final = (
    select(
        _N.id,
        _N.user_id,
        _N.channel,
        _N.kind,
        _N.ticket_id,
        _N.facts.op("||")(_TITLE),
        literal_column(f"'{MessageStatus.QUEUED}'"),
        literal_column("0"),
        func.clock_timestamp(),
    )
    .select_from(_NOTICES)
    .join(_U, and_(_U.c.id == _N.user_id, _U.c.is_active))
    .outerjoin(
        _P,
        and_(_P.c.user_id == _N.user_id, _P.c.kind == _N.kind, _P.c.channel == _N.channel),
    )
    .outerjoin(_T, _T.c.id == _N.ticket_id)
    .outerjoin(_A, _A.c.id == _T.c.asset_id)
    .where(_IS_REACHED, _IS_WANTED)
)
_TELL: Final = insert(_M).from_select(
    [
        "id",
        "user_id",
        "channel",
        "kind",
        "ticket_id",
        "facts",
        "status",
        "attempts",
        "created_at",
    ],
    _DUE,
    include_defaults=False,
)


async def tell(session: AsyncSession, notices: Sequence[Notice]) -> None:
    """Store the messages that are due, in the transaction of what they tell of.

    It is one round trip however many there are, and none where there is nothing to tell. Each
    reader gets one by each channel that they want and that reaches them; the notice's own channel
    does not count. The title of the asset joins the facts of what is about a loan.
    """
    if notices:
        rows = [row for notice in notices for row in _rows(notice)]
        await session.execute(_TELL, {"notices": rows})


def _rows(notice: Notice) -> Iterator[dict[str, Any]]:
    """Name each message that a notice may become. What nobody may switch off goes by e-mail."""
    is_always = notice.kind in SECURITY
    for channel in (Channel.EMAIL,) if is_always else Channel:
        yield {
            "id": str(new_id()),
            "user_id": str(notice.user_id) if notice.user_id else None,
            "channel": channel,
            "kind": notice.kind,
            "ticket_id": str(notice.ticket_id) if notice.ticket_id else None,
            "facts": dict(notice.facts),
            "is_usual": is_usual(notice.kind, channel),
            "is_always": is_always,
        }
