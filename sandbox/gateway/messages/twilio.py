"""Twilio as its client sees it: SMS, and WhatsApp where both numbers say so."""

import base64
import binascii
import json
import re
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import format_datetime
from typing import Final
from urllib.parse import urlsplit

from fastapi import APIRouter, Request
from starlette.responses import JSONResponse, Response

from sandbox.gateway.messages.forms import FORM, media_type, read_form
from sandbox.gateway.messages.refusals import twilio_refusal, twilio_status
from sandbox.gateway.outbox import Sent
from sandbox.gateway.outbox_page import Kept
from sandbox.gateway.simulator import Desk

router = APIRouter(tags=["messages"])
_WHATSAPP: Final = "whatsapp:"
_NUMBER: Final = re.compile(r"\+[1-9][0-9]{6,14}")
_SERVICE: Final = re.compile(r"MG[0-9a-fA-F]{32}")
_TEMPLATE: Final = re.compile(r"HX[0-9a-fA-F]{32}")
_LONGEST: Final = 1600


class Refused(Exception):
    def __init__(self, code: int) -> None:
        super().__init__(code)
        self.code = code


@dataclass(frozen=True)
class Message:
    to: str
    sender: str
    text: str
    callback_url: str | None

    @property
    def channel(self) -> str:
        return "whatsapp" if self.to.startswith(_WHATSAPP) else "sms"


@router.post("/2010-04-01/Accounts/{sid}/Messages.json")
async def send(sid: str, request: Request, desk: Desk, kept: Kept) -> Response:
    """Take a message as Twilio does. Any token is that of the account."""
    try:
        _authenticate(sid, request)
        message = _read(await read_form(request) if media_type(request) == FORM else {})
    except Refused as refused:
        return JSONResponse(twilio_refusal(refused.code), twilio_status(refused.code))

    def work() -> Response:
        name = f"SM{secrets.token_hex(16)}"
        kept.keep(
            Sent(
                message.channel,
                message.to.removeprefix(_WHATSAPP),
                "",
                message.text,
                provider="twilio",
                provider_id=name,
                callback_url=message.callback_url,
            )
        )
        return JSONResponse(_made(sid, name, message), 201)

    return await desk.answer("twilio", work)


def _authenticate(sid: str, request: Request) -> None:
    scheme, _, credentials = request.headers.get("Authorization", "").partition(" ")
    try:
        user, _, token = base64.b64decode(credentials, validate=True).decode().partition(":")
    except (binascii.Error, UnicodeDecodeError):
        raise Refused(20003) from None
    if scheme.lower() != "basic" or user != sid or not token:
        raise Refused(20003)


def _read(form: Mapping[str, str]) -> Message:
    to = form.get("To") or _refuse(21604)
    sender = form.get("MessagingServiceSid") or form.get("From") or _refuse(21603)
    is_service = "MessagingServiceSid" in form
    if not _NUMBER.fullmatch(to.removeprefix(_WHATSAPP)):
        raise Refused(21211)
    if is_service and not _SERVICE.fullmatch(sender):
        raise Refused(21705)
    if not is_service and to.startswith(_WHATSAPP) != sender.startswith(_WHATSAPP):
        raise Refused(21910)
    return Message(to, sender, _text(form), _callback_url(form))


def _text(form: Mapping[str, str]) -> str:
    """Return what is read in the end; of a template that is its one variable."""
    if "ContentSid" not in form:
        text = form.get("Body") or _refuse(21602)
        return text if len(text) <= _LONGEST else _refuse(21617)
    if not _TEMPLATE.fullmatch(form["ContentSid"]):
        raise Refused(21655)
    try:
        variables = json.loads(form.get("ContentVariables", ""))
    except ValueError:
        raise Refused(21656) from None
    variable = variables.get("1") if isinstance(variables, dict) else None
    return variable if isinstance(variable, str) and variable else _refuse(21656)


def _callback_url(form: Mapping[str, str]) -> str | None:
    url = form.get("StatusCallback")
    if url is not None and not urlsplit(url).hostname:
        raise Refused(21609)
    return url


def _refuse(code: int) -> str:
    raise Refused(code)


def _made(sid: str, name: str, message: Message) -> dict[str, object]:
    at = format_datetime(datetime.now(UTC))
    uri = f"/2010-04-01/Accounts/{sid}/Messages/{name}"
    return {
        "sid": name,
        "account_sid": sid,
        "api_version": "2010-04-01",
        "body": message.text,
        "date_created": at,
        "date_sent": None,
        "date_updated": at,
        "direction": "outbound-api",
        "error_code": None,
        "error_message": None,
        "from": message.sender,
        "messaging_service_sid": None,
        "num_media": "0",
        "num_segments": "1",
        "price": None,
        "price_unit": None,
        "status": "queued",
        "subresource_uris": {"media": f"{uri}/Media.json"},
        "to": message.to,
        "uri": f"{uri}.json",
    }
