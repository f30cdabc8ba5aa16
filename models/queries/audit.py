"""Statements on the audit log."""

from typing import Final

from sqlalchemy import func, insert
from sqlalchemy.ext.asyncio import AsyncSession

from domain.audit import AuditLine
from models.audit import AuditRow
from models.base import new_id

_INSERT: Final = insert(AuditRow)


async def record(session: AsyncSession, line: AuditLine) -> None:
    """Write a line, in the transaction of what it tells: both are there, or neither."""
    origin = line.origin
    values = {
        "id": new_id(),
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
