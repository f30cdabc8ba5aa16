"""Statements on requests that named themselves."""

from typing import NamedTuple
from uuid import UUID

from sqlalchemy import update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from models.idempotency import IdempotentRequest


class RequestName(NamedTuple):
    """What makes two requests the same one: the primary key of their row."""

    caller: UUID
    method: str
    path: str
    key: str


async def claim(
    session: AsyncSession, name: RequestName, fingerprint: bytes, resource_id: UUID
) -> tuple[IdempotentRequest, bool]:
    """Store a request, or find it stored; and tell whether this call stored it."""
    values = {**name._asdict(), "fingerprint": fingerprint, "resource_id": resource_id}
    statement = insert(IdempotentRequest).values(values).on_conflict_do_nothing()
    inserted = await session.scalar(statement.returning(IdempotentRequest.resource_id))
    return await get(session, name), inserted is not None


async def get(session: AsyncSession, name: RequestName) -> IdempotentRequest:
    return await session.get_one(IdempotentRequest, tuple(name), populate_existing=True)


async def keep(session: AsyncSession, name: RequestName, status: int, body: bytes) -> bool:
    """Store the outcome unless there is one; False means that another attempt was first."""
    row = IdempotentRequest
    statement = (
        update(row)
        .where(
            row.caller == name.caller,
            row.method == name.method,
            row.path == name.path,
            row.key == name.key,
            row.status.is_(None),
        )
        .values(status=status, body=body)
        .returning(row.resource_id)
    )
    return await session.scalar(statement) is not None
