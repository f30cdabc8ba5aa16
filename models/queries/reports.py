"""Statements on the counters of the platform, and on one user's own figures."""

from decimal import Decimal
from typing import Final, NamedTuple
from uuid import UUID

from sqlalchemy import func, select, text
from sqlalchemy.ext.asyncio import AsyncSession

from domain.money import ZERO
from domain.reports import Counts, Own, Share
from domain.ticket import TicketStatus
from models.report import ReportCount

_COUNTS: Final = select(ReportCount.name, func.sum(ReportCount.value)).group_by(ReportCount.name)
_DIFFERENCES: Final = text("""
SELECT name, counted, expected FROM (
    SELECT name, sum(value) FILTER (WHERE NOT is_expected) AS counted,
        sum(value) FILTER (WHERE is_expected) AS expected
    FROM (
        SELECT name, value, false AS is_expected FROM report_counts
        UNION ALL
        SELECT name, value, true FROM report_recount
    ) AS both_ways GROUP BY name
) AS compared WHERE coalesce(counted, 0) <> coalesce(expected, 0) ORDER BY name
""")


class Difference(NamedTuple):
    """A counter that is not what counting anew comes to."""

    name: str
    counted: Decimal
    expected: Decimal


async def counts(session: AsyncSession) -> Counts:
    """Return what was counted; how much that is makes no difference."""
    rows = await session.execute(_COUNTS)
    return Counts.of({row[0]: row[1] for row in rows})


async def differences(session: AsyncSession) -> list[Difference]:
    """Count everything anew, as of one moment, and return what was counted otherwise."""
    rows = await session.execute(_DIFFERENCES)
    return [Difference(name, counted or ZERO, expected or ZERO) for name, counted, expected in rows]


async def fold(session: AsyncSession) -> None:
    """Add up what each connection has counted; those that count just now are left for later."""
    await session.execute(text("SELECT fold_report_counts()"))


async def correct(session: AsyncSession) -> int:
    """Set counters right that differ, while others go on counting; return how many."""
    corrected: int = (await session.execute(text("SELECT correct_report_counts()"))).scalar_one()
    return corrected


# One statement, so that money on its way into an escrow is in one place. Of the wallet's entries
# those of loans are told apart by the side on which its owner was.
_OWN: Final = text("""
SELECT
    (SELECT jsonb_object_agg(status, number) FROM (
        SELECT status, count(*) AS number FROM tickets WHERE borrower_id = :user_id GROUP BY status
    ) AS borrowed),
    (SELECT jsonb_object_agg(status, number) FROM (
        SELECT status, count(*) AS number FROM tickets WHERE lender_id = :user_id GROUP BY status
    ) AS lent),
    (SELECT balance FROM ledger_accounts WHERE kind = 'user_wallet' AND owner_id = :user_id),
    (SELECT sum(a.balance) FROM tickets t JOIN ledger_accounts a
        ON a.kind = 'ticket_escrow' AND a.owner_id = t.id
    WHERE t.borrower_id = :user_id AND t.status IN ('accepted', 'escrow', 'active')),
    moved.away, moved.earned
FROM (
    SELECT sum(CASE e.type WHEN 'debit' THEN e.amount ELSE -e.amount END)
            FILTER (WHERE t.borrower_id = :user_id) AS away,
        sum(e.amount) FILTER (WHERE t.lender_id = :user_id) AS earned
    FROM ledger_entries e JOIN tickets t
        ON t.id = CASE WHEN e.ref LIKE 'ticket:%' THEN CAST(substr(e.ref, 8) AS uuid) END
    WHERE e.account_id = (
        SELECT id FROM ledger_accounts WHERE kind = 'user_wallet' AND owner_id = :user_id)
) AS moved
""")


async def own(session: AsyncSession, user_id: UUID) -> Own:
    """Return one user's figures, read from the indexes of what is theirs."""
    found = (await session.execute(_OWN, {"user_id": user_id})).one()
    borrowed, lent, balance, held, away, earned = found
    return Own(
        borrowing=Share(_by_status(borrowed), (away or ZERO) - (held or ZERO)),
        lending=Share(_by_status(lent), earned or ZERO),
        balance=balance or ZERO,
        held=held or ZERO,
    )


def _by_status(found: dict[str, int] | None) -> dict[TicketStatus, int]:
    return {status: (found or {}).get(status, 0) for status in TicketStatus}
