"""What a backup says of itself: what was in the database, for a restore to be held to."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Final

from pydantic import TypeAdapter, ValidationError

from backups.errors import BackupError

FORMAT: Final = 1


@dataclass(frozen=True)
class Table:
    """How many rows, and a digest of all that is in them, whatever their order."""

    rows: int
    digest: str


@dataclass(frozen=True)
class Seal:
    """The newest seal of a chain; `digest` in hex."""

    number: int
    digest: str

    def __str__(self) -> str:
        return f"seal {self.number} sha256 {self.digest}"


@dataclass(frozen=True)
class Money:
    """The ledger in figures.

    Attributes:
        debited: The sum of all debits, in rials.
        held: What all wallets and escrows hold together.
    """

    transactions: int
    debited: Decimal
    held: Decimal


@dataclass(frozen=True)
class Contents:
    """A database as of one moment.

    Attributes:
        revision: Of the migrations.
        tables: By name.
        guards: What keeps the rows right: triggers, constraints, indexes, functions, grants.
        keys: How many values of each encrypted column each key has encrypted, by its name.
    """

    revision: str
    tables: dict[str, Table]
    guards: tuple[str, ...]
    money: Money
    ledger_seal: Seal | None
    audit_seal: Seal | None
    keys: dict[str, dict[str, int]]

    @property
    def rows(self) -> int:
        return sum(table.rows for table in self.tables.values())


@dataclass(frozen=True)
class Manifest:
    """A backup, described.

    Attributes:
        made_at: The moment that it shows.
        server: Version of the server that it was taken from.
        dumped_by: Version of the program that wrote it; an older one cannot read it.
        roles: Those that something was granted to; they must exist before it is restored.
    """

    made_at: datetime
    server: int
    dumped_by: int
    roles: tuple[str, ...]
    contents: Contents
    format: int = FORMAT

    def __str__(self) -> str:
        """Say it in words, a line for each thing that is worth noting elsewhere."""
        contents, money = self.contents, self.contents.money
        lines = (
            f"as of {self.made_at:%F %T} UTC",
            f"{contents.rows:,} rows in {len(contents.tables)} tables",
            f"PostgreSQL {self.server}, revision {contents.revision}",
            f"{money.held:,.2f} rials in wallets and escrows, {money.transactions:,} transactions",
            f"ledger {contents.ledger_seal or 'not sealed yet'}",
            f"audit log {contents.audit_seal or 'not sealed yet'}",
        )
        return "\n".join(lines)

    def keys(self) -> list[str]:
        """Return the names of the keys that something in it is encrypted with."""
        return sorted({key for uses in self.contents.keys.values() for key in uses})


_JSON: Final = TypeAdapter(Manifest)


def written(manifest: Manifest) -> bytes:
    return _JSON.dump_json(manifest, indent=1) + b"\n"


def read(text: bytes) -> Manifest:
    """Read a manifest.

    Raises:
        BackupError: It is none, or of a newer form than this code knows.
    """
    try:
        manifest = _JSON.validate_json(text)
    except ValidationError as error:
        raise BackupError(f"The manifest of the backup cannot be read: {error}") from error
    if manifest.format != FORMAT:
        raise BackupError(
            f"The backup has form {manifest.format}, and this release knows form {FORMAT}. "
            "Use the release that made it, or a newer one."
        )
    return manifest


def differences(noted: Contents, found: Contents) -> list[str]:
    """Say what is not as it was noted, one sentence each."""
    return [*_of_tables(noted, found), *_of_guards(noted, found), *_of_figures(noted, found)]


def _of_tables(noted: Contents, found: Contents) -> Iterator[str]:
    for name in sorted(noted.tables.keys() | found.tables.keys()):
        before, after = noted.tables.get(name), found.tables.get(name)
        if before is None or after is None:
            yield f"table {name}: {'is missing' if after is None else 'was not in the backup'}"
        elif before.rows != after.rows:
            yield f"table {name}: {after.rows:,} rows, not the {before.rows:,} that were backed up"
        elif before.digest != after.digest:
            yield f"table {name}: its {after.rows:,} rows are not those that were backed up"


def _of_guards(noted: Contents, found: Contents) -> Iterator[str]:
    before, after = set(noted.guards), set(found.guards)
    yield from (f"{guard}: is missing" for guard in sorted(before - after))
    yield from (f"{guard}: was not in the backup" for guard in sorted(after - before))


def _of_figures(noted: Contents, found: Contents) -> Iterator[str]:
    for name in ("revision", "money", "ledger_seal", "audit_seal", "keys"):
        before, after = getattr(noted, name), getattr(found, name)
        if before != after:
            yield f"{name}: {after}, where the backup has {before}"
