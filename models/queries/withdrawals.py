"""Statements on withdrawals."""

from collections.abc import Sequence
from dataclasses import asdict, fields
from uuid import UUID

from sqlalchemy import Select, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from domain.errors import NotFound
from domain.withdrawal import Withdrawal, WithdrawalStatus
from models.withdrawal import WithdrawalRow

# The columns and the domain's fields have the same names: a row without its IBAN is a withdrawal.
_COLUMNS = [getattr(WithdrawalRow, field.name) for field in fields(Withdrawal)]


def _withdrawals() -> Select[tuple[object, ...]]:
    return select(*_COLUMNS)


def _withdrawal(row: Sequence[object]) -> Withdrawal:
    return Withdrawal(*row)  # type: ignore[arg-type]  # _COLUMNS follow the fields of Withdrawal


async def find(session: AsyncSession, withdrawal_id: UUID) -> Withdrawal | None:
    statement = _withdrawals().where(WithdrawalRow.id == withdrawal_id)
    row = (await session.execute(statement)).one_or_none()
    return _withdrawal(row) if row else None


async def get(session: AsyncSession, withdrawal_id: UUID) -> Withdrawal:
    """Return a withdrawal.

    Raises:
        NotFound: There is no such withdrawal.
    """
    found = await find(session, withdrawal_id)
    if found is None:
        raise NotFound("There is no such withdrawal.")
    return found


async def lock(session: AsyncSession, withdrawal_id: UUID) -> Withdrawal:
    """Return a withdrawal that nobody else can change until this transaction ends.

    Raises:
        NotFound: There is no such withdrawal.
    """
    statement = _withdrawals().where(WithdrawalRow.id == withdrawal_id)
    row = (await session.execute(statement.with_for_update(key_share=True))).one_or_none()
    if row is None:
        raise NotFound("There is no such withdrawal.")
    return _withdrawal(row)


async def sealed_ibans(session: AsyncSession, withdrawal_ids: Sequence[UUID]) -> dict[UUID, bytes]:
    """Return the encrypted account numbers of withdrawals, for those who have to pay them."""
    statement = select(WithdrawalRow.id, WithdrawalRow.iban)
    rows = await session.execute(statement.where(WithdrawalRow.id.in_(withdrawal_ids)))
    return {row.id: row.iban for row in rows}


async def page(
    session: AsyncSession,
    *,
    user_id: UUID | None = None,
    status: WithdrawalStatus | None = None,
    iban_index: bytes | None = None,
    before: UUID | None = None,
    limit: int,
) -> list[Withdrawal]:
    """List withdrawals, those of one user or of everybody, newest first, older than `before`."""
    statement = _withdrawals()
    if iban_index is not None:
        statement = statement.where(WithdrawalRow.iban_index == iban_index)
    if user_id is not None:
        statement = statement.where(WithdrawalRow.user_id == user_id)
    if status is not None:
        statement = statement.where(WithdrawalRow.status == status)
    if before is not None:
        statement = statement.where(WithdrawalRow.id < before)
    rows = await session.execute(statement.order_by(WithdrawalRow.id.desc()).limit(limit))
    return [_withdrawal(row) for row in rows]


async def insert_once(
    session: AsyncSession, withdrawal: Withdrawal, iban: bytes, iban_index: bytes | None
) -> None:
    """Store a new withdrawal; one that is stored already stays as it is."""
    values = asdict(withdrawal) | {"iban": iban, "iban_index": iban_index}
    await session.execute(insert(WithdrawalRow).values(values).on_conflict_do_nothing())


async def save(session: AsyncSession, withdrawal: Withdrawal) -> None:
    """Store what was decided about a locked withdrawal, and how it ended."""
    statement = update(WithdrawalRow).where(WithdrawalRow.id == withdrawal.id)
    await session.execute(
        statement.values(
            status=withdrawal.status,
            decided_by=withdrawal.decided_by,
            decided_at=withdrawal.decided_at,
            note=withdrawal.note,
            bank_reference=withdrawal.bank_reference,
            closed_by=withdrawal.closed_by,
            closed_at=withdrawal.closed_at,
        )
    )
