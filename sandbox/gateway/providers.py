"""Postmark and Kavenegar as their clients see them: what they take goes to the outbox."""

import re
from collections.abc import Mapping
from typing import Final
from urllib.parse import parse_qsl
from uuid import uuid4

from fastapi import APIRouter, Request
from pydantic import BaseModel, Field, ValidationError
from starlette.responses import JSONResponse, Response

from sandbox.gateway.envelope import Envelope, kavenegar_refusal, postmark_refusal
from sandbox.gateway.misbehaviour import Work
from sandbox.gateway.outbox import Outbox, Sent
from sandbox.gateway.outbox_page import Kept
from sandbox.gateway.simulator import Desk, Simulator
from sandbox.gateway.store import now

router = APIRouter(tags=["messages"])
_NUMBER: Final = re.compile(r"(0|00|\+)?[1-9][0-9]{6,14}")
_FIRST_MESSAGE_ID: Final = 8_792_343_000  # real ones exceed 31 bits
_SENT: Final = 5
_UNKNOWN: Final = 100


class Mail(BaseModel):
    """The members of an e-mail that anybody here uses."""

    sender: str = Field(alias="From", min_length=3)
    to: str = Field(alias="To", pattern="^[^@ ]+@[^@ ]+$")
    subject: str = Field("", alias="Subject")
    text: str = Field("", alias="TextBody")
    html: str = Field("", alias="HtmlBody")


@router.post("/email")
async def postmark(request: Request, desk: Desk, kept: Kept) -> Response:
    """Take an e-mail as Postmark does. Any server token is somebody's."""
    if not request.headers.get("X-Postmark-Server-Token"):
        return JSONResponse(postmark_refusal(10, "Bad or missing Server API token."), 401)
    try:
        mail = Mail.model_validate_json(await request.body())
    except ValidationError:
        return JSONResponse(postmark_refusal(300, "Invalid email request."), 422)

    def work() -> Envelope:
        kept.keep(Sent("email", mail.to, mail.subject, mail.text, mail.html))
        return {
            "To": mail.to,
            "SubmittedAt": now(),
            "MessageID": str(uuid4()),
            "ErrorCode": 0,
            "Message": "OK",
        }

    return await _answered(desk, "postmark", work)


@router.post("/v1/{key}/sms/send.json")
async def send(key: str, request: Request, desk: Desk, kept: Kept) -> Response:  # noqa: ARG001
    """Take a short message as Kavenegar does. Any key is somebody's."""
    form = await _form(request)
    receptor, text = form.get("receptor", ""), form.get("message", "")
    if not _NUMBER.fullmatch(receptor):
        return _refused(411)
    if not text:
        return _refused(413)

    def work() -> Envelope:
        sent = Sent("sms", receptor, "", text, local_id=form.get("localid"))
        return _entry(sent, kept.keep(sent))

    return await _answered(desk, "kavenegar", work)


@router.post("/v1/{key}/sms/statuslocalmessageid.json")
async def status(key: str, request: Request, desk: Desk, kept: Kept) -> Response:  # noqa: ARG001
    """Tell what became of a message by its sender's own name for it."""
    local_id = (await _form(request)).get("localid", "")
    return await _answered(desk, "kavenegar_status", lambda: _known(kept, local_id))


async def _answered(desk: Simulator, operation: str, work: Work) -> Response:
    fault = desk.script.next_call(operation)
    return await fault.answer(work) if fault else JSONResponse(work())


def _known(kept: Outbox, local_id: str) -> Envelope:
    sent = kept.by_local_id(local_id)
    if sent is None:
        entry: Mapping[str, object] = {"messageid": None, "localid": local_id, "status": _UNKNOWN}
        return _envelope(entry)
    return _entry(sent, sent.number)


def _entry(sent: Sent, number: int) -> Envelope:
    return _envelope(
        {
            "messageid": _FIRST_MESSAGE_ID + number,
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


def _envelope(entry: Mapping[str, object]) -> Envelope:
    return {"return": {"status": 200, "message": "تایید شد"}, "entries": [dict(entry)]}


def _refused(code: int) -> Response:
    return JSONResponse(kavenegar_refusal(code), code)


async def _form(request: Request) -> dict[str, str]:
    # Parsed here: the framework's own forms need one more package.
    return dict(parse_qsl((await request.body()).decode(errors="replace")))
