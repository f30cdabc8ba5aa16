"""/tickets. Reads go to the database; every write goes through the ticket's workflow."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Body, Query, Response, status
from sqlalchemy.ext.asyncio import AsyncSession

from api import paths
from api.commands.failures import Closed
from api.deps import CurrentUser, Held, Idempotent, Services, Session
from api.idempotency import Attempt
from api.moves import MOVED, Moving, answers_of_engine, seen_by
from api.pages import Cursor, Limit, cut, key_in
from api.paths import PREFIX
from api.periods import alternatives
from api.problems import engine_unavailable
from api.refusals import refusals
from api.schemas.common import Nothing, Page
from api.schemas.tickets import Cancel, NewTicket, Side, TicketOut, TransitionOut
from domain import plan
from domain.asset import Asset
from domain.errors import AssetUnavailable
from domain.plan import LoanRequest
from domain.ticket import Action, Ticket, TicketStatus
from models.queries import assets, tickets

router = APIRouter(prefix=f"{PREFIX}/tickets", tags=["tickets"])


@router.get("/", responses=refusals("not_authenticated", "validation_error"))
async def list_tickets(  # noqa: PLR0913, PLR0917  (each is a filter of the list)
    session: Session,
    caller: CurrentUser,
    role: Annotated[
        Side | None, Query(description="Only those in which the caller is this.")
    ] = None,
    status: Annotated[TicketStatus | None, Query()] = None,
    asset_id: Annotated[UUID | None, Query()] = None,
    limit: Limit = 20,
    cursor: Cursor = None,
) -> Page[TicketOut]:
    """List the caller's tickets, as borrower and as lender, newest first."""
    rows = await tickets.page(
        session,
        caller.id,
        roles=(role,) if role else tuple(Side),
        status=status,
        asset_id=asset_id,
        before=key_in(cursor, UUID),
        limit=limit + 1,
    )
    shown, following = cut(rows, limit, lambda ticket: ticket.id)
    return Page(
        items=[TicketOut.of(ticket, caller.role_in(ticket)) for ticket in shown], next=following
    )


@router.get("/{ticket_id}/", responses=refusals("not_authenticated", "not_found"))
async def read_ticket(ticket_id: UUID, session: Session, caller: CurrentUser) -> TicketOut:
    """Return one ticket, with what the caller may do now."""
    ticket = await seen_by(session, ticket_id, caller)
    return TicketOut.of(ticket, caller.role_in(ticket))


@router.get("/{ticket_id}/timeline/", responses=refusals("not_authenticated", "not_found"))
async def read_timeline(
    ticket_id: UUID, session: Session, caller: CurrentUser
) -> Page[TransitionOut]:
    """Return every transition of a ticket, from the first to the last, on one page."""
    await seen_by(session, ticket_id, caller)
    rows = await tickets.timeline(session, ticket_id)
    return Page(items=[TransitionOut.of(row) for row in rows], next=None)


@router.post(
    "/",
    status_code=status.HTTP_201_CREATED,
    response_model=TicketOut,
    responses=answers_of_engine("asset_unavailable", "own_asset"),
)
async def create_ticket(
    body: NewTicket, caller: CurrentUser, services: Held, idempotency: Idempotent
) -> Response:
    """Ask to borrow an asset for a period."""

    async def ask(attempt: Attempt) -> TicketOut:
        wish = _wish(body, caller.id, attempt.resource_id, services.clock.now())
        async with alternatives(services.reads, wish):
            ticket = await _asked(services, wish, attempt)
        return TicketOut.of(ticket, caller.role_in(ticket))

    return await idempotency.run(
        ask, status=status.HTTP_201_CREATED, poll=lambda attempt: paths.ticket(attempt.resource_id)
    )


def _wish(body: NewTicket, borrower_id: UUID, ticket_id: UUID, now: datetime) -> LoanRequest:
    starts_at, ends_at = body.period(now)
    return LoanRequest(ticket_id, body.asset_id, borrower_id, starts_at, ends_at, body.note, now)


async def _asked(services: Services, wish: LoanRequest, attempt: Attempt) -> Ticket:
    async with services.reads() as session:
        asset = await assets.terms(session, wish.asset_id)
        if attempt.is_first:
            await _refuse_early(services, session, wish, asset)
    try:
        return await services.commands.request_loan(wish, asset.owner_id)
    except Closed:
        return await _stored(services, wish.ticket_id)


async def _refuse_early(
    services: Services, session: AsyncSession, wish: LoanRequest, asset: Asset
) -> None:
    """Refuse what the workflow would refuse anyway, before there is one."""
    plan.request(wish, asset, services.commission_bps, services.windows)
    if await tickets.is_taken(session, wish.asset_id, wish.starts_at, wish.ends_at):
        raise AssetUnavailable


async def _stored(services: Services, ticket_id: UUID) -> Ticket:
    async with services.reads() as session:
        ticket = await tickets.find(session, ticket_id)
    if ticket is None:
        raise engine_unavailable()
    return ticket


# A command without words may come without a body, too.
Wordless = Annotated[Nothing | None, Body()]
Reason = Annotated[Cancel | None, Body()]


@router.patch(
    "/{ticket_id}/accept/",
    response_model=TicketOut,
    responses=answers_of_engine(*MOVED, "asset_unavailable"),
)
async def accept_ticket(mover: Moving, _: Wordless = None) -> Response:
    """Lender: promise the asset for the period. Requests that overlap are cancelled."""
    return await mover.take(Action.ACCEPT)


@router.patch(
    "/{ticket_id}/decline/", response_model=TicketOut, responses=answers_of_engine(*MOVED)
)
async def decline_ticket(mover: Moving, _: Wordless = None) -> Response:
    """Lender: turn the request down."""
    return await mover.take(Action.DECLINE)


@router.patch("/{ticket_id}/cancel/", response_model=TicketOut, responses=answers_of_engine(*MOVED))
async def cancel_ticket(mover: Moving, body: Reason = None) -> Response:
    """Borrower, or the lender once accepted: withdraw before the hand-over."""
    return await mover.take(Action.CANCEL, body.reason if body else None)


@router.patch(
    "/{ticket_id}/pay/",
    response_model=TicketOut,
    responses=answers_of_engine(*MOVED, "insufficient_funds"),
)
async def pay_ticket(mover: Moving, _: Wordless = None) -> Response:
    """Borrower: put fee and deposit from the wallet into escrow."""
    return await mover.take(Action.PAY)


@router.patch(
    "/{ticket_id}/handover/", response_model=TicketOut, responses=answers_of_engine(*MOVED)
)
async def hand_over_ticket(mover: Moving, _: Wordless = None) -> Response:
    """Borrower: confirm that the asset was received."""
    return await mover.take(Action.HANDOVER)


@router.patch(
    "/{ticket_id}/complete/", response_model=TicketOut, responses=answers_of_engine(*MOVED)
)
async def complete_ticket(mover: Moving, _: Wordless = None) -> Response:
    """Lender: confirm that the asset came back. The money is paid out."""
    return await mover.take(Action.COMPLETE)
