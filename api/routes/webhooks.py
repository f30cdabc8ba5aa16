"""/webhooks: where providers of messages report what became of them.

They are neither users nor browsers: each proves itself in its own way, in api/webhooks/.
"""

from http import HTTPStatus
from typing import Any, Final, Literal

import structlog
from fastapi import APIRouter, Request, Response
from fastapi.responses import PlainTextResponse

from api.deps import Held, Services
from api.limits.limited import limited
from api.paths import PREFIX
from api.policy import own
from api.refusals import refusals
from api.webhooks.call import Call, Messenger
from api.webhooks.whatsapp import WhatsApp
from domain.limits import Traffic
from models.queries import deliveries

router = APIRouter(prefix=f"{PREFIX}/webhooks", tags=["webhooks"])
log = structlog.get_logger("api")

_REFUSED: Final = ("malformed_report", "not_authenticated", "not_found")
_EVENT: Final = {
    "RecordType": "Delivery",
    "MessageID": "883953f4-6105-42a2-a16a-77a8eac79483",
    "DeliveredAt": "2026-11-22T09:30:00Z",
}
_FORM: Final = {
    "MessageSid": "SM1f0e8ae6ade43cb3c0ce4525424e404f",
    "MessageStatus": "delivered",
}
_BODY: Final[dict[str, Any]] = {
    "requestBody": {
        "description": "Of the provider's own form.",
        "content": {
            "application/json": {
                "schema": {"type": ["object", "array"], "items": {"type": "object"}},
                "example": _EVENT,
            },
            "application/x-www-form-urlencoded": {"schema": {"type": "object"}, "example": _FORM},
        },
    }
}
_ASKED: Final[dict[str, Any]] = {
    "parameters": [
        {"name": name, "in": "query", "required": False, "schema": {"type": "string"}}
        for name in (
            *("hub.mode", "hub.verify_token", "hub.challenge"),
            *("secret", "messageid", "status"),
        )
    ]
}
_CHALLENGE: Final[dict[int | str, dict[str, Any]]] = {
    HTTPStatus.OK.value: {
        "description": "For WhatsApp what it asked to have repeated; for Kavenegar nothing.",
        "content": {"text/plain": {"schema": {"type": "string"}, "example": "1158201444"}},
    }
}
_TAKEN: Final[dict[int | str, dict[str, Any]]] = {
    HTTPStatus.OK.value: {"description": "Taken, also if it is about nothing that we know."}
}


@router.get(
    "/{provider}/",
    response_class=PlainTextResponse,
    responses=_CHALLENGE | refusals(*_REFUSED),
    openapi_extra=_ASKED,
    dependencies=[limited(Traffic.WEBHOOK)],
)
@own
async def ask_webhook(
    provider: Literal[Messenger.WHATSAPP, Messenger.KAVENEGAR], request: Request, services: Held
) -> Response:
    """Answer WhatsApp, which asks whether this address is ours, or take a report of Kavenegar."""
    call, webhook = await Call.of(request), services.webhooks.named(provider)
    if isinstance(webhook, WhatsApp):
        return PlainTextResponse(webhook.challenge(call))
    await _take(services, provider, call)
    return PlainTextResponse()


@router.post(
    "/{provider}/",
    response_class=Response,
    responses=_TAKEN | refusals(*_REFUSED, "csrf_failed", "payload_too_large"),
    openapi_extra=_BODY,
    dependencies=[limited(Traffic.WEBHOOK)],
)
@own
async def take_reports(provider: Messenger, request: Request, services: Held) -> Response:
    """Take what a provider reports of messages, authenticated the provider's own way.

    Reports may come again and in any order. A provider that is not set up is not found.
    """
    await _take(services, provider, await Call.of(request))
    return Response()


async def _take(services: Services, provider: Messenger, call: Call) -> None:
    reports = services.webhooks.named(provider).reports(call)
    async with services.reads() as session:
        moved = await deliveries.apply(session, reports)
    log.info("delivery_reports", provider=provider, reports=len(reports), moved=moved)
