"""The Cloud API of WhatsApp as its client sees it."""

import re
import secrets
from typing import Annotated, Final, Literal

from fastapi import APIRouter, Request
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError
from starlette.responses import JSONResponse, Response

from sandbox.gateway.messages.refusals import whatsapp_refusal
from sandbox.gateway.outbox import Sent
from sandbox.gateway.outbox_page import Kept
from sandbox.gateway.simulator import Desk

router = APIRouter(tags=["messages"])
_VERSION: Final = re.compile(r"v[0-9]+\.[0-9]+")
_BROKEN: Final = re.compile(r"[\n\r\t]| {5}")


def _unbroken(text: str) -> str:
    if _BROKEN.search(text):
        raise ValueError("has line breaks, tabs or more than four spaces in a row")
    return text


class Strict(BaseModel):
    """Members that it does not know are refused."""

    model_config = ConfigDict(extra="forbid")


class Parameter(Strict):
    type: Literal["text"]
    text: Annotated[str, Field(min_length=1, max_length=1024), AfterValidator(_unbroken)]


class Component(Strict):
    type: Literal["body"]
    parameters: list[Parameter]


class Language(Strict):
    code: Annotated[str, Field(pattern="^[a-z]{2}(_[A-Z]{2})?$")]


class Template(Strict):
    name: Annotated[str, Field(pattern="^[a-z0-9_]+$", max_length=512)]
    language: Language
    components: Annotated[list[Component], Field(min_length=1, max_length=1)]


class Message(Strict):
    """Free text is only for who wrote first, and nobody writes to the simulator."""

    messaging_product: Literal["whatsapp"]
    recipient_type: Literal["individual"] = "individual"
    to: Annotated[str, Field(pattern=r"^\+?[1-9][0-9]{6,14}$")]
    type: Literal["template"]
    template: Template
    biz_opaque_callback_data: Annotated[str, Field(max_length=512)] | None = None


@router.post("/{version}/{phone_number_id}/messages")
async def send(
    version: str, phone_number_id: str, request: Request, desk: Desk, kept: Kept
) -> Response:
    """Take a message as the Cloud API does. Any token is somebody's, any template approved."""
    if not request.headers.get("Authorization", "").startswith("Bearer "):
        return _refused(190, "Invalid OAuth access token.", 401)
    if not _VERSION.fullmatch(version) or not phone_number_id.isdecimal():
        return _refused(100, "Unsupported post request.")
    try:
        message = Message.model_validate_json(await request.body())
    except ValidationError as error:
        return _refused(100, f"Invalid parameter: {error.errors()[0]['loc']}")
    parameters = message.template.components[0].parameters
    if len(parameters) != 1:
        return _refused(132000, "Number of parameters does not match.")

    def work() -> Response:
        name = f"wamid.{secrets.token_urlsafe(32)}"
        kept.keep(
            Sent(
                "whatsapp",
                message.to,
                "",
                parameters[0].text,
                provider="whatsapp_cloud",
                provider_id=name,
                local_id=message.biz_opaque_callback_data,
            )
        )
        return JSONResponse(
            {
                "messaging_product": "whatsapp",
                "contacts": [{"input": message.to, "wa_id": message.to.removeprefix("+")}],
                "messages": [{"id": name, "message_status": "accepted"}],
            }
        )

    return await desk.answer("whatsapp", work)


def _refused(code: int, message: str, status: int = 400) -> Response:
    return JSONResponse(whatsapp_refusal(code, message), status)
