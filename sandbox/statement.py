"""The ledger of one loan: every entry of it, and the proof that no rial came or went beside it."""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Self
from uuid import UUID

import psycopg
from psycopg.rows import class_row

from domain import ids
from domain.ledger import AccountKind, Side

_ENTRIES = """
SELECT entry.description, account.kind AS account, account.owner_id, entry.type AS side,
       entry.amount, entry.balance_after
FROM ledger_entries entry JOIN ledger_accounts account ON account.id = entry.account_id
WHERE entry.ref = %s
ORDER BY entry.created_at, entry.type DESC, entry.seq
"""


@dataclass(frozen=True)
class Line:
    """One entry. The platform's own accounts keep no running balance."""

    description: str
    account: str
    owner_id: UUID | None
    side: str
    amount: Decimal
    balance_after: Decimal | None


@dataclass(frozen=True)
class Statement:
    """All entries of a loan, oldest first."""

    lines: Sequence[Line]

    @classmethod
    def of_ticket(cls, database_url: str, ticket_id: UUID) -> Self:
        with (
            psycopg.connect(database_url) as connection,
            connection.cursor(row_factory=class_row(Line)) as cursor,
        ):
            ref = ids.ticket_workflow(ticket_id)
            return cls(cursor.execute(_ENTRIES, (ref,)).fetchall())

    def total(self, side: Side, kind: AccountKind, owner_id: UUID | None = None) -> Decimal:
        """Return the sum of one side of an account's entries."""
        wanted = (side, kind, owner_id)
        amounts = (
            line.amount for line in self.lines if (line.side, line.account, line.owner_id) == wanted
        )
        return sum(amounts, Decimal(0))

    def sum_of(self, side: Side) -> Decimal:
        return sum((line.amount for line in self.lines if line.side == side), Decimal(0))

    def table(self, names: dict[UUID, str]) -> list[str]:
        """Return the entries as lines of text, with people called by their names."""
        rows = [("For", "Account", "Debit", "Credit", "Balance after")]
        rows += [_row(line, names) for line in self.lines]
        widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
        lines = [_aligned(row, widths) for row in rows]
        return [lines[0], "-" * len(lines[0]), *lines[1:]]


def _row(line: Line, names: dict[UUID, str]) -> tuple[str, str, str, str, str]:
    owner = f" of {names[line.owner_id]}" if line.owner_id in names else ""
    account = line.account.replace("_", " ").removeprefix("user ") + owner
    debit = f"{line.amount:,}" if line.side == Side.DEBIT else ""
    credit = f"{line.amount:,}" if line.side == Side.CREDIT else ""
    balance = "" if line.balance_after is None else f"{line.balance_after:,}"
    return line.description, account, debit, credit, balance


def _aligned(row: Sequence[str], widths: Sequence[int]) -> str:
    """Words to the left, numbers to the right."""
    words = [text.ljust(width) for text, width in zip(row[:2], widths[:2], strict=True)]
    numbers = [text.rjust(width) for text, width in zip(row[2:], widths[2:], strict=True)]
    return "  ".join((*words, *numbers))
