"""What must hold for the system as a whole, whoever used it: ledger, log, counters, workflows."""

from collections.abc import AsyncIterator, Callable
from datetime import datetime
from typing import Final

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession
from temporalio.client import Client

from chaos.judge import Fault
from engine.running import RunningWorkflows
from models import verification
from models.database import connected, sessions_of
from models.queries import comparison, reports

LEDGER: Final = "the ledger holds, in each of its proofs"
LOG: Final = "the audit log is what it was when it was sealed"
COUNTERS: Final = "each counter is what counting anew comes to"
ROWS: Final = "payments and withdrawals are what the ledger says of them"
PARKED: Final = "no workflow needs a person"
RUNNING: Final = "what is open has a workflow that runs, what is closed has none"
ENDED: Final = "no workflow failed, timed out or was terminated"
MESSAGES: Final = "no message that is due is left behind"
CHECKS: Final = (LEDGER, LOG, COUNTERS, ROWS, PARKED, RUNNING, ENDED, MESSAGES)

_PARKED: Final = text(
    "SELECT workflow_id, cause FROM attention WHERE cleared_at IS NULL AND since >= :since"
)
# What was taken in hand by a worker that was killed is held for a minute.
_WAITING: Final = text("""
SELECT 'message ' || id, kind || ' by ' || channel || ', ' || attempts || ' attempts, '
    || coalesce(last_error, 'no error')
FROM messages
WHERE status = 'queued' AND created_at >= :since
    AND (held_until IS NULL OR held_until < now() + interval '2 minutes')
""")
_OPEN: Final = text("""
SELECT 'ticket:' || id FROM tickets
WHERE status IN ('pending', 'accepted', 'escrow', 'active') AND created_at >= :since
UNION ALL
SELECT 'withdrawal:' || id FROM withdrawals
WHERE status IN ('requested', 'approved') AND created_at >= :since
UNION ALL
SELECT 'payment:' || id FROM payments WHERE status = 'pending' AND created_at >= :since
UNION ALL
SELECT 'card-reversal:' || id FROM payments WHERE reversal = 'asked' AND created_at >= :since
""")
_CLOSED: Final = text("""
SELECT 'ticket:' || id FROM tickets
WHERE status IN ('completed', 'cancelled') AND updated_at >= :since
UNION ALL
SELECT 'withdrawal:' || id FROM withdrawals
WHERE status IN ('paid', 'rejected', 'failed') AND created_at >= :since
UNION ALL
SELECT 'payment:' || id FROM payments WHERE status <> 'pending' AND paid_at >= :since
UNION ALL
SELECT ref FROM ledger_transactions WHERE kind = 'transfer' AND created_at >= :since
""")
_ENDED: Final = (
    "StartTime >= '{since}' AND ExecutionStatus IN ('Failed', 'TimedOut', 'Terminated', 'Canceled')"
)
_NEEDY: Final = "StartTime >= '{since}' AND NeedsAttention = true AND ExecutionStatus = 'Running'"

Look = Callable[[AsyncSession, Client, datetime], AsyncIterator[Fault]]


async def restless(database_url: str, engine: Client, since: datetime) -> list[Fault]:
    """Return what is not at rest yet, of all that began `since`; it may only take its time."""
    return await _all(database_url, engine, since, _RESTLESS)


async def broken(database_url: str, engine: Client, since: datetime) -> list[Fault]:
    """Return what is wrong and will not become right by itself."""
    found = await _all(database_url, engine, since, _LASTING)
    ledger = await verification.verify(database_url)
    found += [Fault(LEDGER, f"{one.proof}: {one.subject}", one.detail) for one in ledger.violations]
    log = await verification.verify_log(database_url)
    return found + [Fault(LOG, one.subject, one.detail) for one in log.violations]


async def _all(
    database_url: str, engine: Client, since: datetime, looks: tuple[Look, ...]
) -> list[Fault]:
    found = []
    async with connected(database_url, pool_size=1) as pool, sessions_of(pool)() as session:
        for look in looks:
            found += [fault async for fault in look(session, engine, since)]
    return found


async def _counters(session: AsyncSession, _: Client, __: datetime) -> AsyncIterator[Fault]:
    await comparison.be_patient(session)
    for name, counted, expected in await reports.differences(session):
        yield Fault(COUNTERS, name, f"{counted:,f} was counted, {expected:,f} there are")


async def _rows(session: AsyncSession, _: Client, __: datetime) -> AsyncIterator[Fault]:
    payments = await comparison.of_payments(session)
    for finding in payments + await comparison.of_withdrawals(session):
        yield Fault(ROWS, finding.subject, finding.detail)


async def _parked(session: AsyncSession, engine: Client, since: datetime) -> AsyncIterator[Fault]:
    for workflow_id, cause in await session.execute(_PARKED, {"since": since}):
        yield Fault(PARKED, workflow_id, cause)
    async for needy in engine.list_workflows(_NEEDY.format(since=since.isoformat())):
        yield Fault(PARKED, needy.id, "is found by NeedsAttention")


async def _running(session: AsyncSession, engine: Client, since: datetime) -> AsyncIterator[Fault]:
    running = RunningWorkflows(engine)
    is_open = set(await session.scalars(_OPEN, {"since": since}))
    for name in sorted(is_open - await running(is_open)):
        yield Fault(RUNNING, name, "is open, and has no workflow that takes it further")
    is_closed = set(await session.scalars(_CLOSED, {"since": since}))
    for name in sorted(await running(is_closed)):
        yield Fault(RUNNING, name, "is over, and its workflow runs")


async def _ended(_: AsyncSession, engine: Client, since: datetime) -> AsyncIterator[Fault]:
    async for found in engine.list_workflows(_ENDED.format(since=since.isoformat())):
        status = found.status.name.lower() if found.status else "unknown"
        yield Fault(ENDED, found.id, f"{found.workflow_type}, run {found.run_id}: {status}")


async def _messages(session: AsyncSession, _: Client, since: datetime) -> AsyncIterator[Fault]:
    for subject, detail in await session.execute(_WAITING, {"since": since}):
        yield Fault(MESSAGES, subject, detail)


_RESTLESS: Final[tuple[Look, ...]] = (_messages, _parked, _running)
_LASTING: Final[tuple[Look, ...]] = (_messages, _parked, _running, _counters, _rows, _ended)
