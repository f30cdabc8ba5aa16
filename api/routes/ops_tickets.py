"""/ops/tickets: everybody's tickets, for operators."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query

from api.deps import Operator, Session
from api.pages import Cursor, Limit, cut, key_in
from api.paths import PREFIX
from api.refusals import refusals
from api.schemas.common import Page
from api.schemas.tickets import TicketOut
from domain.dispute import DisputeStatus
from domain.ticket import TicketStatus
from models.queries import tickets

router = APIRouter(prefix=f"{PREFIX}/ops/tickets", tags=["operators"])


@router.get("/", responses=refusals("not_authenticated", "forbidden", "validation_error"))
async def list_all_tickets(  # noqa: PLR0913, PLR0917  (each is a filter of the list)
    session: Session,
    operator: Operator,
    status: Annotated[TicketStatus | None, Query()] = None,
    user_id: Annotated[UUID | None, Query(description="Borrower or lender.")] = None,
    asset_id: Annotated[UUID | None, Query()] = None,
    dispute: Annotated[
        DisputeStatus | None, Query(description="`contested`: those that wait for an operator.")
    ] = None,
    limit: Limit = 20,
    cursor: Cursor = None,
) -> Page[TicketOut]:
    """List everybody's tickets, newest first."""
    rows = await tickets.page(
        session,
        user_id,
        status=status,
        asset_id=asset_id,
        dispute=dispute,
        before=key_in(cursor, UUID),
        limit=limit + 1,
    )
    shown, following = cut(rows, limit, lambda ticket: ticket.id)
    return Page(
        items=[TicketOut.of(ticket, operator.role_in(ticket)) for ticket in shown], next=following
    )
