"""Statements on tickets and their timeline."""

from collections.abc import Collection, Sequence
from dataclasses import fields
from datetime import datetime
from functools import cache
from typing import Any, Final, cast
from uuid import UUID

from psycopg.errors import ExclusionViolation, UniqueViolation
from sqlalchemy import (
    ARRAY,
    Insert,
    Integer,
    Row,
    Select,
    Table,
    Update,
    Uuid,
    any_,
    bindparam,
    exists,
    insert,
    select,
    union_all,
    update,
)
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession

from domain.calendar import Period
from domain.dispute import Dispute, DisputeStatus
from domain.errors import AssetUnavailable, NotFound
from domain.extension import Extension
from domain.plan import Plan
from domain.ticket import HOLDS_ASSET, Ticket, TicketStatus
from models.queries import calendar
from models.ticket import TicketRow, TransitionRow

# Tables rather than mapped classes: a step that moves money skips the ORM's bookkeeping.
_T = cast("Table", TicketRow.__table__)
_LINES = cast("Table", TransitionRow.__table__)
# The columns and the domain's fields have the same names; those of the parts are prefixed.
_PARTS: Final = {"extension": Extension, "dispute": Dispute}
_OWN: Final = tuple(field.name for field in fields(Ticket) if field.name not in _PARTS)
_OF_PARTS: Final = tuple(
    f"{part}_{field.name}" for part, kind in _PARTS.items() for field in fields(kind)
)
_FIRST_OF_DISPUTE: Final = len(_OWN) + len(fields(Extension))
_TICKETS = select(*(_T.c[name] for name in (*_OWN, *_OF_PARTS)))
_ONE = _TICKETS.where(_T.c.id == bindparam("ticket_id"))
_LOCKED = _ONE.with_for_update(key_share=True)
_NAMED = _TICKETS.where(_T.c.id == any_(bindparam("ticket_ids", type_=ARRAY(Uuid))))
_LIMIT = bindparam("limit", type_=Integer, literal_execute=True)
_FILTERS: Final = {
    "status": _T.c.status == bindparam("status"),
    "asset_id": _T.c.asset_id == bindparam("asset_id"),
    # Written into the statement, because the index holds the contested ones alone.
    "dispute": _T.c.dispute_status == bindparam("dispute", literal_execute=True),
    "before": _T.c.id < bindparam("before"),
}
_IS_TAKEN = select(~calendar.is_free(bindparam("asset_id", type_=_T.c.asset_id.type)))
_TIMELINE = (
    select(*_LINES.c).where(_LINES.c.ticket_id == bindparam("ticket_id")).order_by(_LINES.c.id)
)
_CHANGING: Final = (
    "status",
    "fee",
    "ends_at",
    "deadline_at",
    "cancel_reason",
    "cancellation_version",
    "updated_at",
)
_REPEATED = frozenset({"ticket_transitions_command_once", "tickets_pkey"})


class AlreadyDone(Exception):
    """This command has changed the ticket before."""


def _ticket(row: Sequence[Any]) -> Ticket:
    """Read a row of `_TICKETS`. A part begins with a column that is never null if it is there."""
    extension, dispute = row[len(_OWN) : _FIRST_OF_DISPUTE], row[_FIRST_OF_DISPUTE:]
    values = (
        *row[: len(_OWN)],
        Extension(*extension) if extension[0] is not None else None,
        Dispute(*dispute) if dispute[0] is not None else None,
    )
    return Ticket(*values)


def columns(ticket: Ticket) -> dict[str, object]:
    """Return what the row of a ticket holds."""
    return _values(ticket, _OWN)


def _values(ticket: Ticket, names: Sequence[str]) -> dict[str, object]:
    """Return what a ticket's columns hold: some of its own, and its parts."""
    values: dict[str, object] = {name: getattr(ticket, name) for name in names}
    for part, kind in _PARTS.items():
        held = getattr(ticket, part)
        values |= {
            f"{part}_{field.name}": getattr(held, field.name) if held else None
            for field in fields(kind)
        }
    return values


async def find(session: AsyncSession, ticket_id: UUID) -> Ticket | None:
    row = (await session.execute(_ONE, {"ticket_id": ticket_id})).one_or_none()
    return _ticket(row) if row else None


async def among(session: AsyncSession, ticket_ids: Collection[UUID]) -> dict[UUID, Ticket]:
    """Find tickets by their ids."""
    rows = await session.execute(_NAMED, {"ticket_ids": list(ticket_ids)})
    return {ticket.id: ticket for ticket in map(_ticket, rows)}


async def get(session: AsyncSession, ticket_id: UUID) -> Ticket:
    """Return a ticket.

    Raises:
        NotFound: There is no such ticket.
    """
    ticket = await find(session, ticket_id)
    if ticket is None:
        raise NotFound("There is no such ticket.")
    return ticket


async def lock(session: AsyncSession, ticket_id: UUID) -> Ticket:
    """Return a ticket that nobody else can change until this transaction ends.

    Raises:
        NotFound: There is no such ticket.
    """
    row = (await session.execute(_LOCKED, {"ticket_id": ticket_id})).one_or_none()
    if row is None:
        raise NotFound("There is no such ticket.")
    return _ticket(row)


async def page(  # noqa: PLR0913  (each is a filter of the list)
    session: AsyncSession,
    user_id: UUID | None = None,
    *,
    roles: Sequence[str] = ("borrower", "lender"),
    status: TicketStatus | None = None,
    asset_id: UUID | None = None,
    dispute: DisputeStatus | None = None,
    before: UUID | None = None,
    limit: int,
) -> list[Ticket]:
    """List tickets, a user's or everybody's, newest first, older than `before`."""
    filters = {"status": status, "asset_id": asset_id, "dispute": dispute, "before": before}
    values = {name: value for name, value in filters.items() if value is not None}
    parties = frozenset(roles if user_id else ())
    rows = await session.execute(
        _list(parties, frozenset(values)), values | {"user_id": user_id, "limit": limit}
    )
    return [_ticket(row) for row in rows]


@cache
def _list(parties: frozenset[str], given: frozenset[str]) -> Select[Any]:
    """Make the statement of a list, once for each choice of filters."""
    wanted = [condition for name, condition in _FILTERS.items() if name in given]
    newest = _TICKETS.where(*wanted).order_by(_T.c.id.desc()).limit(_LIMIT)
    theirs = [newest.where(_T.c[f"{role}_id"] == bindparam("user_id")) for role in parties]
    if len(theirs) < 2:
        return theirs[0] if theirs else newest
    # Each half is in the order of its own index. Nobody is both parties of a ticket.
    both = union_all(*theirs).subquery()
    return select(both).order_by(both.c.id.desc()).limit(_LIMIT)


async def is_taken(
    session: AsyncSession, asset_id: UUID, starts_at: datetime, ends_at: datetime
) -> bool:
    """Tell whether another loan holds the asset in some part of a period."""
    values = {"asset_id": asset_id, **calendar.parameters(Period(starts_at, ends_at))}
    return bool(await session.scalar(_IS_TAKEN, values))


async def rivals(session: AsyncSession, ticket: Ticket) -> tuple[UUID, ...]:
    """Return the pending tickets whose period overlaps with that of `ticket`."""
    statement = select(_T.c.id).where(
        _T.c.asset_id == ticket.asset_id,
        _T.c.status == TicketStatus.PENDING,
        _T.c.id != ticket.id,
        _T.c.starts_at < ticket.ends_at,
        _T.c.ends_at > ticket.starts_at,
    )
    return tuple(await session.scalars(statement))


async def robbed(session: AsyncSession) -> set[UUID]:
    """Return the pending tickets whose time another one has got."""
    holder = _T.alias()
    overlaps = (
        (holder.c.asset_id == _T.c.asset_id)
        & holder.c.status.in_(sorted(HOLDS_ASSET))
        & (_T.c.starts_at < holder.c.ends_at)
        & (_T.c.ends_at > holder.c.starts_at)
    )
    statement = select(_T.c.id).where(_T.c.status == TicketStatus.PENDING, exists().where(overlaps))
    return set(await session.scalars(statement))


async def insert_new(session: AsyncSession, plan: Plan, command_id: str) -> None:
    """Store a new ticket with the first line of its timeline.

    Raises:
        AlreadyDone: It is stored; the database transaction is aborted.
    """
    new = insert(_T).values(columns(plan.ticket))
    await _write(session, new, plan, command_id, None)


async def save(session: AsyncSession, plan: Plan, command_id: str, note: str | None) -> None:
    """Store what an action changed of a locked ticket, and its lines of the timeline, as one.

    Raises:
        AlreadyDone: The command was carried out before.
        AssetUnavailable: Another loan holds the asset in some part of the period.
        Either aborts the database transaction.
    """
    values = _values(plan.ticket, _CHANGING)
    change = update(_T).where(_T.c.id == plan.ticket.id).values(values)
    await _write(session, change, plan, command_id, note)


async def _write(
    session: AsyncSession, change: Insert | Update, plan: Plan, command_id: str, note: str | None
) -> None:
    """Change a ticket and write its timeline in one round trip."""
    lines = _lines(plan, command_id, note)
    # One line, which is usual, is no list: SQLAlchemy compiles a list anew each time.
    values = lines[0] if len(lines) == 1 else lines
    try:
        await session.execute(insert(_LINES).values(values).add_cte(change.cte("change")))
    except IntegrityError as error:
        cause = error.orig
        if isinstance(cause, ExclusionViolation):
            raise AssetUnavailable from error
        if isinstance(cause, UniqueViolation) and cause.diag.constraint_name in _REPEATED:
            raise AlreadyDone from error
        raise


def _lines(plan: Plan, command_id: str, note: str | None) -> list[dict[str, object]]:
    return [
        {
            "ticket_id": plan.ticket.id,
            "at": plan.ticket.updated_at,
            "actor_id": step.by,
            "action": step.action,
            "from_status": step.source,
            "to_status": step.target,
            "reason": plan.ticket.cancel_reason,
            "note": note,
            "command_id": command_id,
            "details": step.details,
        }
        for step in plan.transitions
    ]


async def was_done(session: AsyncSession, ticket_id: UUID, command_id: str) -> bool:
    """Tell whether a command has changed this ticket before."""
    statement = select(
        exists().where(_LINES.c.ticket_id == ticket_id, _LINES.c.command_id == command_id)
    )
    return bool(await session.scalar(statement))


async def timeline(session: AsyncSession, ticket_id: UUID) -> Sequence[Row[Any]]:
    """Return every transition of a ticket, the first one first; see TransitionRow."""
    return (await session.execute(_TIMELINE, {"ticket_id": ticket_id})).all()
