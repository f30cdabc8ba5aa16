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
_KEEP: Final = """
INSERT INTO outbox (channel, recipient, subject, text, html, local_id, at)
VALUES (:channel, :recipient, :subject, :text, :html, :local_id, :at)
"""


@dataclass(frozen=True)
class Sent:
    """One message as its reader has it. `number` names it here; `local_id` at its sender."""

    channel: str
    recipient: str
    subject: str
    text: str
    html: str = ""
    local_id: str | None = None
    at: str = field(default_factory=now)
    number: int = 0


class Outbox:
    """A connection of its own to the file that holds the payments as well."""

    def __init__(self, file: Path) -> None:
        self._connection = sqlite3.connect(file, isolation_level=None, check_same_thread=False)
        self._connection.row_factory = sqlite3.Row
        self._connection.execute(_SCHEMA)

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

    def _select(self, rest: str, *arguments: str | int) -> list[Sent]:
        names = ", ".join(one.name for one in fields(Sent))
        query = f"SELECT {names} FROM outbox {rest}"  # noqa: S608 - constants only
        return [Sent(**dict(row)) for row in self._connection.execute(query, arguments)]
