"""What people would have received: kept in the simulator's SQLite file."""

import sqlite3
from dataclasses import asdict, dataclass, field, fields
from pathlib import Path
from typing import Final

from sandbox.gateway.store import now

_SCHEMA: Final = """
CREATE TABLE IF NOT EXISTS outbox (
    number INTEGER PRIMARY KEY,
    channel TEXT NOT NULL,
    recipient TEXT NOT NULL,
    subject TEXT NOT NULL,
    text TEXT NOT NULL,
    html TEXT NOT NULL,
    local_id TEXT,
    at TEXT NOT NULL
)
"""
# Files of an earlier version have no such columns yet.
_ADDED: Final = ("provider", "provider_id", "callback_url")
_KEEP: Final = """
INSERT INTO outbox (channel, recipient, subject, text, html, local_id, at,
    provider, provider_id, callback_url)
VALUES (:channel, :recipient, :subject, :text, :html, :local_id, :at,
    :provider, :provider_id, :callback_url)
"""


@dataclass(frozen=True)
class Sent:
    """One message as its reader has it.

    Attributes:
        local_id: Names it at its sender.
        provider: Who took it.
        provider_id: Names it in that provider's answers and reports.
        callback_url: Where its sender wants those reports, if it said so.
        number: Names it here.
    """

    channel: str
    recipient: str
    subject: str
    text: str
    html: str = ""
    local_id: str | None = None
    provider: str | None = None
    provider_id: str | None = None
    callback_url: str | None = None
    at: str = field(default_factory=now)
    number: int = 0


class Outbox:
    """A connection of its own to the file that holds the payments as well."""

    def __init__(self, file: Path) -> None:
        self._connection = sqlite3.connect(file, isolation_level=None, check_same_thread=False)
        self._connection.row_factory = sqlite3.Row
        self._connection.execute(_SCHEMA)
        there = {row["name"] for row in self._connection.execute("PRAGMA table_info(outbox)")}
        for name in _ADDED:
            if name not in there:
                self._connection.execute(f"ALTER TABLE outbox ADD COLUMN {name} TEXT")

    def close(self) -> None:
        self._connection.close()

    def keep(self, sent: Sent) -> int:
        """Store a message and return its number."""
        return self._connection.execute(_KEEP, asdict(sent)).lastrowid or 0

    def latest(self, limit: int, recipient: str | None = None) -> list[Sent]:
        where = "" if recipient is None else "WHERE recipient = ?"
        named = [] if recipient is None else [recipient]
        return self._select(f"{where} ORDER BY number DESC LIMIT ?", *named, limit)

    def by_local_id(self, local_id: str) -> Sent | None:
        found = self._select("WHERE local_id = ? ORDER BY number LIMIT 1", local_id)
        return found[0] if found else None

    def by_provider_id(self, provider_id: str) -> Sent | None:
        found = self._select("WHERE provider_id = ? LIMIT 1", provider_id)
        return found[0] if found else None

    def _select(self, rest: str, *arguments: str | int) -> list[Sent]:
        names = ", ".join(one.name for one in fields(Sent))
        query = f"SELECT {names} FROM outbox {rest}"  # noqa: S608 - constants only
        return [Sent(**dict(row)) for row in self._connection.execute(query, arguments)]
