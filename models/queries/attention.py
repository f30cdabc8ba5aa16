"""Statements on what waits for a person; each part reads an index that holds little else."""

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Final

from sqlalchemy import exists, func, select, text, tuple_, update
from sqlalchemy.dialects.postgresql import Insert, insert
from sqlalchemy.ext.asyncio import AsyncSession

from domain.attention import Need, Outcome, Pile, Trouble, Troubled, Waiting
from models.attention import AttentionRow

_OPEN: Final = AttentionRow.cleared_at.is_(None)

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


async def parked(session: AsyncSession) -> list[Troubled]:
    """Sum the open troubles of workflows up by kind and type, both `parked` and `stuck`."""
    statement = (
        select(
            AttentionRow.kind,
            AttentionRow.workflow_type,
            func.count(),
            func.sum(AttentionRow.amount),
            func.min(AttentionRow.since),
        )
        .where(_OPEN)
        .group_by(AttentionRow.kind, AttentionRow.workflow_type)
        .order_by(AttentionRow.kind, AttentionRow.workflow_type)
    )
    return [Troubled(*row) for row in await session.execute(statement)]


async def page(
    session: AsyncSession, *, after: tuple[datetime, int] | None, limit: int
) -> Sequence[AttentionRow]:
    """List the open troubles, oldest first, younger than the one that `after` names."""
    statement = select(AttentionRow).where(_OPEN)
    if after is not None:
        statement = statement.where(tuple_(AttentionRow.since, AttentionRow.seq) > after)
    oldest_first = statement.order_by(AttentionRow.since, AttentionRow.seq)
    return (await session.scalars(oldest_first.limit(limit))).all()


async def was_listed(session: AsyncSession, workflow_id: str) -> bool:
    """Tell whether a workflow has been parked at any time."""
    parked_once = (AttentionRow.workflow_id == workflow_id) & (AttentionRow.kind == Trouble.PARKED)
    return bool(await session.scalar(select(exists().where(parked_once))))


async def keep(session: AsyncSession, need: Need) -> None:
    """Store a trouble. One that is known already stays as it is, cleared ones cleared."""
    await session.execute(_insert(need).on_conflict_do_nothing(index_elements=[AttentionRow.id]))


async def clear(session: AsyncSession, need: Need, outcome: Outcome) -> None:
    """Close a trouble, even if nobody has told of it so far; the first outcome stays."""
    new = _insert(need, cleared_at=func.now(), outcome=outcome)
    await session.execute(
        new.on_conflict_do_update(
            index_elements=[AttentionRow.id],
            set_={"cleared_at": func.now(), "outcome": outcome},
            where=_OPEN,
        )
    )


def _insert(need: Need, **more: object) -> Insert:
    return insert(AttentionRow).values({**vars(need), **more})


async def listed(session: AsyncSession, before: datetime) -> set[str]:
    """Name the workflows whose troubles were open `before` a moment."""
    statement = select(AttentionRow.workflow_id).where(_OPEN, AttentionRow.since < before)
    return set(await session.scalars(statement.distinct()))


async def close_ended(
    session: AsyncSession, workflow_ids: Collection[str], before: datetime
) -> None:
    """Close what was open `before` a moment of workflows that have ended."""
    ended = AttentionRow.workflow_id.in_(workflow_ids) & (AttentionRow.since < before)
    statement = update(AttentionRow).where(_OPEN, ended)
    await session.execute(statement.values(cleared_at=func.now(), outcome=Outcome.ENDED))
