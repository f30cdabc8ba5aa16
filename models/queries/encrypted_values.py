"""Statements on encrypted values, of whichever table: how many there are by key, and new ones."""

from collections.abc import Sequence
from typing import Any, Final, NamedTuple
from uuid import UUID

from sqlalchemy import (
    ColumnElement,
    LargeBinary,
    TableClause,
    Text,
    Uuid,
    bindparam,
    case,
    cast,
    column,
    func,
    or_,
    select,
    table,
    update,
)
from sqlalchemy.ext.asyncio import AsyncSession

from models.encrypted import EncryptedField

_HEAD_BYTES: Final = 2  # the version, and the length of the key's id; see models/encrypted.py
UNREADABLE: Final = "?"


class Use(NamedTuple):
    """How many values a key has encrypted, and how many of them cannot be found by their index."""

    key_id: str
    values: int
    without_index: int


class Value(NamedTuple):
    row_id: UUID
    sealed: bytes


def _table(field: EncryptedField) -> TableClause:
    return table(
        field.table,
        column("id", Uuid),
        column(field.column, LargeBinary),
        column(field.index, LargeBinary),
    )


def _columns(of: TableClause, field: EncryptedField) -> tuple[ColumnElement[Any], ...]:
    return of.c.id, of.c[field.column], of.c[field.index]


async def uses(session: AsyncSession, field: EncryptedField) -> list[Use]:
    """Count the values of a column by the id of their key."""
    of = _table(field)
    _, sealed, index = _columns(of, field)
    # Casts to text would read the bytes as escapes; `convert_from` reads them as they are.
    named = func.convert_from(func.substring(sealed, 3, func.get_byte(sealed, 1)), "UTF8")
    key_id = case((func.length(sealed) > _HEAD_BYTES, named), else_=UNREADABLE)
    statement = (
        select(cast(key_id, Text), func.count(), func.count().filter(index.is_(None)))
        .select_from(of)
        .where(sealed.is_not(None))
        .group_by(key_id)
        .order_by(key_id)
    )
    return [Use(*row) for row in await session.execute(statement)]


async def stale(
    session: AsyncSession, field: EncryptedField, key_id: str, *, after: UUID, limit: int
) -> Sequence[Value]:
    """Return values behind `after` that another key than this one encrypted, or without index."""
    of = _table(field)
    row_id, sealed, index = _columns(of, field)
    head = bytes((1, len(key_id.encode()))) + key_id.encode()
    statement = (
        select(row_id, sealed)
        .where(
            sealed.is_not(None),
            row_id > after,
            or_(func.substring(sealed, 1, len(head)) != bindparam(None, head), index.is_(None)),
        )
        .order_by(row_id)
        .limit(limit)
    )
    return [Value(*row) for row in await session.execute(statement)]


async def replace(
    session: AsyncSession, field: EncryptedField, value: Value, sealed: bytes, index: bytes
) -> bool:
    """Store a value anew, unless somebody has changed it since it was read."""
    of = _table(field)
    row_id, old, old_index = _columns(of, field)
    statement = (
        update(of)
        .where(row_id == value.row_id, old == value.sealed)
        .values({field.column: sealed, field.index: func.coalesce(old_index, index)})
        .returning(row_id)
    )
    return (await session.execute(statement)).one_or_none() is not None
