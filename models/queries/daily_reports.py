"""Statements on the days: counted from their rows, kept when they are over, and read together."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from enum import StrEnum
from typing import Any, Final, TypeVar

from sqlalchemy import RowMapping, select, text
from sqlalchemy.ext.asyncio import AsyncSession

from domain.messages.notice import Channel, MessageStatus
from domain.payment import PaymentStatus
from domain.reports import SETTLES, SHOWN, Day, Figures
from models.queries import reports
from models.report import DailyReport

Status = TypeVar("Status", bound=StrEnum)


def _of_day(at: str) -> str:
    return f"CAST({at} AT TIME ZONE :zone AS date)"


def _within(at: str) -> str:
    """Name the range for an index: from the first moment of a day to the last one of another."""
    return (
        f"{at} >= CAST(CAST(:first AS date) AS timestamp) AT TIME ZONE :zone "
        f"AND {at} < CAST(CAST(:last AS date) + 1 AS timestamp) AT TIME ZONE :zone"
    )


# Each figure from the rows of those days alone. What a loan was paid with is fee and deposit, and
# for an extension a fee.
_BY_DAY: Final = """
SELECT days.day,
    coalesce(new_users, 0) AS new_users,
    coalesce(requests, 0) AS requests, coalesce(started, 0) AS started,
    coalesce(completed, 0) AS completed, coalesce(cancelled, 0) AS cancelled,
    coalesce(volume, 0) AS volume,
    coalesce(lender_income, 0) AS lender_income, coalesce(commission, 0) AS commission,
    coalesce(top_ups, 0) AS top_ups, coalesce(top_up_amount, 0) AS top_up_amount,
    coalesce(withdrawals, 0) AS withdrawals, coalesce(withdrawal_amount, 0) AS withdrawal_amount,
    coalesce(by_status, '{{}}') AS payments, coalesce(by_channel, '{{}}') AS messages
FROM (
    SELECT CAST(:first AS date) + number AS day
    FROM generate_series(0, CAST(:last AS date) - CAST(:first AS date)) AS number
) AS days LEFT JOIN (
    SELECT {day_created} AS day, count(*) AS new_users
    FROM users WHERE {created} GROUP BY 1
) AS joined ON joined.day = days.day LEFT JOIN (
    SELECT {day_moved} AS day,
        count(*) FILTER (WHERE from_status IS NULL) AS requests,
        count(*) FILTER (WHERE to_status = 'active' AND from_status <> 'active') AS started,
        count(*) FILTER (WHERE to_status = 'completed') AS completed,
        count(*) FILTER (WHERE to_status = 'cancelled') AS cancelled
    FROM ticket_transitions WHERE {moved} GROUP BY 1
) AS moved ON moved.day = days.day LEFT JOIN (
    SELECT {day_posted} AS day,
        sum(l.amount - coalesce(t.deposit, 0)) FILTER (WHERE l.kind = 'ticket_payment') AS volume,
        count(*) FILTER (WHERE l.kind = 'deposit') AS top_ups,
        sum(l.amount) FILTER (WHERE l.kind = 'deposit') AS top_up_amount,
        count(*) FILTER (WHERE l.kind = 'payout' AND l.ref LIKE 'withdrawal:%') AS withdrawals,
        sum(l.amount) FILTER (WHERE l.kind = 'payout' AND l.ref LIKE 'withdrawal:%')
            AS withdrawal_amount
    FROM ledger_transactions l LEFT JOIN tickets t
        ON t.id = CASE WHEN l.idempotency_key = l.ref || '\\:pay' AND l.kind = 'ticket_payment'
            THEN CAST(substr(l.ref, 8) AS uuid) END
    WHERE {posted} GROUP BY 1
) AS posted ON posted.day = days.day LEFT JOIN (
    SELECT {day_posted} AS day,
        sum(e.amount) FILTER (WHERE a.owner_id = t.lender_id) AS lender_income,
        sum(e.amount) FILTER (WHERE a.kind = 'platform_revenue') AS commission
    FROM ledger_transactions l
    JOIN tickets t
        ON t.id = CASE WHEN l.kind IN ('release', 'refund') THEN CAST(substr(l.ref, 8) AS uuid) END
    JOIN ledger_entries e ON e.transaction_id = l.id AND e.type = 'credit'
    JOIN ledger_accounts a ON a.id = e.account_id
    WHERE {posted} GROUP BY 1
) AS settled ON settled.day = days.day LEFT JOIN (
    SELECT day, jsonb_object_agg(status, number) AS by_status FROM (
        SELECT {day_created} AS day, status, count(*) AS number
        FROM payments WHERE {created} GROUP BY 1, 2
    ) AS payments GROUP BY day
) AS opened ON opened.day = days.day LEFT JOIN (
    SELECT day, jsonb_object_agg(channel, by_status) AS by_channel FROM (
        SELECT day, channel, jsonb_object_agg(status, number) AS by_status FROM (
            SELECT {day_created} AS day, channel, status, count(*) AS number
            FROM messages WHERE {created} GROUP BY 1, 2, 3
        ) AS messages GROUP BY day, channel
    ) AS channels GROUP BY day
) AS told ON told.day = days.day
ORDER BY days.day
"""
_COUNTED: Final = _BY_DAY.format(
    day_created=_of_day("created_at"),
    created=_within("created_at"),
    day_moved=_of_day("at"),
    moved=_within("at"),
    day_posted=_of_day("l.created_at"),
    posted=_within("l.created_at"),
)
_FIGURES: Final = tuple(
    column.name
    for column in DailyReport.__table__.columns
    if column.name not in {"day", "time_zone", "made_at"}
)
_LIVE: Final = text(_COUNTED)
_CLOSE: Final = text(
    """
INSERT INTO daily_reports (day, {names}, time_zone, made_at)
SELECT day, {names}, :zone, now() FROM ({counted}) AS counted
ON CONFLICT (day) DO UPDATE SET {anew}, time_zone = excluded.time_zone, made_at = excluded.made_at
""".format(
        names=", ".join(_FIGURES),
        counted=_COUNTED,
        anew=", ".join(f"{name} = excluded.{name}" for name in _FIGURES),
    )
)
# From the day on which somebody joined first: those that have no row, or one that was made by
# another calendar, or before all of their day was settled.
_DUE: Final = text("""
SELECT days.day FROM (
    SELECT first.day + number AS day FROM (
        SELECT CAST(min(created_at) AT TIME ZONE :zone AS date) AS day FROM users
    ) AS first, generate_series(0, CAST(now() AT TIME ZONE :zone AS date) - first.day - 1) AS number
) AS days LEFT JOIN daily_reports r ON r.day = days.day AND r.time_zone = :zone
WHERE r.made_at IS NULL
    OR r.made_at < CAST(days.day + 1 AS timestamp) AT TIME ZONE :zone + CAST(:settles AS interval)
ORDER BY days.day DESC LIMIT :limit
""")
_WINDOW: Final = text("""
SELECT days.day AS window_day, r.* FROM (
    SELECT CAST(CAST(:now AS timestamptz) AT TIME ZONE :zone AS date) - number AS day
    FROM generate_series(0, CAST(:shown AS integer) - 1) AS number
) AS days LEFT JOIN daily_reports r ON r.day = days.day AND r.time_zone = :zone
ORDER BY days.day
""")


async def due(session: AsyncSession, zone: str, limit: int) -> tuple[date, ...]:
    """Return days that are over and not reported for good, the newest first."""
    values = {"zone": zone, "settles": SETTLES, "limit": limit}
    return tuple(await session.scalars(_DUE, values))


async def close(session: AsyncSession, day: date, zone: str) -> None:
    """Count a day and keep what comes out; counting it again replaces that."""
    await session.execute(_CLOSE, {"first": day, "last": day, "zone": zone})


async def closed(session: AsyncSession, first: date, last: date) -> list[Day]:
    """Return the days of a range that are over and reported, in order of time."""
    statement = select(DailyReport.__table__).where(DailyReport.day.between(first, last))
    rows = await session.execute(statement.order_by(DailyReport.day))
    return [_day(row, is_closed=True) for row in rows.mappings()]


async def figures(session: AsyncSession, now: datetime, zone: str) -> Figures:
    """Return all that the platform shows of itself: counters, and the days of the last weeks.

    What has no row yet is counted from its own rows: the day of `now`, and those that a nightly
    run has missed. However much happened before makes no difference.
    """
    counts = await reports.counts(session)
    values = {"now": now, "zone": zone, "shown": SHOWN.days}
    window: Sequence[RowMapping] = (await session.execute(_WINDOW, values)).mappings().all()
    days = {row["window_day"]: _day(row, is_closed=True) for row in window if row["made_at"]}
    missing = [row["window_day"] for row in window if not row["made_at"]]
    if missing:
        span = {"first": missing[0], "last": missing[-1], "zone": zone}
        live = (await session.execute(_LIVE, span)).mappings()
        days = {row["day"]: _day(row, is_closed=False) for row in live} | days
    return Figures(now, counts, tuple(days[day] for day in sorted(days)))


def _day(row: RowMapping, *, is_closed: bool) -> Day:
    plain: dict[str, Any] = {name: row[name] for name in ("day", *_FIGURES)}
    return Day(
        **plain
        | {
            "is_closed": is_closed,
            "payments": _each(PaymentStatus, row["payments"]),
            "messages": {
                channel: _each(MessageStatus, row["messages"].get(channel, {}))
                for channel in Channel
            },
        }
    )


def _each(statuses: type[Status], found: Mapping[str, int]) -> dict[Status, int]:
    return {status: found.get(status, 0) for status in statuses}
