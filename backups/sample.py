"""Opens a sample of the encrypted values: a backup whose keys are gone is only half a backup."""

from dataclasses import dataclass
from typing import Final
from uuid import UUID

from cryptography.exceptions import InvalidTag
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from models.encrypted import (
    ENCRYPTED_FIELDS,
    BlindIndex,
    EncryptedColumn,
    EncryptedField,
    UnknownKey,
)
from models.reencryption import KeyRing

EACH: Final = 50  # of each column, for each key that it has values of
# Which ones chance decides, and so does a row's id: never the newest or the oldest alone.
_SAMPLE: Final = """
SELECT id, value, index FROM (
    SELECT id, {column} AS value, {index} AS index, row_number() OVER (
        PARTITION BY substring({column}, 1,
            2 + CASE WHEN length({column}) > 1 THEN get_byte({column}, 1) ELSE 0 END)
        ORDER BY sha256(uuid_send(id))
    ) AS place
    FROM {table} WHERE {column} IS NOT NULL
) AS placed WHERE place <= :each
"""


@dataclass(frozen=True)
class Sample:
    """How many values opened, and what was wrong with others, one sentence each."""

    opened: int
    wrong: tuple[str, ...]


async def take(session: AsyncSession, ring: KeyRing) -> Sample:
    """Open values of every column under every key."""
    opened, wrong = 0, list[str]()
    for field in ENCRYPTED_FIELDS:
        found = await _of(session, ring, field)
        opened += found.opened
        wrong += found.wrong
    return Sample(opened, tuple(wrong))


async def _of(session: AsyncSession, ring: KeyRing, field: EncryptedField) -> Sample:
    statement = _SAMPLE.format(column=field.column, index=field.index, table=field.table)
    rows = (await session.execute(text(statement), {"each": EACH})).all()
    column = EncryptedColumn(ring.keys, field.name)
    index = BlindIndex(ring.index_key, field.name)
    tried = [_tried(column, index, row_id, value, noted) for row_id, value, noted in rows]
    # What is wrong with one value is mostly wrong with all of them.
    wrong = sorted({f"{field.name}: {complaint}" for complaint in tried if complaint})
    return Sample(tried.count(None), tuple(wrong))


def _tried(
    column: EncryptedColumn, index: BlindIndex, row_id: UUID, value: bytes, noted: bytes | None
) -> str | None:
    """Open a value; return what is wrong with it, None if nothing is."""
    try:
        opened = column.decrypt(row_id, bytes(value))
    except UnknownKey as error:
        return f"{error}, under which it has values"
    except (InvalidTag, ValueError):
        return "values do not open: a key at hand is another than the one of that name at the time"
    if noted is not None and bytes(noted) != index.of(opened):
        return "values are not found by their index: INDEX_KEY is another than at the time"
    return None
