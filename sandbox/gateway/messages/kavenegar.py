"""Kavenegar as its client sees it."""

import re
import secrets
from collections.abc import Mapping
from typing import Final

from fastapi import APIRouter, Request
from starlette.responses import JSONResponse, Response

from sandbox.gateway.messages.forms import read_form
from sandbox.gateway.messages.refusals import kavenegar_refusal
from sandbox.gateway.outbox import Outbox, Sent
from sandbox.gateway.outbox_page import Kept
from sandbox.gateway.simulator import Desk

router = APIRouter(prefix="/v1/{key}/sms", tags=["messages"])
_NUMBER: Final = re.compile(r"(0|00|\+)?[1-9][0-9]{6,14}")
_FIRST_MESSAGE_ID: Final = 8_792_343_000  # real ones exceed 31 bits
_SENT: Final = 5
_UNKNOWN: Final = 100


@router.post("/send.json")
async def send(key: str, request: Request, desk: Desk, kept: Kept) -> Response:  # noqa: ARG001
    """Take a short message as Kavenegar does. Any key is somebody's."""
    form = await read_form(request)
    receptor, text = form.get("receptor", ""), form.get("message", "")
    if not _NUMBER.fullmatch(receptor):
        return _refused(411)
    if not text:
        return _refused(413)

    def work() -> Response:
        name = str(_FIRST_MESSAGE_ID + secrets.randbelow(10**12))
        local_id = form.get("localid")
        sent = Sent("sms", receptor, "", text, "", local_id, "kavenegar", name)
        kept.keep(sent)
        return _entry(sent)

    return await desk.answer("kavenegar", work)


@router.post("/statuslocalmessageid.json")
async def status(key: str, request: Request, desk: Desk, kept: Kept) -> Response:  # noqa: ARG001
    """Tell what became of a message by its sender's own name for it."""
    local_id = (await read_form(request)).get("localid", "")
    return await desk.answer("kavenegar_status", lambda: _known(kept, local_id))


def _known(kept: Outbox, local_id: str) -> Response:
    sent = kept.by_local_id(local_id)
    if sent is None:
        return _envelope({"messageid": None, "localid": local_id, "status": _UNKNOWN})
    return _entry(sent)


def _entry(sent: Sent) -> Response:
    return _envelope(
        {
            "messageid": int(sent.provider_id or _FIRST_MESSAGE_ID + sent.number),
            "localid": sent.local_id,
            "message": sent.text,
            "status": _SENT,
            "statustext": "ارسال به مخابرات",
            "sender": "10004346",
            "receptor": sent.recipient,
            "date": 1_700_000_000,
            "cost": 120,
        }
    )


def _envelope(entry: Mapping[str, object]) -> Response:
    return JSONResponse(
        {"return": {"status": 200, "message": "تایید شد"}, "entries": [dict(entry)]}
    )


def _refused(code: int) -> Response:
    return JSONResponse(kavenegar_refusal(code), code)
