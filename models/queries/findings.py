"""Statements on findings: kept once while they last, cleared when they are no longer seen."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Final
from uuid import UUID

from sqlalchemy import func, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from domain.finding import Finding, FindingKind
from models.base import new_id
from models.finding import FindingRow

_AT_ONCE: Final = 1_000  # rows of one INSERT; a statement has at most 65,535 parameters
_OPEN: Final = FindingRow.cleared_at.is_(None)


@dataclass(frozen=True)
class Total:
    """The open findings of one kind; `amount` in rials."""

    kind: str
    count: int
    amount: Decimal


async def keep(session: AsyncSession, found: Collection[Finding], at: datetime) -> None:
    """Store what a comparison that began `at` has found; what was open before stays as old."""
    each = {(finding.kind, finding.subject): finding for finding in found}
    rows = [
        {"id": new_id(), "found_at": at, "seen_at": at, **vars(finding)}
        for finding in each.values()
    ]
    for start in range(0, len(rows), _AT_ONCE):
        statement = insert(FindingRow).values(rows[start : start + _AT_ONCE])
        new = statement.excluded
        await session.execute(
            statement.on_conflict_do_update(
                index_elements=[FindingRow.kind, FindingRow.subject],
                index_where=_OPEN,
                set_={
                    "amount": new.amount,
                    "detail": new.detail,
                    "seen_at": func.greatest(FindingRow.seen_at, new.seen_at),
                },
            )
        )


async def clear(
    session: AsyncSession,
    kinds: Collection[FindingKind],
    at: datetime,
    subjects: Collection[str] | None = None,
) -> None:
    """Close findings that a comparison which began `at` has looked for and not seen again.

    Those that a later comparison has seen meanwhile stay open.
    """
    statement = update(FindingRow).where(_OPEN, FindingRow.kind.in_(kinds), FindingRow.seen_at < at)
    if subjects is not None:
        statement = statement.where(FindingRow.subject.in_(subjects))
    await session.execute(statement.values(cleared_at=at))


async def totals(session: AsyncSession) -> list[Total]:
    """Sum the open findings up by kind; a kind without any has no row."""
    statement = (
        select(FindingRow.kind, func.count(), func.sum(func.abs(FindingRow.amount)))
        .where(_OPEN)
        .group_by(FindingRow.kind)
    )
    return [Total(kind, count, amount) for kind, count, amount in await session.execute(statement)]


async def open_of(session: AsyncSession, subjects: Collection[str]) -> Sequence[FindingRow]:
    """Return the open findings about some subjects, newest first."""
    statement = select(FindingRow).where(_OPEN, FindingRow.subject.in_(subjects))
    return (await session.scalars(statement.order_by(FindingRow.id.desc()))).all()


async def subjects(session: AsyncSession, kind: FindingKind, limit: int) -> Sequence[str]:
    """Name what has an open finding of one kind, the one that was looked at longest ago first."""
    statement = select(FindingRow.subject).where(_OPEN, FindingRow.kind == kind)
    return (await session.scalars(statement.order_by(FindingRow.seen_at).limit(limit))).all()


async def page(
    session: AsyncSession, *, is_open: bool | None, before: UUID | None, limit: int
) -> Sequence[FindingRow]:
    """List findings, newest first, older than `before`; open ones, cleared ones, or both."""
    statement = select(FindingRow)
    if is_open is not None:
        statement = statement.where(_OPEN if is_open else ~_OPEN)
    if before is not None:
        statement = statement.where(FindingRow.id < before)
    return (await session.scalars(statement.order_by(FindingRow.id.desc()).limit(limit))).all()
