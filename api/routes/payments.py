"""/payments: wallet top-ups. The gateway is asked by the workflow, never from here."""

from uuid import UUID

from fastapi import APIRouter, Response, status
from sqlalchemy.ext.asyncio import AsyncSession

from activities.contracts.payments import NewPayment
from api import paths
from api.commands.failures import Closed
from api.deps import Caller, CurrentUser, Held, Idempotent, Services, Session
from api.idempotency import Attempt
from api.pages import Cursor, Limit, cut, key_in
from api.paths import PREFIX
from api.problems import engine_unavailable
from api.refusals import LATER, refusals
from api.schemas.common import Page
from api.schemas.payments import NewTopUp, PaymentOut
from domain.errors import IllegalTransition, NotFound, PaymentPending
from domain.payment import Payment, check_amount
from domain.ticket import Action, Role, TicketStatus
from models.queries import payments, tickets

router = APIRouter(prefix=f"{PREFIX}/payments", tags=["payments"])


@router.post(
    "/initiate/",
    status_code=status.HTTP_201_CREATED,
    response_model=PaymentOut,
    responses=LATER
    | refusals(
        "not_authenticated",
        "csrf_failed",
        "not_found",
        "illegal_transition",
        "validation_error",
        "idempotency_key_reused",
        "payload_too_large",
        "unsupported_media_type",
        "gateway_refused",
        "gateway_unavailable",
        "engine_unavailable",
    ),
)
async def initiate_payment(
    body: NewTopUp, caller: CurrentUser, services: Held, idempotency: Idempotent
) -> Response:
    """Open a payment at the gateway; the payer pays at `redirect_url`.

    With `ticket_id` the money goes on into that ticket's escrow when it arrives. A ticket has one
    open payment at a time: another one is refused with `illegal_transition`, whose `facts` name
    the open one by `payment_id` and `redirect_url`.
    """
    check_amount(body.amount)

    async def begin(attempt: Attempt) -> PaymentOut:
        if body.ticket_id is not None and attempt.is_first:
            async with services.reads() as session:
                await _check_ticket(session, body.ticket_id, caller)
        now = services.clock.now()
        new = NewPayment(attempt.resource_id, caller.id, body.amount, body.ticket_id, now)
        try:
            payment = await services.commands.open_payment(new)
        except Closed:
            payment = await _stored(services, new.payment_id)
        return PaymentOut.of(payment)

    return await idempotency.run(
        begin,
        status=status.HTTP_201_CREATED,
        poll=lambda attempt: paths.payment(attempt.resource_id),
    )


async def _check_ticket(session: AsyncSession, ticket_id: UUID, caller: Caller) -> None:
    """Refuse to take money for a ticket that it could not be spent on, or not only once."""
    ticket = await tickets.find(session, ticket_id)
    if ticket is None or ticket.role_of(caller.id) is not Role.BORROWER:
        raise NotFound("There is no such ticket.")
    if ticket.status is not TicketStatus.ACCEPTED:
        raise IllegalTransition(Action.PAY, ticket.status)
    pending = await payments.pending_for(session, ticket_id)
    if pending is not None:
        raise PaymentPending(pending.id, pending.redirect_url)


async def _stored(services: Services, payment_id: UUID) -> Payment:
    async with services.reads() as session:
        payment = await payments.find(session, payment_id)
    if payment is None or payment.authority is None:
        raise engine_unavailable()
    return payment


@router.get("/", responses=refusals("not_authenticated", "validation_error"))
async def list_payments(
    session: Session, caller: CurrentUser, limit: Limit = 20, cursor: Cursor = None
) -> Page[PaymentOut]:
    """List the caller's payments, newest first."""
    before = key_in(cursor, UUID)
    rows = await payments.page(session, caller.id, before=before, limit=limit + 1)
    shown, following = cut(rows, limit, lambda payment: payment.id)
    return Page(items=[PaymentOut.of(payment) for payment in shown], next=following)


@router.get("/{payment_id:uuid}/", responses=refusals("not_authenticated", "not_found"))
async def read_payment(payment_id: UUID, session: Session, caller: CurrentUser) -> PaymentOut:
    """Return one of the caller's payments."""
    payment = await payments.find(session, payment_id)
    if payment is None or (payment.user_id != caller.id and not caller.is_operator):
        raise NotFound("There is no such payment.")
    return PaymentOut.of(payment)
