"""SendGrid as its client sees it."""

import secrets
from typing import Annotated, Literal, Self

from fastapi import APIRouter, Request
from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator
from starlette.responses import JSONResponse, Response

from sandbox.gateway.messages.forms import media_type
from sandbox.gateway.messages.refusals import sendgrid_refusal
from sandbox.gateway.outbox import Sent
from sandbox.gateway.outbox_page import Kept
from sandbox.gateway.simulator import Desk

router = APIRouter(tags=["messages"])


class Strict(BaseModel):
    """Members that it does not know are refused."""

    model_config = ConfigDict(extra="forbid")


class Address(Strict):
    email: Annotated[str, Field(pattern="^[^@<> ]+@[^@<> ]+$")]
    name: str = ""


class Personalization(Strict):
    to: Annotated[list[Address], Field(min_length=1, max_length=1000)]
    custom_args: dict[str, str] = {}


class Content(Strict):
    type: Literal["text/plain", "text/html"]
    value: Annotated[str, Field(min_length=1)]


class Tracking(Strict):
    click_tracking: dict[str, bool] = {}
    open_tracking: dict[str, bool] = {}
    subscription_tracking: dict[str, bool] = {}
    ganalytics: dict[str, bool] = {}


class Mail(Strict):
    """The members of an e-mail that anybody here uses; here it has one reader."""

    personalizations: Annotated[list[Personalization], Field(min_length=1, max_length=1)]
    sender: Annotated[Address, Field(alias="from")]
    subject: Annotated[str, Field(min_length=1)]
    content: Annotated[list[Content], Field(min_length=1)]
    tracking_settings: Tracking = Tracking()

    @model_validator(mode="after")
    def _plain_comes_first(self) -> Self:
        forms = [one.type for one in self.content]
        if forms != sorted(forms, reverse=True) or len(set(forms)) != len(forms):
            raise ValueError("text/plain comes first, then text/html, each once.")
        return self

    def part(self, form: str) -> str:
        return next((one.value for one in self.content if one.type == form), "")


@router.post("/v3/mail/send")
async def send(request: Request, desk: Desk, kept: Kept) -> Response:
    """Take an e-mail as SendGrid does. Any key is somebody's."""
    if not request.headers.get("Authorization", "").startswith("Bearer SG."):
        return JSONResponse(sendgrid_refusal(401, "Permission denied, wrong credentials"), 401)
    if media_type(request) != "application/json":
        return JSONResponse(sendgrid_refusal(415, "Content-Type should be application/json."), 415)
    try:
        mail = Mail.model_validate_json(await request.body())
    except ValidationError as error:
        return JSONResponse(_invalid(error), 400)

    def work() -> Response:
        name = secrets.token_urlsafe(16)
        letter = mail.personalizations[0]
        kept.keep(
            Sent(
                "email",
                letter.to[0].email,
                mail.subject,
                mail.part("text/plain"),
                mail.part("text/html"),
                provider="sendgrid",
                provider_id=name,
                local_id=letter.custom_args.get("message"),
            )
        )
        return Response(status_code=202, headers={"X-Message-Id": name})

    return await desk.answer("sendgrid", work)


def _invalid(error: ValidationError) -> dict[str, object]:
    return {
        "errors": [
            {"message": one["msg"], "field": ".".join(map(str, one["loc"])) or None, "help": None}
            for one in error.errors()
        ]
    }
