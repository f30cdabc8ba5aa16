"""Statements on the ledger: the one that posts, and the reads."""

from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal
from typing import NoReturn
from uuid import UUID

from psycopg import DatabaseError
from sqlalchemy import bindparam, func, select, text, tuple_
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncSession

from domain.errors import InsufficientFunds
from domain.ledger import AccountKind, Posting
from domain.money import ZERO
from domain.ticket import HOLDS_ASSET
from models.base import new_id
from models.ledger import LedgerAccount, LedgerEntry
from models.ticket import TicketRow

_FLOOR_BROKEN = "LG001"  # raised by post_ledger_transaction(), its DETAIL is what is missing
_LINE = "(:entry_{0}, :account_{0}, :kind_{0}, :owner_{0}, :type_{0}, :amount_{0})::ledger_line"


async def post(session: AsyncSession, posting: Posting) -> bool:
    """Post a transaction in one round trip, inside the caller's database transaction.

    Returns:
        False if the key was posted before, which then moved nothing.

    Raises:
        InsufficientFunds: A wallet or an escrow would fall below zero. The database transaction
            is then aborted.
    """
    values: dict[str, object] = {
        "id": new_id(),
        "key": posting.key,
        "kind": posting.kind.value,
        "ref": posting.ref,
        "description": posting.description,
        "reverses": posting.reverses,
    }
    for number, entry in enumerate(posting.entries):
        values |= {
            f"entry_{number}": new_id(),
            f"account_{number}": new_id(),
            f"kind_{number}": entry.account.kind.value,
            f"owner_{number}": entry.account.owner_id,
            f"type_{number}": entry.side.value,
            f"amount_{number}": entry.amount,
        }
    lines = ", ".join(_LINE.format(number) for number in range(len(posting.entries)))
    statement = text(
        "SELECT post_ledger_transaction("
        f":id, :key, :kind, :ref, :description, ARRAY[{lines}], :reverses)"
    )
    try:
        return bool(await session.scalar(statement, values))
    except DBAPIError as error:
        _refuse(error)


def _refuse(error: DBAPIError) -> NoReturn:
    cause = error.orig
    if isinstance(cause, DatabaseError) and cause.sqlstate == _FLOOR_BROKEN:
        raise InsufficientFunds(Decimal(cause.diag.message_detail or "0")) from error
    raise error


_BALANCE = select(LedgerAccount.balance).where(
    LedgerAccount.kind == bindparam("kind"), LedgerAccount.owner_id == bindparam("owner_id")
)
_HELD = (
    select(func.sum(LedgerAccount.balance))
    .join(TicketRow, TicketRow.id == LedgerAccount.owner_id)
    .where(
        LedgerAccount.kind == AccountKind.TICKET_ESCROW,
        TicketRow.borrower_id == bindparam("borrower_id"),
        TicketRow.status.in_(HOLDS_ASSET),
    )
)


async def balance(session: AsyncSession, kind: AccountKind, owner_id: UUID) -> Decimal:
    """Return an account's balance in rials; an account that was never used has none."""
    return await session.scalar(_BALANCE, {"kind": kind, "owner_id": owner_id}) or ZERO


async def held(session: AsyncSession, borrower_id: UUID) -> Decimal:
    """Return how much of a user's money waits in the escrow of open loans, in rials."""
    return await session.scalar(_HELD, {"borrower_id": borrower_id}) or ZERO


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
    account = (
        select(LedgerAccount.id)
        .where(LedgerAccount.kind == AccountKind.USER_WALLET, LedgerAccount.owner_id == user_id)
        .scalar_subquery()
    )
    statement = select(LedgerEntry).where(LedgerEntry.account_id == account)
    if since is not None:
        statement = statement.where(LedgerEntry.created_at >= since)
    if until is not None:
        statement = statement.where(LedgerEntry.created_at < until)
    if before is not None:
        statement = statement.where(tuple_(LedgerEntry.created_at, LedgerEntry.seq) < before)
    newest_first = (LedgerEntry.created_at.desc(), LedgerEntry.seq.desc())
    return (await session.scalars(statement.order_by(*newest_first).limit(limit))).all()
