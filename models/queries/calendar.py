"""Statements on when assets are taken. Only accepted, escrow and active tickets take them."""

from collections.abc import Sequence
from datetime import datetime
from typing import Final, cast
from uuid import UUID

from sqlalchemy import ColumnElement, Table, bindparam, exists, select
from sqlalchemy.ext.asyncio import AsyncSession

from domain.calendar import Period
from domain.ticket import HOLDS_ASSET
from models.ticket import TicketRow

_T: Final = cast("Table", TicketRow.__table__)
# The statuses are written out, because an index of some rows serves no statement that might be
# about others.
_TOUCHING: Final = (
    _T.c.status.in_(bindparam("holding", sorted(HOLDS_ASSET), expanding=True, literal_execute=True))
    & (_T.c.ends_at > bindparam("starts_at"))
    & (_T.c.starts_at < bindparam("ends_at"))
)
_BUSY: Final = (
    select(_T.c.starts_at, _T.c.ends_at)
    .where(_T.c.asset_id == bindparam("asset_id"), _TOUCHING)
    .order_by(_T.c.ends_at)
)


def parameters(period: Period) -> dict[str, datetime]:
    """Return what `is_free` wants to know."""
    return {"starts_at": period.starts_at, "ends_at": period.ends_at}


def is_free(asset_id: ColumnElement[UUID]) -> ColumnElement[bool]:
    """Say of an asset of the enclosing statement that nobody holds it in any part of a period."""
    return ~exists().where(_T.c.asset_id == asset_id, _TOUCHING)


async def busy(session: AsyncSession, asset_id: UUID, period: Period) -> Sequence[Period]:
    """List the periods in which an asset is taken and that touch `period`, in order."""
    rows = await session.execute(_BUSY, {"asset_id": asset_id, **parameters(period)})
    return [Period(*row) for row in rows]
