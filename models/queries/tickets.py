"""Statements on tickets and their timeline."""

from collections.abc import Sequence
from dataclasses import fields
from datetime import datetime
from uuid import UUID

from psycopg.errors import ExclusionViolation
from sqlalchemy import Select, exists, insert, or_, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession

from domain.errors import AssetUnavailable, NotFound
from domain.plan import Plan
from domain.ticket import HOLDS_ASSET, Ticket, TicketStatus
from models.ticket import TicketRow, TransitionRow

# The columns and the domain's fields have the same names: a row is a ticket.
_COLUMNS = [getattr(TicketRow, field.name) for field in fields(Ticket)]
_CHANGING = ("status", "deadline_at", "cancel_reason", "ends_at", "updated_at")


def _tickets() -> Select[tuple[object, ...]]:
    return select(*_COLUMNS)


def _ticket(row: Sequence[object]) -> Ticket:
    return Ticket(*row)  # type: ignore[arg-type]  # _COLUMNS follow the fields of Ticket


async def find(session: AsyncSession, ticket_id: UUID) -> Ticket | None:
    row = (await session.execute(_tickets().where(TicketRow.id == ticket_id))).one_or_none()
    return _ticket(row) if row else None


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
    statement = _tickets().where(TicketRow.id == ticket_id).with_for_update(key_share=True)
    row = (await session.execute(statement)).one_or_none()
    if row is None:
        raise NotFound("There is no such ticket.")
    return _ticket(row)


async def page(  # noqa: PLR0913  (each is a filter of the list)
    session: AsyncSession,
    user_id: UUID,
    *,
    roles: Sequence[str] = ("borrower", "lender"),
    status: TicketStatus | None = None,
    asset_id: UUID | None = None,
    before: UUID | None = None,
    limit: int,
) -> list[Ticket]:
    """List a user's tickets, newest first, older than `before`."""
    sides = {"borrower": TicketRow.borrower_id, "lender": TicketRow.lender_id}
    statement = _tickets().where(or_(*(sides[role] == user_id for role in roles)))
    if status is not None:
        statement = statement.where(TicketRow.status == status)
    if asset_id is not None:
        statement = statement.where(TicketRow.asset_id == asset_id)
    if before is not None:
        statement = statement.where(TicketRow.id < before)
    rows = await session.execute(statement.order_by(TicketRow.id.desc()).limit(limit))
    return [_ticket(row) for row in rows]


async def is_taken(
    session: AsyncSession, asset_id: UUID, starts_at: datetime, ends_at: datetime
) -> bool:
    """Tell whether another loan holds the asset in some part of a period."""
    statement = select(
        exists().where(
            TicketRow.asset_id == asset_id,
            TicketRow.status.in_(HOLDS_ASSET),
            TicketRow.starts_at < ends_at,
            TicketRow.ends_at > starts_at,
        )
    )
    return bool(await session.scalar(statement))


async def rivals(session: AsyncSession, ticket: Ticket) -> tuple[UUID, ...]:
    """Return the pending tickets whose period overlaps with that of `ticket`."""
    statement = select(TicketRow.id).where(
        TicketRow.asset_id == ticket.asset_id,
        TicketRow.status == TicketStatus.PENDING,
        TicketRow.id != ticket.id,
        TicketRow.starts_at < ticket.ends_at,
        TicketRow.ends_at > ticket.starts_at,
    )
    return tuple(await session.scalars(statement))


async def insert_new(session: AsyncSession, plan: Plan, command_id: str) -> None:
    """Store a new ticket with the first lines of its timeline."""
    values = {field.name: getattr(plan.ticket, field.name) for field in fields(Ticket)}
    await session.execute(insert(TicketRow).values(values))
    await _record(session, plan, command_id, None)


async def save(session: AsyncSession, plan: Plan, command_id: str, note: str | None) -> None:
    """Store what an action changed of a locked ticket, and its lines of the timeline.

    Raises:
        AssetUnavailable: Another loan holds the asset in some part of the period. The database
            transaction is then aborted.
    """
    values = {name: getattr(plan.ticket, name) for name in _CHANGING}
    try:
        await session.execute(
            update(TicketRow).where(TicketRow.id == plan.ticket.id).values(values)
        )
    except IntegrityError as error:
        if isinstance(error.orig, ExclusionViolation):
            raise AssetUnavailable from error
        raise
    await _record(session, plan, command_id, note)


async def _record(session: AsyncSession, plan: Plan, command_id: str, note: str | None) -> None:
    lines = [
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
        }
        for step in plan.transitions
    ]
    await session.execute(insert(TransitionRow).values(lines))


async def was_done(session: AsyncSession, ticket_id: UUID, command_id: str) -> bool:
    """Tell whether a command has changed this ticket before."""
    statement = select(
        exists().where(TransitionRow.ticket_id == ticket_id, TransitionRow.command_id == command_id)
    )
    return bool(await session.scalar(statement))


async def timeline(session: AsyncSession, ticket_id: UUID) -> Sequence[TransitionRow]:
    statement = select(TransitionRow).where(TransitionRow.ticket_id == ticket_id)
    return (await session.scalars(statement.order_by(TransitionRow.id))).all()
