"""Statements on the ledger: the one that posts, and what those who post need to know."""

from decimal import Decimal
from typing import NoReturn
from uuid import UUID

from psycopg import DatabaseError
from sqlalchemy import bindparam, select, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncSession

from domain.errors import InsufficientFunds, NotReversible
from domain.ledger import AccountKind, Posting
from domain.money import ZERO
from models.base import new_id
from models.ledger import LedgerAccount, LedgerTransaction

_FLOOR_BROKEN = "LG001"  # raised by post_ledger_transaction(), its DETAIL is what is missing
_REVERSED_ONCE = "ledger_transactions_reversed_once_key"
_LINE = "(:entry_{0}, :account_{0}, :kind_{0}, :owner_{0}, :type_{0}, :amount_{0})::ledger_line"


async def post(session: AsyncSession, posting: Posting) -> bool:
    """Post a transaction in one round trip, inside the caller's database transaction.

    Returns:
        False if the key was posted before, which then moved nothing.

    Raises:
        InsufficientFunds: A wallet or an escrow would fall below zero.
        NotReversible: It takes back what was taken back before.
        Either aborts the database transaction.
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
    if isinstance(cause, DatabaseError) and cause.diag.constraint_name == _REVERSED_ONCE:
        message = "The transaction is reversed already; that is done once."
        raise NotReversible(message, "posted") from error
    raise error


async def by_key(session: AsyncSession, key: str) -> LedgerTransaction | None:
    """Find what was posted under an idempotency key."""
    statement = select(LedgerTransaction).where(LedgerTransaction.idempotency_key == key)
    return (await session.scalars(statement)).one_or_none()


_BALANCE = select(LedgerAccount.balance).where(
    LedgerAccount.kind == bindparam("kind"), LedgerAccount.owner_id == bindparam("owner_id")
)


async def balance(session: AsyncSession, kind: AccountKind, owner_id: UUID) -> Decimal:
    """Return an account's balance in rials; an account that was never used has none."""
    return await session.scalar(_BALANCE, {"kind": kind, "owner_id": owner_id}) or ZERO
