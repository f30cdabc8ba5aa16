"""A wallet's statement as CSV (RFC 4180): opening balance, entries, closing balance.

Made to be opened by people in a spreadsheet. Descriptions are other people's words, so a cell that
a spreadsheet would take for a formula is written with an apostrophe in front; amounts are plain
numbers.
"""

import csv
import io
import unicodedata
from collections.abc import AsyncIterator, Iterable
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Final
from uuid import UUID

from api.schemas.common import rfc3339
from domain.ledger import Side
from domain.money import CURRENCY, ZERO
from models.database import Sessions
from models.queries import statements
from models.queries.statements import Line

MEDIA_TYPE: Final = "text/csv"
HEADER: Final = (
    "row", "created_at", "description", "ref", "transaction_id",
    "debit", "credit", "balance", "currency",
)  # fmt: skip
BATCH: Final = 500
_FORMULA: Final = frozenset("=+-@")
_EXAMPLE: Final = """\
"row","created_at","description","ref","transaction_id","debit","credit","balance","currency"\r
"opening","2026-11-22T09:30:00Z","Opening balance","","","","",1250000.00,"IRR"\r
"entry","2026-11-23T10:00:00Z","Wallet top-up","payment:01980a5e-6d3f-7cc2-9b1e-4f0d6a2b7c11",\
"01980a5e-7f10-7a41-8d52-0c9b3e5f6a22","",500000.00,1750000.00,"IRR"\r
"closing","2026-11-25T09:30:00Z","Closing balance","","","","",1750000.00,"IRR"\r
"""
DOCUMENTED: Final = {"schema": {"type": "string"}, "example": _EXAMPLE}
_Cells = tuple[str | Decimal | None, ...]


@dataclass(frozen=True)
class Statement:
    """The entries of a wallet behind `before`, up to `last`; both ends are known to be stored.

    Attributes:
        since: The beginning of the period; None is the beginning of the wallet.
        until: Its end; for one that is not over yet, when the statement was asked for.
    """

    user_id: UUID
    since: datetime | None
    until: datetime
    before: Line | None
    last: Line | None

    @property
    def filename(self) -> str:
        start = f"{self.since:%Y%m%d}-" if self.since else ""
        return f"statement-{start}{self.until:%Y%m%d}.csv"

    async def text(self, sessions: Sessions) -> AsyncIterator[bytes]:
        """Yield the statement in pieces.

        Each piece is a read of its own: no connection waits for a slow reader, and no statement
        is too long for memory.
        """
        opened = rfc3339(self.since) if self.since else ""
        yield _csv([HEADER, _balance("opening", opened, self.before)])
        at = self.before
        while self.last and at != self.last:
            async with sessions() as session:
                found = await statements.lines(
                    session, self.user_id, after=at, last=self.last, limit=BATCH
                )
            yield _csv(map(_entry, found))
            at = found[-1]  # the last one is among them in the end: none is ever removed
        yield _csv([_balance("closing", rfc3339(self.until), self.last)])


def _balance(row: str, at: str, line: Line | None) -> _Cells:
    words = f"{row.capitalize()} balance"
    return row, at, words, "", "", None, None, line.balance_after if line else ZERO, CURRENCY


def _entry(line: Line) -> _Cells:
    sides = (line.amount, None) if line.type is Side.DEBIT else (None, line.amount)
    return (
        "entry", rfc3339(line.created_at), line.description, line.ref, str(line.transaction_id),
        *sides, line.balance_after, CURRENCY,
    )  # fmt: skip


def _csv(rows: Iterable[_Cells]) -> bytes:
    text = io.StringIO(newline="")
    # Text in quotes, numbers without: whoever reads the file can tell them apart.
    writer = csv.writer(text, quoting=csv.QUOTE_NONNUMERIC)
    writer.writerows([_cell(cell) for cell in row] for row in rows)
    return text.getvalue().encode()


def _cell(cell: str | Decimal | None) -> str | Decimal | None:
    return harmless(cell) if isinstance(cell, str) else cell


def harmless(text: str) -> str:
    """Return a text that no spreadsheet takes for a formula; most are returned as they are.

    Where lists are separated by semicolons, a spreadsheet divides cells there, quotes or not.
    """
    return ";".join(f"'{part}" if _is_risky(part) else part for part in text.split(";"))


def _is_risky(text: str) -> bool:
    if text.startswith(("\t", "\r", "\n")):
        return True
    for character in text:
        # Spaces, control characters, and marks that show nothing do not protect what follows.
        if unicodedata.category(character)[0] not in "CZ":
            return unicodedata.normalize("NFKC", character)[0] in _FORMULA
    return False
