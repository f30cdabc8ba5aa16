"""Statements on what waits for a person; each part reads an index that holds little else."""

from typing import Final

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from domain.attention import Pile, Waiting

_PILES: Final = text("""
SELECT 'disputes', count(*), min(updated_at) FROM tickets WHERE dispute_status = 'contested'
UNION ALL
SELECT 'withdrawals', count(*), min(created_at) FROM withdrawals
WHERE status IN ('requested', 'approved')
UNION ALL
SELECT 'reversals', count(*), min(created_at) FROM ledger_reversals WHERE status = 'requested'
UNION ALL
SELECT 'findings', count(*), min(found_at) FROM findings WHERE cleared_at IS NULL
UNION ALL
SELECT 'failed_messages', count(*), min(created_at) FROM messages
WHERE status = 'failed' AND created_at > now() - interval '1 day'
    AND (attempts > 0 OR last_error LIKE 'no provider%') -- the others had become pointless
UNION ALL
SELECT 'late_messages', count(*), min(created_at) FROM messages
WHERE status = 'queued' AND created_at < now() - interval '1 hour'
    AND (held_until IS NULL OR held_until < now())
""")


async def piles(session: AsyncSession) -> list[Pile]:
    """Return what there is of each kind, all as of one moment; nothing of what there is none."""
    rows = (await session.execute(_PILES)).all()
    return [Pile(Waiting(name), number, oldest) for name, number, oldest in rows if number]
