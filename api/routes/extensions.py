"""/tickets/{id}/extension: the borrower offers to keep it for longer, the lender answers."""

from typing import Final

from fastapi import APIRouter, Response, status

from api.moves import MOVED, Moving, answers_of_engine
from api.paths import PREFIX
from api.schemas.extensions import ExtensionAnswer, NewExtension, OfferAnswer
from api.schemas.tickets import EXTENDED, TicketOut
from domain.extension import Offer
from domain.ticket import Action

router = APIRouter(prefix=f"{PREFIX}/tickets/{{ticket_id}}/extension", tags=["tickets"])
_SHOWN: Final = {"content": {"application/json": {"example": EXTENDED}}}
_ANSWERS: Final = {
    OfferAnswer.ACCEPT: Action.ACCEPT_EXTENSION,
    OfferAnswer.DECLINE: Action.DECLINE_EXTENSION,
}


@router.post(
    "/",
    status_code=status.HTTP_201_CREATED,
    response_model=TicketOut,
    responses=answers_of_engine(*MOVED, "offer_pending", "asset_unavailable")
    | {status.HTTP_201_CREATED: _SHOWN},
)
async def offer_extension(mover: Moving, body: NewExtension) -> Response:
    """Borrower: ask to keep it until a later end, and see what that costs.

    Nothing is paid and the asset is not reserved before the lender accepts; unanswered, the offer
    lapses at `extension.expires_at`.
    """
    terms = Offer(body.ends_at)
    return await mover.take(Action.EXTEND, terms=terms, status=status.HTTP_201_CREATED)


@router.patch(
    "/answer/",
    response_model=TicketOut,
    responses=answers_of_engine(*MOVED, "insufficient_funds", "asset_unavailable"),
)
async def answer_extension(mover: Moving, body: ExtensionAnswer) -> Response:
    """Lender: lend for longer, or not. On acceptance the extra fee goes into escrow at once.

    Requests of others for the added time are then cancelled. If the borrower's wallet does not
    hold the fee, that is 409 `insufficient_funds`, and the offer stands.
    """
    return await mover.take(_ANSWERS[body.answer])
