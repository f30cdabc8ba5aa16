"""Statements on limits. Each decision is one statement, on the database's clock, whoever asks."""

from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any, Final, NamedTuple, cast
from uuid import UUID

from sqlalchemy import Interval, LargeBinary, Select, Table, bindparam, delete, func, select, true
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.sql.dml import ReturningInsert

from domain.limits import Rate, Traffic
from models.limit import RateLimit
from models.queries.sessions import HOLDER_OF, Holder

_T: Final = cast("Table", RateLimit.__table__)
_KEY: Final = bindparam("key", type_=LargeBinary)
_TIME: Final = bindparam("taken", type_=Interval)
_SLACK: Final = bindparam("slack", type_=Interval)


def _taking(source: Select[Any]) -> ReturningInsert[tuple[timedelta]]:
    """Count for each row of `source`; give back in how long all will have grown back.

    Two requests for one key wait for each other at its row, so no more than the rate are let
    through. One that finds too few left changes nothing, and gets no row back.
    """
    new = insert(_T).from_select(["key", "full_at"], source)
    return new.on_conflict_do_update(
        index_elements=[_T.c.key],
        set_={"full_at": func.greatest(_T.c.full_at + _TIME, new.excluded.full_at)},
        where=_T.c.full_at - new.excluded.full_at <= _SLACK,
    ).returning((_T.c.full_at - func.clock_timestamp()).label("until_full"))


_ONE: Final = (_KEY, func.clock_timestamp() + _TIME)
_TAKE: Final = _taking(select(*_ONE))
_HOLDER: Final = HOLDER_OF.cte("holder")
_TAKEN: Final = _taking(select(*_ONE).select_from(_HOLDER)).cte("taken")
_HOLDER_TAKES: Final = select(_HOLDER, _TAKEN.c.until_full).join_from(
    _HOLDER, _TAKEN, true(), isouter=True
)
_UNTIL_FULL: Final = select(_T.c.full_at - func.clock_timestamp()).where(_T.c.key == _KEY)
_PAST: Final = delete(_T).where(_T.c.full_at < func.clock_timestamp())


@dataclass(frozen=True, slots=True)
class Charge:
    """Requests to be counted: whose they are, and how many may come.

    Attributes:
        number: How many are counted at once, the one that is here and others ahead of it.
    """

    traffic: Traffic
    key: bytes
    rate: Rate
    number: int = 1

    @property
    def values(self) -> dict[str, object]:
        taken = self.number * self.rate.emission
        # The statement compares a row with what first requests would leave behind.
        return {"key": self.key, "taken": taken, "slack": self.rate.capacity - 2 * taken}


class Taken(NamedTuple):
    """How many were counted, and in how long all that was used up will have grown back."""

    number: int
    until_full: timedelta


async def take(session: AsyncSession, charge: Charge) -> Taken:
    """Count requests. Where so many are not left it is tried with one."""
    return await _taken(session, charge, await session.scalar(_TAKE, charge.values))


async def holder_who_takes(
    session: AsyncSession, session_id: UUID, charge: Charge
) -> tuple[Holder, Taken] | None:
    """Return whose login this is, and count their requests, in one round trip.

    Nothing is counted for a login that has ended; the answer is None then.
    """
    values = {"session_id": session_id, **charge.values}
    row = (await session.execute(_HOLDER_TAKES, values)).one_or_none()
    if row is None:
        return None
    return Holder(row[0], row[1]), await _taken(session, charge, row[2])


async def _taken(session: AsyncSession, charge: Charge, until_full: timedelta | None) -> Taken:
    if until_full is not None:
        return Taken(charge.number, until_full)
    if charge.number > 1:
        return await take(session, replace(charge, number=1))
    found = await session.scalar(_UNTIL_FULL, {"key": charge.key})
    return Taken(0, found or timedelta())


async def forget_past(session: AsyncSession) -> None:
    """Remove the rows that say nothing any more. Who comes back gets a new one."""
    await session.execute(_PAST)
