"""Statements on the audit log."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

from sqlalchemy import func, select, tuple_
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from domain.audit import AuditAction, AuditLine
from models.audit import AuditRow
from models.base import new_id

_INSERT: Final = insert(AuditRow).on_conflict_do_nothing(index_elements=[AuditRow.id])


async def record(session: AsyncSession, line: AuditLine, line_id: UUID | None = None) -> None:
    """Write a line, in the transaction of what it tells: both are there, or neither.

    Args:
        session: Of that transaction.
        line: What was done.
        line_id: For what may be done twice and is to be told once; a repeat writes nothing.
    """
    origin = line.origin
    values = {
        "id": line_id or new_id(),
        "at": func.clock_timestamp(),
        "action": line.action,
        "actor_id": line.actor_id,
        "object": line.object,
        "address": origin.address,
        "request_id": origin.request_id,
        "session_id": origin.session_id,
        "details": line.details,
    }
    await session.execute(_INSERT.values(values))


async def is_recorded(session: AsyncSession, line_id: UUID) -> bool:
    """Tell whether a line that was given an id is there: what it tells of is done."""
    return await session.scalar(select(AuditRow.id).where(AuditRow.id == line_id)) is not None


@dataclass(frozen=True)
class AuditFilter:
    """Which lines are wanted; what is None does not matter. From `since` up to, not with, `until`.

    Attributes:
        subject: What it was done to, such as `user:<id>`.
    """

    actor_id: UUID | None = None
    subject: str | None = None
    action: AuditAction | None = None
    since: datetime | None = None
    until: datetime | None = None


async def page(
    session: AsyncSession,
    wanted: AuditFilter,
    *,
    before: tuple[datetime, int] | None = None,
    limit: int,
) -> Sequence[AuditRow]:
    """List lines, newest first, older than the one that `before` names."""
    statement = select(AuditRow)
    equal = {
        AuditRow.actor_id: wanted.actor_id,
        AuditRow.object: wanted.subject,
        AuditRow.action: wanted.action,
    }
    for column, value in equal.items():
        if value is not None:
            statement = statement.where(column == value)
    if wanted.since is not None:
        statement = statement.where(AuditRow.at >= wanted.since)
    if wanted.until is not None:
        statement = statement.where(AuditRow.at < wanted.until)
    if before is not None:
        statement = statement.where(tuple_(AuditRow.at, AuditRow.seq) < before)
    newest_first = statement.order_by(AuditRow.at.desc(), AuditRow.seq.desc())
    return (await session.scalars(newest_first.limit(limit))).all()
