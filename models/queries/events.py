"""Statements on the log of events, whose numbers are committed in another order than given out.

So a reader that only remembered the highest number it saw would miss one that is committed late.
As the seals do (docs/decisions/0012), it first waits until nothing below a number can appear.
"""

from collections.abc import Sequence
from dataclasses import fields
from typing import Final, NamedTuple, cast
from uuid import UUID

from sqlalchemy import Table, func, select, text
from sqlalchemy.ext.asyncio import AsyncSession

from domain.event import Event
from models.event import EventRow

_T = cast("Table", EventRow.__table__)
# The columns and the domain's fields have the same names: a row is an event.
_EVENTS = select(*(_T.c[field.name] for field in fields(Event))).order_by(_T.c.seq)
_GIVEN_OUT: Final = text("SELECT coalesce(pg_sequence_last_value('events_seq_seq'), 0)")
# A new transaction id is only taken when there is something to wait for.
_HORIZON: Final = text("""
SELECT given, CASE WHEN given <> :known THEN pg_current_xact_id()::text::bigint END
FROM (SELECT coalesce(pg_sequence_last_value('events_seq_seq'), 0) AS given OFFSET 0) AS log
""")
_OLDEST: Final = text("SELECT pg_snapshot_xmin(pg_current_snapshot())::text::bigint")
_LISTEN: Final = text("LISTEN events")
_NAME: Final = text("SELECT set_config('application_name', :name, false)")


class Horizon(NamedTuple):
    """Up to where the log may be read, once all that was under way has ended.

    Attributes:
        number: The highest number that was given out, if only to a transaction that may fail.
        before: What was under way has a database transaction id below this one.
    """

    number: int
    before: int


async def listen(session: AsyncSession, name: str) -> None:
    """Have this connection hear of new events; `name` is how pg_stat_activity shows it."""
    await session.execute(_NAME, {"name": name})
    await session.execute(_LISTEN)


async def given_out(session: AsyncSession) -> int:
    number: int = (await session.execute(_GIVEN_OUT)).scalar_one()
    return number


async def horizon(session: AsyncSession, known: int) -> Horizon | None:
    """Return how far the log reaches now; None if that is `known`, so nothing happened."""
    number, before = (await session.execute(_HORIZON, {"known": known})).one()
    return None if before is None else Horizon(number, before)


async def has_settled(session: AsyncSession, at: Horizon) -> bool:
    """Tell whether all that was under way at a horizon has ended; then nothing is missing there."""
    oldest: int = (await session.execute(_OLDEST)).scalar_one()
    return oldest >= at.before


async def newest(session: AsyncSession, up_to: int) -> int:
    """Return the highest number of an event that happened, 0 if none has."""
    statement = select(func.max(_T.c.seq)).where(_T.c.seq <= up_to)
    return await session.scalar(statement) or 0


async def between(
    session: AsyncSession,
    after: int,
    up_to: int,
    limit: int,
    *,
    recipient_id: UUID | None = None,
    ticket_id: UUID | None = None,
) -> Sequence[Event]:
    """List events in order, `after` not included; everybody's, a user's, or those of a ticket."""
    statement = _EVENTS.where(_T.c.seq > after, _T.c.seq <= up_to).limit(limit)
    if recipient_id is not None:
        statement = statement.where(_T.c.recipient_id == recipient_id)
    if ticket_id is not None:
        statement = statement.where(_T.c.ticket_id == ticket_id)
    return [Event(*row) for row in await session.execute(statement)]
