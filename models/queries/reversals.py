"""Statements on wishes to reverse a ledger transaction."""

from collections.abc import Sequence
from dataclasses import asdict, fields
from typing import Final
from uuid import UUID

from sqlalchemy import Select, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from domain.errors import NotFound
from domain.reversal import Reversal, ReversalStatus
from models.ledger import LedgerTransaction
from models.reversal import ReversalRow

# The domain's fields have the names of the columns; what is wished back is its transaction's.
_OF_TRANSACTION: Final = ("kind", "amount")
_COLUMNS: Final = [
    getattr(LedgerTransaction if field.name in _OF_TRANSACTION else ReversalRow, field.name)
    for field in fields(Reversal)
]
_STANDING: Final = (ReversalStatus.REQUESTED, ReversalStatus.POSTED)


def _reversals() -> Select[tuple[object, ...]]:
    joined = LedgerTransaction.id == ReversalRow.transaction_id
    return select(*_COLUMNS).join_from(ReversalRow, LedgerTransaction, joined)


def _reversal(row: Sequence[object]) -> Reversal:
    return Reversal(*row)  # type: ignore[arg-type]  # _COLUMNS follow the fields of Reversal


async def find(session: AsyncSession, reversal_id: UUID) -> Reversal | None:
    row = (await session.execute(_reversals().where(ReversalRow.id == reversal_id))).one_or_none()
    return _reversal(row) if row else None


async def get(session: AsyncSession, reversal_id: UUID) -> Reversal:
    """Return a wish.

    Raises:
        NotFound: There is no such wish.
    """
    found = await find(session, reversal_id)
    if found is None:
        raise NotFound("There is no such reversal.")
    return found


async def lock(session: AsyncSession, reversal_id: UUID) -> Reversal:
    """Return a wish that nobody else can change until this transaction ends.

    Raises:
        NotFound: There is no such wish.
    """
    locked = _reversals().where(ReversalRow.id == reversal_id)
    found = await session.execute(locked.with_for_update(key_share=True, of=ReversalRow))
    row = found.one_or_none()
    if row is None:
        raise NotFound("There is no such reversal.")
    return _reversal(row)


async def standing(session: AsyncSession, transaction_id: UUID) -> Reversal | None:
    """Return the one wish for a transaction that is open, or that was granted."""
    statement = _reversals().where(
        ReversalRow.transaction_id == transaction_id, ReversalRow.status.in_(_STANDING)
    )
    row = (await session.execute(statement)).one_or_none()
    return _reversal(row) if row else None


async def page(
    session: AsyncSession,
    *,
    status: ReversalStatus | None = None,
    before: UUID | None = None,
    limit: int,
) -> list[Reversal]:
    """List wishes, newest first, older than `before`."""
    statement = _reversals()
    if status is not None:
        statement = statement.where(ReversalRow.status == status)
    if before is not None:
        statement = statement.where(ReversalRow.id < before)
    rows = await session.execute(statement.order_by(ReversalRow.id.desc()).limit(limit))
    return [_reversal(row) for row in rows]


async def insert_once(session: AsyncSession, wish: Reversal) -> bool:
    """Store a new wish, and tell whether this call did; one that is stored already stays as it is.

    Nothing is stored either while another wish for the same transaction stands. Whoever inserts
    second waits for the first one's database transaction, and then finds its wish.
    """
    values = {name: value for name, value in asdict(wish).items() if name not in _OF_TRANSACTION}
    statement = insert(ReversalRow).values(values).on_conflict_do_nothing()
    return await session.scalar(statement.returning(ReversalRow.id)) is not None


async def save(session: AsyncSession, wish: Reversal) -> None:
    """Store what was decided about a locked wish."""
    statement = update(ReversalRow).where(ReversalRow.id == wish.id)
    await session.execute(
        statement.values(
            status=wish.status,
            decided_by=wish.decided_by,
            decided_at=wish.decided_at,
            note=wish.note,
        )
    )
