"""Lists the workflows that need a person, for the command line."""

from datetime import datetime
from typing import Final

from models.attention import AttentionRow
from models.database import connected, sessions_of
from models.queries import attention

_MOST: Final = 100
_NOTHING: Final = "Nothing is parked or stuck."


async def told(database_url: str) -> str:
    """Say what is parked or stuck, the oldest first; each with what to do about it."""
    async with connected(database_url, pool_size=1) as engine, sessions_of(engine)() as session:
        rows = await attention.page(session, after=None, limit=_MOST + 1)
    more = ["", "There are more."] if len(rows) > _MOST else []
    shown = rows[:_MOST]
    return "\n".join([*("\n".join(_lines(row)) for row in shown), *more]) or _NOTHING


def _lines(row: AttentionRow) -> list[str]:
    since = _minute(row.since)
    return [
        f"{row.workflow_id}  {row.kind} since {since}  {row.amount:,.0f} rials",
        f"    {row.cause}",
        f"    {row.todo}",
    ]


def _minute(at: datetime) -> str:
    return f"{at:%Y-%m-%d %H:%M} UTC"
