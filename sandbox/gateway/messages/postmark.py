"""Postmark as its client sees it."""

from uuid import uuid4

from fastapi import APIRouter, Request
from pydantic import BaseModel, Field, ValidationError
from starlette.responses import JSONResponse, Response

from sandbox.gateway.messages.refusals import postmark_refusal
from sandbox.gateway.outbox import Sent
from sandbox.gateway.outbox_page import Kept
from sandbox.gateway.simulator import Desk
from sandbox.gateway.store import now

router = APIRouter(tags=["messages"])


class Mail(BaseModel):
    """The members of an e-mail that anybody here uses."""

    sender: str = Field(alias="From", min_length=3)
    to: str = Field(alias="To", pattern="^[^@ ]+@[^@ ]+$")
    subject: str = Field("", alias="Subject")
    text: str = Field("", alias="TextBody")
    html: str = Field("", alias="HtmlBody")
    metadata: dict[str, str] = Field({}, alias="Metadata")


@router.post("/email")
async def send(request: Request, desk: Desk, kept: Kept) -> Response:
    """Take an e-mail as Postmark does. Any server token is somebody's."""
    if not request.headers.get("X-Postmark-Server-Token"):
        return JSONResponse(postmark_refusal(10, "Bad or missing Server API token."), 401)
    try:
        mail = Mail.model_validate_json(await request.body())
    except ValidationError:
        return JSONResponse(postmark_refusal(300, "Invalid email request."), 422)

    def work() -> Response:
        name = str(uuid4())
        kept.keep(
            Sent(
                "email",
                mail.to,
                mail.subject,
                mail.text,
                mail.html,
                provider="postmark",
                provider_id=name,
                local_id=mail.metadata.get("message"),
            )
        )
        return JSONResponse(
            {
                "To": mail.to,
                "SubmittedAt": now(),
                "MessageID": name,
                "ErrorCode": 0,
                "Message": "OK",
            }
        )

    return await desk.answer("postmark", work)
