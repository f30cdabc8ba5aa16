"""What an account's owner reads of the ledger: balances now and then, and the entries between.

An account's entries become visible in the order of (`created_at`, `seq`), because whoever posts
holds the account's lock until it commits; and none is ever changed. So what lies up to an entry
that was seen once is the same for ever, and can be read in pages without a snapshot to hold.
"""

from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal
from typing import Final, NamedTuple
from uuid import UUID

from sqlalchemy import ScalarSelect, Select, bindparam, func, select, true, tuple_
from sqlalchemy.ext.asyncio import AsyncSession

from domain.ledger import AccountKind, Side
from domain.money import ZERO
from domain.ticket import HOLDS_ASSET
from models.ledger import LedgerAccount, LedgerEntry
from models.ticket import TicketRow

_E: Final = LedgerEntry
_NEWEST_FIRST: Final = (_E.created_at.desc(), _E.seq.desc())


def _wallet() -> ScalarSelect[UUID]:
    return (
        select(LedgerAccount.id)
        .where(
            LedgerAccount.kind == AccountKind.USER_WALLET,
            LedgerAccount.owner_id == bindparam("user_id"),
        )
        .scalar_subquery()
    )


_BALANCE_NOW: Final = select(LedgerAccount.balance).where(LedgerAccount.id == _wallet())
_BALANCE_AT: Final = (
    select(_E.balance_after)
    .where(_E.account_id == _wallet(), _E.created_at <= bindparam("at"))
    .order_by(*_NEWEST_FIRST)
    .limit(1)
)
_ESCROWS: Final = (
    select(LedgerAccount.id, LedgerAccount.balance)
    .join(TicketRow, TicketRow.id == LedgerAccount.owner_id)
    .where(
        LedgerAccount.kind == AccountKind.TICKET_ESCROW,
        TicketRow.borrower_id == bindparam("user_id"),
    )
)
_OPEN_ESCROWS: Final = _ESCROWS.where(TicketRow.status.in_(HOLDS_ASSET)).subquery()
_HELD_NOW: Final = select(func.sum(_OPEN_ESCROWS.c.balance))
_ALL_ESCROWS: Final = _ESCROWS.where(LedgerAccount.created_at <= bindparam("at")).subquery()
# One step down the index for each loan, however many entries there are.
_THEN: Final = (
    select(_E.balance_after)
    .where(_E.account_id == _ALL_ESCROWS.c.id, _E.created_at <= bindparam("at"))
    .order_by(*_NEWEST_FIRST)
    .limit(1)
    .lateral()
)
_HELD_AT: Final = (
    select(func.sum(_THEN.c.balance_after)).select_from(_ALL_ESCROWS).join(_THEN, true())
)


def _both(
    balance: Select[Decimal | None], held: Select[Decimal | None]
) -> Select[Decimal | None, Decimal | None]:
    return select(balance.scalar_subquery(), held.scalar_subquery())


# One statement sees one moment: money on its way into an escrow is in one place, not in two.
_NOW: Final = _both(_BALANCE_NOW, _HELD_NOW)
_AT: Final = _both(_BALANCE_AT, _HELD_AT)


class Holdings(NamedTuple):
    """What a user can spend, and what of theirs waits in escrow, in rials."""

    balance: Decimal
    held: Decimal


async def holdings(session: AsyncSession, user_id: UUID, at: datetime | None = None) -> Holdings:
    """Return what a user has now, or had at a past moment."""
    statement = _NOW if at is None else _AT
    found = await session.execute(statement, {"user_id": user_id, "at": at})
    balance, held = found.one()
    return Holdings(balance or ZERO, held or ZERO)


async def wallet_entries(
    session: AsyncSession,
    user_id: UUID,
    *,
    since: datetime | None = None,
    until: datetime | None = None,
    before: tuple[datetime, int] | None = None,
    limit: int,
) -> Sequence[LedgerEntry]:
    """List the entries of a user's wallet, newest first, older than the one `before` names."""
    statement = select(_E).where(_E.account_id == _wallet())
    if since is not None:
        statement = statement.where(_E.created_at >= since)
    if until is not None:
        statement = statement.where(_E.created_at < until)
    if before is not None:
        statement = statement.where(tuple_(_E.created_at, _E.seq) < before)
    found = statement.order_by(*_NEWEST_FIRST).limit(limit)
    return (await session.scalars(found, {"user_id": user_id})).all()


class Line(NamedTuple):
    """One entry of a statement. `seq` orders those of one instant."""

    created_at: datetime
    seq: int
    transaction_id: UUID
    type: Side
    amount: Decimal
    balance_after: Decimal
    ref: str
    description: str


_LINES: Final = select(*(getattr(_E, name) for name in Line._fields)).where(
    _E.account_id == _wallet()
)
_LAST: Final = _LINES.order_by(*_NEWEST_FIRST).limit(1)
_LAST_BEFORE: Final = _LAST.where(_E.created_at < bindparam("moment"))
_place: Final = tuple_(_E.created_at, _E.seq)
_UP_TO: Final = (
    _LINES.where(_place <= tuple_(bindparam("last_at"), bindparam("last_seq")))
    .order_by(_E.created_at, _E.seq)
    .limit(bindparam("limit"))
)
_AFTER: Final = _UP_TO.where(_place > tuple_(bindparam("after_at"), bindparam("after_seq")))


async def last_line(
    session: AsyncSession, user_id: UUID, before: datetime | None = None
) -> Line | None:
    """Return the newest entry of a user's wallet, or the newest one before a moment."""
    statement = _LAST if before is None else _LAST_BEFORE
    row = (await session.execute(statement, {"user_id": user_id, "moment": before})).one_or_none()
    return Line(*row) if row else None


async def lines(
    session: AsyncSession, user_id: UUID, *, after: Line | None, last: Line, limit: int
) -> list[Line]:
    """List the entries of a user's wallet, oldest first, from behind `after` to `last` itself."""
    values: dict[str, object] = {
        "user_id": user_id,
        "last_at": last.created_at,
        "last_seq": last.seq,
        "limit": limit,
    }
    if after is not None:
        values |= {"after_at": after.created_at, "after_seq": after.seq}
    rows = await session.execute(_AFTER if after else _UP_TO, values)
    return [Line(*row) for row in rows]
