"""/ops/ledger: what operators see of a ledger transaction, and how two of them take it back."""

from datetime import UTC, datetime
from typing import Annotated, Final
from uuid import UUID

from fastapi import APIRouter, Body, Query, Response, status
from sqlalchemy.ext.asyncio import AsyncSession

from api import paths
from api.commands.failures import Closed
from api.deps import Held, Idempotent, Operator, Services, Session
from api.idempotency import Attempt
from api.origin import FromCaller
from api.pages import Cursor, Limit, cut, key_in
from api.paths import PREFIX
from api.refusals import LATER, Responses, refusals
from api.reversal_desk import Deciding
from api.schemas.common import Page
from api.schemas.reversals import (
    NewReversalIn,
    ReversalApproval,
    ReversalOut,
    ReversalRejection,
    TransactionOut,
)
from domain import ids
from domain.reversal import NewReversal, Reversal, ReversalStatus, check_kind, was_asked_before
from models.queries import reversals, transactions

router = APIRouter(prefix=f"{PREFIX}/ops/ledger", tags=["operators"])
_OPERATOR: Final = ("not_authenticated", "forbidden")


def _answers(*codes: str) -> Responses:
    return LATER | refusals(
        *_OPERATOR,
        "csrf_failed",
        "not_found",
        "illegal_transition",
        *codes,
        "validation_error",
        "idempotency_key_reused",
        "payload_too_large",
        "unsupported_media_type",
        "engine_unavailable",
    )


@router.get("/transactions/{transaction_id}/", responses=refusals(*_OPERATOR, "not_found"))
async def read_ledger_transaction(
    transaction_id: UUID, session: Session, _: Operator
) -> TransactionOut:
    """Return a ledger transaction with all of its entries."""
    return TransactionOut.of(await transactions.get(session, transaction_id))


@router.get("/reversals/", responses=refusals(*_OPERATOR, "validation_error"))
async def list_reversals(
    session: Session,
    _: Operator,
    status: Annotated[ReversalStatus | None, Query()] = None,
    limit: Limit = 20,
    cursor: Cursor = None,
) -> Page[ReversalOut]:
    """List the wishes to take back a ledger transaction, newest first."""
    before = key_in(cursor, UUID)
    rows = await reversals.page(session, status=status, before=before, limit=limit + 1)
    shown, following = cut(rows, limit, lambda wish: wish.id)
    return Page(items=[ReversalOut.of(wish) for wish in shown], next=following)


@router.get("/reversals/{reversal_id}/", responses=refusals(*_OPERATOR, "not_found"))
async def read_reversal(reversal_id: UUID, session: Session, _: Operator) -> ReversalOut:
    """Return one wish to take back a ledger transaction."""
    return ReversalOut.of(await reversals.get(session, reversal_id))


@router.post(
    "/reversals/",
    status_code=status.HTTP_201_CREATED,
    response_model=ReversalOut,
    responses=_answers(),
)
async def ask_reversal(
    body: NewReversalIn,
    operator: Operator,
    origin: FromCaller,
    services: Held,
    idempotency: Idempotent,
) -> Response:
    """Ask for a transfer or a deposit to be taken back. Nothing moves until another agrees.

    A deposit's payment becomes `reversed`. That it went back to its payer is not our doing: this
    is for money that the bank or the gateway took back. To send a payment back to its card, see
    its own reversal.
    """

    async def ask(attempt: Attempt) -> ReversalOut:
        if attempt.is_first:
            async with services.reads() as session:
                await _refuse_early(session, body.transaction_id)
        now = datetime.now(UTC)
        what, why = body.transaction_id, body.reason
        new = NewReversal(attempt.resource_id, what, why, operator.id, now, origin)
        try:
            wish = await services.ledger.ask_reversal(new)
        except Closed:
            wish = await _stored(services, new.reversal_id)
        return ReversalOut.of(wish)

    return await idempotency.run(
        ask,
        status=status.HTTP_201_CREATED,
        poll=lambda attempt: paths.reversal(attempt.resource_id),
    )


async def _refuse_early(session: AsyncSession, transaction_id: UUID) -> None:
    """Refuse what the step would refuse anyway, before there is a workflow for it."""
    check_kind((await transactions.get(session, transaction_id)).kind)
    other = await reversals.standing(session, transaction_id)
    if other is not None:
        raise was_asked_before(other)


async def _stored(services: Services, reversal_id: UUID) -> Reversal:
    async with services.reads() as session:
        found = await reversals.find(session, reversal_id)
    if found is None:
        raise await services.wallet.refusal_of(ids.reversal_workflow(reversal_id))
    return found


@router.patch(
    "/reversals/{reversal_id}/approve/",
    response_model=ReversalOut,
    responses=_answers("insufficient_funds"),
)
async def approve_reversal(
    desk: Deciding, body: Annotated[ReversalApproval | None, Body()] = None
) -> Response:
    """Agree, as another operator than the one who asked: the money moves back now.

    If it is not in the wallet any more, that is 409 `insufficient_funds`, and the wish stands.
    """
    return await desk.give(approved=True, note=body.note if body else None)


@router.patch("/reversals/{reversal_id}/reject/", response_model=ReversalOut, responses=_answers())
async def reject_reversal(desk: Deciding, body: ReversalRejection) -> Response:
    """Refuse, or as the one who asked: withdraw the wish. Nothing moves."""
    return await desk.give(approved=False, note=body.note)
