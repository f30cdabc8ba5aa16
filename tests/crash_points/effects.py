"""All that a step can leave behind: rows of every table, balances, counters, texts."""

from collections import Counter
from decimal import Decimal

from sqlalchemy import text

from models.base import Base
from tests.crash_points.cases import World

# Rows that tell of themselves alone: what a counter is worth is compared, not in how many parts.
_LEFT_OUT = {"report_counts"}
_BALANCES = """
SELECT 'balance of ' || kind, coalesce(sum(balance), 0) FROM ledger_accounts GROUP BY kind
UNION ALL SELECT 'counter ' || name, sum(value) FROM report_counts GROUP BY name
UNION ALL SELECT 'messages ' || status, count(*) FROM messages GROUP BY status
UNION ALL SELECT 'tickets ' || status, count(*) FROM tickets GROUP BY status
UNION ALL SELECT 'payments ' || status, count(*) FROM payments GROUP BY status
UNION ALL SELECT 'withdrawals ' || status, count(*) FROM withdrawals GROUP BY status
UNION ALL SELECT 'reversals ' || status, count(*) FROM ledger_reversals GROUP BY status
"""


async def effects(world: World) -> Counter[str]:
    """Return how much there is of everything, to be subtracted from how much there is later."""
    tables = [name for name in Base.metadata.tables if name not in _LEFT_OUT]
    counts = [f"SELECT 'rows of {name}', count(*)::numeric FROM {name}" for name in tables]
    query = text(" UNION ALL ".join([*counts, _BALANCES]))
    found: Counter[str] = Counter()
    async with world.sessions() as session:
        for name, value in await session.execute(query):
            found[name] += value
    calls = (await world.simulator.get("/outbox", headers={"Accept": "application/json"})).json()
    found["texts sent"] = sum(letter["channel"] == "sms" for letter in calls)
    return found


def between(before: Counter[str], after: Counter[str]) -> dict[str, Decimal]:
    changed = {name: after[name] - before[name] for name in after | before}
    return {name: Decimal(value) for name, value in changed.items() if value}
