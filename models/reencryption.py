"""Brings stored values under the key for new ones, and counts them by key, for the command line.

In batches, each a transaction with its line in the audit log, so that it can be ended at any time
and begun again; and while the system runs, because a value is only replaced if it is still the one
that was read.
"""

import base64
import os
from collections.abc import AsyncIterator, Collection, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Final
from uuid import UUID

from cryptography.exceptions import InvalidTag
from sqlalchemy.ext.asyncio import AsyncSession

from domain.audit import AuditAction, AuditLine
from models.database import Sessions, connected, sessions_of
from models.encrypted import ENCRYPTED_FIELDS, BlindIndex, EncryptedColumn, EncryptedField
from models.queries import audit, encrypted_values
from models.queries.encrypted_values import Use, Value

_FIRST: Final = UUID(int=0)
HOW_TO_ROTATE: Final = """{key}

The new key. Every process has to know it before one of them encrypts with it:
1. Put it LAST into ENCRYPTION_KEYS, behind a comma, wherever that is set; restart all processes.
2. Put it FIRST, and restart them again. New values and workflows are under it from now on.
3. ./assets keys reencrypt --deployment
4. Keep the old key: workflows and their histories are under it for as long as the engine has them,
   and so are backups. `./assets keys list --deployment` tells when no value is any more."""


@dataclass(frozen=True)
class KeyRing:
    """The keys of a deployment.

    Attributes:
        keys: Those that encrypt, by id; the first one is for new values.
        index_key: The one that makes indexes.
    """

    keys: Mapping[str, bytes]
    index_key: bytes

    @property
    def active(self) -> str:
        return next(iter(self.keys))


@dataclass
class Renewed:
    """What became of the values of one column.

    Attributes:
        column: Its name.
        values: How many are now under the key for new ones, and found by their index.
        unreadable: The rows whose value none of our keys opens; they stay as they are.
    """

    column: str
    values: int = 0
    unreadable: list[UUID] = field(default_factory=list)

    def __str__(self) -> str:
        lines = [f"{self.column}: {self.values:,} renewed"]
        lines += [f"{self.column}: {row}, which no key of ours opens" for row in self.unreadable]
        return "\n".join(lines)


def new_key(known: Collection[str]) -> str:
    """Make a key as `id:base64`; its id is a number that none of the known ones has."""
    number = 1 + len(known)
    while f"k{number}" in known:
        number += 1
    return f"k{number}:{base64.b64encode(os.urandom(32)).decode()}"


@asynccontextmanager
async def _database(url: str) -> AsyncIterator[Sessions]:
    async with connected(url, pool_size=1) as engine:
        yield sessions_of(engine)


async def count(database_url: str) -> dict[str, list[Use]]:
    """Count the values of each encrypted column by the id of their key."""
    async with _database(database_url) as sessions, sessions() as session:
        return {each.name: await encrypted_values.uses(session, each) for each in ENCRYPTED_FIELDS}


def told(columns: Mapping[str, list[Use]], ring: KeyRing) -> str:
    """Say it in words, one line for each column and key."""
    said = [f"{ring.active} encrypts; known are {', '.join(ring.keys)}"]
    for column, uses in columns.items():
        said += [f"{column}: no values"] if not uses else []
        for use in uses:
            words = f"{column}: {use.values:,} under {use.key_id}"
            words += "" if use.key_id in ring.keys else ", WHICH IS NOT IN ENCRYPTION_KEYS"
            words += f", {use.without_index:,} without index" if use.without_index else ""
            said.append(words)
    return "\n".join(said)


async def reencrypt(database_url: str, ring: KeyRing, batch: int) -> list[Renewed]:
    """Go through all encrypted columns once, `batch` values at a time."""
    async with _database(database_url) as sessions:
        return [await _Column(sessions, ring, each).renew(batch) for each in ENCRYPTED_FIELDS]


class _Column:
    def __init__(self, sessions: Sessions, ring: KeyRing, of: EncryptedField) -> None:
        self._sessions = sessions
        self._of = of
        self._active = ring.active
        self._values = EncryptedColumn(ring.keys, of.name)
        self._index = BlindIndex(ring.index_key, of.name)
        self._renewed = Renewed(of.name)

    async def renew(self, batch: int) -> Renewed:
        after: UUID | None = _FIRST
        while after is not None:
            after = await self._next(after, batch)
        return self._renewed

    async def _next(self, after: UUID, batch: int) -> UUID | None:
        """Renew a batch and return its last row, None if there is nothing left."""
        async with self._sessions.begin() as session:
            found = await encrypted_values.stale(
                session, self._of, self._active, after=after, limit=batch
            )
            done = sum([await self._replace(session, value) for value in found])
            if done:
                facts = {"column": self._of.name, "values": str(done)}
                line = AuditLine(
                    AuditAction.KEYS_REENCRYPTED, None, f"key:{self._active}", details=facts
                )
                await audit.record(session, line)
        self._renewed.values += done
        return found[-1].row_id if found else None

    async def _replace(self, session: AsyncSession, value: Value) -> bool:
        try:
            text = self._values.decrypt(value.row_id, value.sealed)
        except (InvalidTag, ValueError):
            self._renewed.unreadable.append(value.row_id)
            return False
        sealed = value.sealed
        if self._values.needs_reencryption(sealed):
            sealed = self._values.encrypt(value.row_id, text)
        return await encrypted_values.replace(
            session, self._of, value, sealed, self._index.of(text)
        )
