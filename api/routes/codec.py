"""/codec: lets the Temporal UI show operators what workflows hold. The cipher: engine/codec.py."""

import base64
from typing import Annotated, Final

from cryptography.exceptions import InvalidTag
from fastapi import APIRouter, Depends, Request
from fastapi.middleware.cors import CORSMiddleware
from pydantic import BaseModel, ConfigDict, Field
from starlette.types import Receive, Scope, Send
from temporalio.api.common.v1 import Payload

from api.deps import Held, Identified
from api.policy import Policy, guards
from api.refusals import refusals
from domain.errors import Forbidden, NotAuthenticated, ValidationFailed

router = APIRouter(prefix="/codec", tags=["operations"])
_LOOPBACK: Final = frozenset({"127.0.0.1", "::1"})


class CodecCors(CORSMiddleware):
    """Allows the Temporal UI's origin to call the codec, and nothing else of this API."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        is_codec = scope["type"] == "http" and scope["path"].startswith("/codec/")
        await (super().__call__ if is_codec else self.app)(scope, receive, send)


def spellings(origin: str) -> list[str]:
    """Return an origin, and for this machine its other name: people open either."""
    others = (origin.replace("localhost", "127.0.0.1"), origin.replace("127.0.0.1", "localhost"))
    return sorted({origin.rstrip("/"), *(other.rstrip("/") for other in others)})


class WirePayload(BaseModel):
    """Temporal's Payload in its JSON form: bytes are base64."""

    metadata: dict[str, str] = {}
    data: str = ""


class Payloads(BaseModel):
    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {"payloads": [{"metadata": {"encoding": "anNvbi9wbGFpbg=="}, "data": "IkhpIg=="}]}
            ]
        }
    )
    payloads: list[WirePayload] = Field(default=[], max_length=1000)


@guards(Policy.OWN)
async def _allowed(request: Request, services: Held, caller: Identified) -> None:
    """Let operators pass, and in a sandbox whoever sits at this machine.

    The Temporal UI cannot send a CSRF token; CORS already keeps the answers from other origins.
    """
    host = request.client.host if request.client else None
    if services.codec_is_open and host in _LOOPBACK:
        return
    if caller is None:
        raise NotAuthenticated("Log in as an operator.")
    if not caller.is_operator:
        raise Forbidden("This is for operators.")


_REFUSED = refusals(
    "not_authenticated", "forbidden", "csrf_failed", "validation_error", "payload_too_large"
)
Allowed = Annotated[None, Depends(_allowed)]


@router.post("/encode", responses=_REFUSED)
async def encode_payloads(body: Payloads, services: Held, _: Allowed) -> Payloads:
    """Encrypt payloads, for what an operator types into the Temporal UI."""
    return _wire(await services.codec.encode(_parsed(body)))


@router.post("/decode", responses=_REFUSED)
async def decode_payloads(body: Payloads, services: Held, _: Allowed) -> Payloads:
    """Decrypt payloads, for what the Temporal UI shows."""
    try:
        return _wire(await services.codec.decode(_parsed(body)))
    except (InvalidTag, ValueError) as error:
        message = "A payload was not encrypted with a key of this deployment."
        raise ValidationFailed("/payloads", message) from error


def _parsed(body: Payloads) -> list[Payload]:
    try:
        return [
            Payload(
                metadata={name: _bytes(value) for name, value in payload.metadata.items()},
                data=_bytes(payload.data),
            )
            for payload in body.payloads
        ]
    except ValueError as error:  # of characters that base64 has not, or of their number
        raise ValidationFailed("/payloads", "Metadata and data are base64.") from error


def _bytes(value: str) -> bytes:
    return base64.b64decode(value, validate=True)


def _wire(payloads: list[Payload]) -> Payloads:
    return Payloads(
        payloads=[
            WirePayload(
                metadata={name: _text(value) for name, value in payload.metadata.items()},
                data=_text(payload.data),
            )
            for payload in payloads
        ]
    )


def _text(value: bytes) -> str:
    return base64.b64encode(value).decode()
