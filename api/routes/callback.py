"""/payments/verify: where the gateway sends the payer's browser back to.

Whoever comes here has perhaps just paid, so a browser is always sent on to the frontend, whatever
is down. What the query says is a reason to look, never evidence: the workflow asks the gateway.
"""

import asyncio
import re
from http import HTTPStatus
from typing import Annotated, Final
from urllib.parse import urlencode
from uuid import UUID

import structlog
from fastapi import APIRouter, Query, Request, Response
from fastapi.responses import RedirectResponse
from sqlalchemy.exc import SQLAlchemyError

from api.commands.failures import Closed
from api.deps import Held, Services
from api.idempotency import PATIENCE_S
from api.paths import PREFIX
from api.policy import own
from api.problems import Refusal, is_outage
from api.refusals import refusals
from api.schemas.payments import PaymentResult
from domain.errors import NotFound
from domain.payment import OPEN, Payment
from models.queries import payments

router = APIRouter(prefix=f"{PREFIX}/payments", tags=["payments"])
_LONGEST_AUTHORITY: Final = 64
_GATEWAYS_OWN: Final = re.compile(r"[AS][0-9a-zA-Z]{35}")
log = structlog.get_logger("api")


@router.get(
    "/verify/",
    response_model=PaymentResult,
    responses={HTTPStatus.SEE_OTHER: {"description": "To the frontend's page for the result."}}
    | refusals("not_found"),
)
@own
async def verify_payment(
    request: Request,
    services: Held,
    authority: Annotated[str, Query(alias="Authority")] = "",
    status: Annotated[str, Query(alias="Status")] = "",
) -> Response:
    """Take the gateway's callback. Safe to repeat; `Status` is not believed.

    With `Accept: application/json` the answer is the payment's public state.
    """
    wants_json = "application/json" in request.headers.get("Accept", "")
    try:
        payment = await _awaited(services, authority)
    except SQLAlchemyError as error:
        if wants_json or not is_outage(error):
            raise
        log.warning("callback_without_database", reason=type(error).__name__)
        return _to_frontend(services, None, "processing")
    if payment is None:
        if wants_json:
            raise NotFound("There is no such payment.")
        return _to_frontend(services, None, "unknown")
    if payment.status in OPEN:
        payment = await _looked_at(services, payment, payer_says_paid=status == "OK")
    if wants_json:
        result = PaymentResult.of(payment).model_dump_json()
        return Response(result, media_type="application/json")
    return _to_frontend(services, payment.id, payment.status)


async def _awaited(services: Services, authority: str) -> Payment | None:
    """Find a payment, even if its payer is back before the gateway's answer has reached us."""
    if _GATEWAYS_OWN.fullmatch(authority):
        return await services.grace.find(lambda: _payment(services, authority))
    return await _payment(services, authority)


async def _payment(services: Services, authority: str) -> Payment | None:
    if not 0 < len(authority) <= _LONGEST_AUTHORITY or not authority.isalnum():
        return None
    async with services.reads() as session:
        return await payments.by_authority(session, authority)


async def _looked_at(services: Services, payment: Payment, *, payer_says_paid: bool) -> Payment:
    """Return the payment after the gateway was asked, or as it was if that takes too long."""
    # Only our waiting ends after ten seconds; the workflow goes on looking.
    try:
        async with asyncio.timeout(PATIENCE_S), services.turns.of(payment.id):
            # Another callback may have been looked at while this one waited for its turn.
            payment = await _payment(services, payment.authority or "") or payment
            if payment.status not in OPEN:
                return payment
            return await services.commands.look_at_payment(payment, payer_says_paid=payer_says_paid)
    except (Refusal, Closed, TimeoutError) as reason:
        log.warning("callback_not_answered", payment=str(payment.id), reason=repr(reason))
        return payment


def _to_frontend(services: Services, payment_id: UUID | None, status: str) -> Response:
    page = f"{services.frontend_url}/payments/{payment_id or ''}"
    return RedirectResponse(f"{page}?{urlencode({'status': status})}", HTTPStatus.SEE_OTHER)
