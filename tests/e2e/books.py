"""What the ledger says, read from the database itself and not through the API."""

from collections import Counter
from decimal import Decimal
from typing import Any

import psycopg

from tests.e2e.loans import Loan

_DIFFERENCE = """
SELECT coalesce(sum(CASE type WHEN 'debit' THEN amount ELSE -amount END), 0) FROM ledger_entries
"""
_DRIFTED = """
SELECT account.id
FROM ledger_accounts account LEFT JOIN ledger_entries entry ON entry.account_id = account.id
WHERE account.balance IS NOT NULL
GROUP BY account.id
HAVING account.balance <> coalesce(sum(CASE type WHEN 'credit' THEN amount ELSE -amount END), 0)
"""
_LEFT_IN_ESCROW = """
SELECT ticket.id
FROM tickets ticket JOIN ledger_accounts escrow
    ON escrow.kind = 'ticket_escrow' AND escrow.owner_id = ticket.id
WHERE ticket.status IN ('completed', 'cancelled') AND escrow.balance <> 0
"""
_MISCOUNTED = """
SELECT name, sum(value) FROM (
    SELECT name, value FROM report_recount UNION ALL SELECT name, -value FROM report_counts
) AS both_ways GROUP BY name HAVING sum(value) <> 0
"""


class Books:
    def __init__(self, database_url: str) -> None:
        self._url = database_url

    def keys(self, ref: str) -> Counter[str]:
        """Return the permanent keys of the transactions of a business object."""
        found = self._read("SELECT idempotency_key FROM ledger_transactions WHERE ref = %s", ref)
        return Counter(key for (key,) in found)

    def check(self, *loans: Loan) -> None:
        """Hold the books to what must be true at any time, and finished loans to theirs."""
        assert self._read(_DIFFERENCE) == [(Decimal(0),)], "debits are not credits"
        assert self._read(_DRIFTED) == [], "a balance is not the sum of its entries"
        assert self._read(_LEFT_IN_ESCROW) == [], "a closed ticket left money in escrow"
        assert self._read(_MISCOUNTED) == [], "a counter is not what counting anew comes to"
        for loan in loans:
            ref = f"ticket:{loan.id}"
            assert self.keys(ref) == {f"{ref}:pay": 1, f"{ref}:settle": 1}

    def _read(self, query: str, *parameters: str) -> list[tuple[Any, ...]]:
        with psycopg.connect(self._url) as connection:
            return connection.execute(query.encode(), parameters).fetchall()
