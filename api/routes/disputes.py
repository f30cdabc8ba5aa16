"""/tickets/{id}/dispute: a claim on the escrow, its answer, an operator's word, and the notes."""

from typing import Final
from uuid import UUID

from fastapi import APIRouter, Response, status
from sqlalchemy.ext.asyncio import AsyncSession

from api.deps import CurrentUser, Held, Idempotent, Session
from api.idempotency import Attempt
from api.moves import MOVED, Moving, answers, answers_of_engine, seen_by
from api.origin import FromCaller
from api.pages import Cursor, Limit, cut, key_in
from api.paths import PREFIX
from api.refusals import refusals
from api.schemas.common import Page
from api.schemas.disputes import (
    ClaimAnswer,
    DisputeAnswer,
    DisputeNoteOut,
    NewDispute,
    NewDisputeNote,
    Resolution,
)
from api.schemas.tickets import DISPUTED, TicketOut
from domain.dispute import Claim, Division
from domain.evidence import DisputeNote, check_note
from domain.ticket import Action
from models.queries import disputes, tickets

router = APIRouter(prefix=f"{PREFIX}/tickets/{{ticket_id}}/dispute", tags=["tickets"])
_SHOWN: Final = {"content": {"application/json": {"example": DISPUTED}}}
_ANSWERS: Final = {
    ClaimAnswer.ACCEPT: Action.ACCEPT_CLAIM,
    ClaimAnswer.CONTEST: Action.CONTEST_CLAIM,
}


@router.post(
    "/",
    status_code=status.HTTP_201_CREATED,
    response_model=TicketOut,
    responses=answers_of_engine(*MOVED) | {status.HTTP_201_CREATED: _SHOWN},
)
async def open_dispute(mover: Moving, body: NewDispute) -> Response:
    """Either party: claim a part of the escrow. The loan does not end by itself any more.

    If the other party does not answer until `deadline_at`, the claim is accepted.
    """
    terms = Claim(body.claim, body.reason)
    return await mover.take(Action.DISPUTE, body.reason, terms, status=status.HTTP_201_CREATED)


@router.patch("/answer/", response_model=TicketOut, responses=answers_of_engine(*MOVED))
async def answer_dispute(mover: Moving, body: DisputeAnswer) -> Response:
    """The other party: give what is claimed, which ends the loan, or leave it to an operator."""
    return await mover.take(_ANSWERS[body.answer], body.note)


@router.patch("/resolve/", response_model=TicketOut, responses=answers_of_engine(*MOVED))
async def resolve_dispute(mover: Moving, body: Resolution, origin: FromCaller) -> Response:
    """Operator: divide the escrow of a contested claim, which ends the loan.

    An operator who is a party of the loan cannot.
    """
    terms = Division(body.to_lender, body.to_borrower)
    return await mover.take(Action.RESOLVE, body.note, terms, origin=origin)


@router.post(
    "/notes/",
    status_code=status.HTTP_201_CREATED,
    response_model=DisputeNoteOut,
    responses=answers("illegal_transition"),
)
async def add_dispute_note(
    ticket_id: UUID,
    body: NewDisputeNote,
    caller: CurrentUser,
    services: Held,
    idempotency: Idempotent,
) -> Response:
    """Either party, or an operator: say something about a dispute that is not decided yet."""

    async def add(attempt: Attempt) -> DisputeNoteOut:
        at = services.clock.now()
        note = DisputeNote(attempt.resource_id, ticket_id, caller.id, at, body.note)
        async with services.sessions.begin() as session:
            await seen_by(session, ticket_id, caller)
            return DisputeNoteOut.of(await _stored(session, note))

    return await idempotency.run(add, status=status.HTTP_201_CREATED)


async def _stored(session: AsyncSession, note: DisputeNote) -> DisputeNote:
    """Store a note; a repeat with the same id finds the stored one."""
    # Locked, so that nobody decides the dispute meanwhile and the notes are counted one by one.
    ticket = await tickets.lock(session, note.ticket_id)
    stored = await disputes.find_note(session, note.id)
    if stored is None:
        check_note(ticket, await disputes.count_notes(session, ticket.id))
        await disputes.insert_note(session, note)
    return stored or note


@router.get("/notes/", responses=refusals("not_authenticated", "not_found", "validation_error"))
async def list_dispute_notes(
    ticket_id: UUID,
    session: Session,
    caller: CurrentUser,
    limit: Limit = 20,
    cursor: Cursor = None,
) -> Page[DisputeNoteOut]:
    """List what was said about a dispute, newest first."""
    await seen_by(session, ticket_id, caller)
    before = key_in(cursor, UUID)
    rows = await disputes.page_of_notes(session, ticket_id, before=before, limit=limit + 1)
    shown, following = cut(rows, limit, lambda note: note.id)
    return Page(items=[DisputeNoteOut.of(note) for note in shown], next=following)
