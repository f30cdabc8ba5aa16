"""/ops/payments: everybody's top-ups; back to the card, and against the gateway's word."""

from datetime import UTC, datetime
from typing import Annotated, Final
from uuid import UUID

from fastapi import APIRouter, Body, Query, Response

from api import paths
from api.commands.failures import Closed
from api.deps import Held, Idempotent, Operator, Services, Session
from api.idempotency import Attempt
from api.origin import FromCaller
from api.pages import Cursor, Limit, cut, key_in
from api.paths import PREFIX
from api.refusals import LATER, Responses, refusals
from api.schemas.common import Nothing, Page
from api.schemas.ops import FindingOut, OperatorPaymentOut, ReconciledPayment, ReversePayment
from domain import card_reversal, ids
from domain.audit import AuditAction, AuditLine
from domain.errors import NotFound
from domain.payment import OPEN, CardReversal, Payment, PaymentStatus
from models.queries import audit, findings, payments
from workflows.messages import ReverseToCard

router = APIRouter(prefix=f"{PREFIX}/ops/payments", tags=["operators"])
_OPERATOR: Final = ("not_authenticated", "forbidden")
_TRIED: Final = frozenset({CardReversal.DONE, CardReversal.REFUSED})


def _answers(*codes: str) -> Responses:
    return LATER | refusals(
        *_OPERATOR,
        "csrf_failed",
        "not_found",
        *codes,
        "validation_error",
        "idempotency_key_reused",
        "payload_too_large",
        "unsupported_media_type",
        "engine_unavailable",
    )


@router.get("/", responses=refusals(*_OPERATOR, "validation_error"))
async def list_all_payments(
    session: Session,
    _: Operator,
    status: Annotated[PaymentStatus | None, Query()] = None,
    user_id: Annotated[UUID | None, Query()] = None,
    ticket_id: Annotated[UUID | None, Query()] = None,
    limit: Limit = 20,
    cursor: Cursor = None,
) -> Page[OperatorPaymentOut]:
    """List everybody's payments, newest first."""
    rows = await payments.page(
        session,
        user_id,
        status=status,
        ticket_id=ticket_id,
        before=key_in(cursor, UUID),
        limit=limit + 1,
    )
    shown, following = cut(rows, limit, lambda payment: payment.id)
    return Page(items=[OperatorPaymentOut.of(payment) for payment in shown], next=following)


@router.post(
    "/{payment_id}/reverse/",
    response_model=OperatorPaymentOut,
    responses=_answers("illegal_transition", "insufficient_funds"),
)
async def reverse_payment(
    payment_id: UUID,
    body: ReversePayment,
    operator: Operator,
    origin: FromCaller,
    services: Held,
    idempotency: Idempotent,
) -> Response:
    """Send all of a payment back to its card, within 30 minutes of it, once.

    The money leaves the payer's wallet first, so it must still be there. If the gateway cannot
    send it back, it returns to the wallet: `status` stays `paid`, and `reversal` is `refused`.
    """

    async def reverse(attempt: Attempt) -> OperatorPaymentOut:
        payment = await _stored(services, payment_id)
        if payment.reversal in _TRIED and await _is_recorded(services, attempt):
            return OperatorPaymentOut.of(payment)  # by this very request
        if payment.reversal is not CardReversal.ASKED:
            card_reversal.check(payment, datetime.now(UTC))
        wish = ReverseToCard(payment_id, operator.id, body.reason, origin, attempt.resource_id)
        try:
            payment = await services.payments.reverse(wish)
        except Closed:
            payment = await _stored(services, payment_id)
        return OperatorPaymentOut.of(payment)

    return await idempotency.run(reverse, poll=lambda _: paths.payment(payment_id))


@router.post("/{payment_id}/reconcile/", response_model=ReconciledPayment, responses=_answers())
async def reconcile_payment(
    payment_id: UUID,
    operator: Operator,
    origin: FromCaller,
    services: Held,
    idempotency: Idempotent,
    _: Annotated[Nothing | None, Body()] = None,
) -> Response:
    """Ask the gateway now: claim what can be claimed, then compare row, ledger and gateway."""
    what = ids.payment_workflow(payment_id)
    asked = AuditLine(AuditAction.PAYMENT_RECONCILED, operator.id, what, origin)

    async def reconcile(attempt: Attempt) -> ReconciledPayment:
        stored = await _stored(services, payment_id)
        # Before anything is done, so that nobody has it done unseen; a repeat finds the line.
        async with services.sessions.begin() as session:
            await audit.record(session, asked, attempt.resource_id)
        payment = await _looked_at(services, stored)
        gateway = await services.payments.compare(payment)
        about = [what, ids.card_reversal_workflow(payment_id)]
        async with services.reads() as session:
            found = await findings.open_of(session, about)
        return ReconciledPayment(
            payment=OperatorPaymentOut.of(await _stored(services, payment_id)),
            gateway=gateway,
            findings=[FindingOut.of(row) for row in found],
        )

    return await idempotency.run(reconcile, poll=lambda _: paths.payment(payment_id))


async def _looked_at(services: Services, payment: Payment) -> Payment:
    """Have an open payment's workflow look at the gateway, even if it had given up."""
    if payment.status not in OPEN or payment.authority is None:
        return payment
    async with services.turns.of(payment.id):
        try:
            return await services.commands.look_at_payment(payment, payer_says_paid=True)
        except Closed:
            return await _stored(services, payment.id)


async def _is_recorded(services: Services, attempt: Attempt) -> bool:
    async with services.reads() as session:
        return await audit.is_recorded(session, attempt.resource_id)


async def _stored(services: Services, payment_id: UUID) -> Payment:
    async with services.reads() as session:
        payment = await payments.find(session, payment_id)
    if payment is None:
        raise NotFound("There is no such payment.")
    return payment
