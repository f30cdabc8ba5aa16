"""What those who run the platform watch: a few statements, whose cost does not grow with it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from domain.attention import Troubled
from domain.messages.notice import Channel
from domain.reports import Counts
from models.queries import attention, findings, reports
from models.queries.findings import Total

# Each part is the first row of an index. What is held until later is not due.
DELAYS: Final = text("""
SELECT
    (SELECT created_at FROM ledger_transactions
    WHERE seq > coalesce(
        (SELECT last_transaction FROM ledger_seals ORDER BY number DESC LIMIT 1), 0)
    ORDER BY seq LIMIT 1),
    (SELECT made_at FROM daily_reports ORDER BY day DESC LIMIT 1),
    (SELECT jsonb_object_agg(channel, extract(epoch FROM due)) FROM (
        SELECT channel, (
            SELECT coalesce(held_until, created_at) FROM messages
            WHERE status = 'queued' AND messages.channel = channels.channel
            ORDER BY coalesce(held_until, created_at) LIMIT 1
        ) AS due FROM unnest(CAST(:channels AS varchar[])) AS channels (channel)
    ) AS queues WHERE due <= now())
""")


@dataclass(frozen=True)
class Condition:
    """How the platform stands.

    Attributes:
        findings: Money that records disagree about, by kind.
        troubles: Workflows that wait for a person.
        unsealed_since: When the first transaction that no seal covers was posted.
        report_at: When the newest row of the nightly report was made.
        due_since: Since when the oldest message of a channel is due, in seconds since 1970.
    """

    findings: Sequence[Total]
    troubles: Sequence[Troubled]
    counts: Counts
    unsealed_since: datetime | None
    report_at: datetime | None
    due_since: Mapping[Channel, float]


async def condition(session: AsyncSession) -> Condition:
    channels = {"channels": [channel.value for channel in Channel]}
    unsealed_since, report_at, due = (await session.execute(DELAYS, channels)).one()
    return Condition(
        findings=await findings.totals(session),
        troubles=await attention.parked(session),
        counts=await reports.counts(session),
        unsealed_since=unsealed_since,
        report_at=report_at,
        due_since={Channel(name): float(since) for name, since in (due or {}).items()},
    )
