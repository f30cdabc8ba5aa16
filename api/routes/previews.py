"""/tickets/{id}/preview: what an action would do now."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query

from api.deps import CurrentUser, Held, Session
from api.moves import MOVED, discreet, seen_by
from api.paths import PREFIX
from api.preview import foresee
from api.problems import Refusal
from api.refusals import refusals
from api.schemas.previews import Previewed, PreviewOut, PreviewTerms
from domain.actions import Move
from domain.errors import DomainError

router = APIRouter(prefix=f"{PREFIX}/tickets/{{ticket_id}}/preview", tags=["tickets"])
_ANSWERS = refusals(
    "not_authenticated",
    "not_found",
    *MOVED,
    "offer_pending",
    "asset_unavailable",
    "insufficient_funds",
    "validation_error",
)


@router.get("/{action}/", responses=_ANSWERS)
async def preview_action(
    ticket_id: UUID,
    action: Previewed,
    terms: Annotated[PreviewTerms, Query()],
    session: Session,
    caller: CurrentUser,
    services: Held,
) -> PreviewOut:
    """Return what an action would do now: status, deadline, ledger entries. It changes nothing.

    What would be refused is refused in the same way.
    """
    try:
        ticket = await seen_by(session, ticket_id, caller)
        move = Move(action, caller.id, services.clock.now(), terms.of(action))
        plan = await foresee(session, ticket, move, services.windows)
    except DomainError as error:
        raise _asked(discreet(Refusal.of(error), action)) from error
    return PreviewOut.of(move, plan)


def _asked(refusal: Refusal) -> Refusal:
    """Point to where a preview gets the terms that the action has in its body."""
    if "pointer" in refusal.facts:
        refusal.facts["pointer"] = f"/query{refusal.facts['pointer']}"
    return refusal
