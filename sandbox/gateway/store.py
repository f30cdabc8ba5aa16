"""The simulator's payments, kept in a SQLite file so that a kill -9 loses none of them."""

import secrets
import sqlite3
from dataclasses import asdict, dataclass, fields, replace
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path
from typing import Final, Self

_SCHEMA: Final = """
CREATE TABLE IF NOT EXISTS payments (
    authority TEXT PRIMARY KEY,
    merchant_id TEXT NOT NULL,
    amount INTEGER NOT NULL,
    description TEXT NOT NULL,
    callback_url TEXT NOT NULL,
    order_id TEXT,
    auto_verify INTEGER NOT NULL,
    status TEXT NOT NULL,
    ref_id INTEGER,
    created_at TEXT NOT NULL,
    paid_at TEXT
)
"""
_SAVE: Final = """
INSERT INTO payments VALUES (:authority, :merchant_id, :amount, :description, :callback_url,
    :order_id, :auto_verify, :status, :ref_id, :created_at, :paid_at)
ON CONFLICT (authority) DO UPDATE SET
    status = excluded.status, ref_id = excluded.ref_id, paid_at = excluded.paid_at
"""


class Status(StrEnum):
    """The names are the protocol's own, as inquiry tells them."""

    IN_BANK = "IN_BANK"
    FAILED = "FAILED"
    PAID = "PAID"
    VERIFIED = "VERIFIED"
    REVERSED = "REVERSED"


PAYABLE: Final = frozenset({Status.IN_BANK, Status.FAILED})
SUCCESSFUL: Final = frozenset({Status.PAID, Status.VERIFIED})


@dataclass(frozen=True)
class Payment:
    """`amount` in rials, times in ISO 8601, UTC."""

    merchant_id: str
    amount: int
    description: str
    callback_url: str
    order_id: str | None
    auto_verify: bool
    authority: str
    created_at: str
    status: Status = Status.IN_BANK
    ref_id: int | None = None
    paid_at: str | None = None

    @property
    def fee(self) -> int:
        return fee_of(self.amount)

    def paid(self, *, verified: bool) -> Self:
        """Pay, unless that happened before. A payer may come back after giving up."""
        if self.status not in PAYABLE:
            return self
        status = Status.VERIFIED if verified or self.auto_verify else Status.PAID
        # Real references exceed 31 bits, and must not repeat when the file is deleted.
        ref_id = 10**11 + secrets.randbelow(9 * 10**11)
        return replace(self, status=status, ref_id=ref_id, paid_at=now())

    def cancelled(self) -> Self:
        return replace(self, status=Status.FAILED) if self.status in PAYABLE else self


def fee_of(amount: int) -> int:
    """The simulator's own tariff: one percent, at most 60,000 rials."""
    return min(amount // 100, 60_000)


def now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")


def new_authority() -> str:
    """Sandbox authorities begin with S; like real ones they have many leading zeros."""
    return f"S{secrets.token_hex(8):0>35}"


class Store:
    """One connection, used by one event loop; each method is one statement."""

    def __init__(self, file: Path) -> None:
        file.parent.mkdir(parents=True, exist_ok=True)
        # The loop that serves may run in another thread than the one that made the app.
        self._connection = sqlite3.connect(file, isolation_level=None, check_same_thread=False)
        self._connection.row_factory = sqlite3.Row
        self._connection.execute("PRAGMA journal_mode = WAL")
        self._connection.execute("PRAGMA synchronous = NORMAL")
        self._connection.execute(_SCHEMA)

    def close(self) -> None:
        self._connection.close()

    def save(self, payment: Payment) -> Payment:
        self._connection.execute(_SAVE, asdict(payment))
        return payment

    def find(self, authority: str) -> Payment | None:
        found = self._select("WHERE authority = ?", authority)
        return found[0] if found else None

    def latest(self, limit: int) -> list[Payment]:
        return self._select("ORDER BY rowid DESC LIMIT ?", limit)

    def unverified(self, merchant_id: str) -> list[Payment]:
        """The protocol shows the latest hundred and has no pages."""
        return self._select(
            "WHERE merchant_id = ? AND status = 'PAID' ORDER BY paid_at DESC LIMIT 100", merchant_id
        )

    def _select(self, rest: str, *arguments: str | int) -> list[Payment]:
        names = [field.name for field in fields(Payment)]
        query = f"SELECT {', '.join(names)} FROM payments {rest}"  # noqa: S608 - constants only
        return [_payment(row) for row in self._connection.execute(query, arguments)]


def _payment(row: sqlite3.Row) -> Payment:
    values = dict(row)
    return Payment(
        **values | {"status": Status(row["status"]), "auto_verify": bool(row["auto_verify"])}
    )
