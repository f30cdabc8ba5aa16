"""The ways in which the simulator can be told to go wrong, one class each.

Each answers in place of the honest simulator. `work` does what the call asked for; whether it is
called is the difference between a fault before the money moved and one after it.
"""

import asyncio
import json
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import Annotated, Final, Literal

from pydantic import BaseModel, ConfigDict, Field
from starlette.responses import HTMLResponse, JSONResponse, Response
from starlette.types import Receive, Scope, Send

from sandbox.gateway.envelope import Envelope, Shape, refusal, reshape
from sandbox.gateway.messages.refusals import (
    kavenegar_refusal,
    postmark_refusal,
    sendgrid_refusal,
    twilio_refusal,
    whatsapp_refusal,
)

Work = Callable[[], Response]
# `any` is any call about payments.
CallName = Literal[
    "request",
    "verify",
    "inquiry",
    "unVerified",
    "reverse",
    "feeCalculation",
    "any",
    "postmark",
    "sendgrid",
    "kavenegar",
    "kavenegar_status",
    "twilio",
    "whatsapp",
]
_REFUSALS: Final[Mapping[str, Callable[[int, str | None], Envelope]]] = {
    "postmark": postmark_refusal,
    "sendgrid": sendgrid_refusal,
    "kavenegar": kavenegar_refusal,
    "kavenegar_status": kavenegar_refusal,
    "twilio": twilio_refusal,
    "whatsapp": whatsapp_refusal,
}
MESSAGE_CALLS: Final = frozenset(_REFUSALS)
Seconds = Annotated[float, Field(ge=0, le=3600)]
HttpStatus = Annotated[int, Field(ge=200, le=599)]
BAD_PAGE = "<!doctype html><title>{0}</title><h1>{0}</h1><p>Simulated by the sandbox gateway.</p>"


class Fault(BaseModel):
    """`times`: how often it happens; null goes on until it is cleared."""

    model_config = ConfigDict(extra="forbid")

    times: Annotated[int, Field(ge=1)] | None = 1


class Scripted(Fault, ABC):
    """A fault of one kind of call, or of any."""

    operation: CallName

    @abstractmethod
    async def answer(self, work: Work) -> Response: ...


class Delay(Scripted):
    """Do the work at once and answer late, so that even a callback can overtake the answer."""

    behaviour: Literal["delay"]
    seconds: Seconds

    async def answer(self, work: Work) -> Response:
        done = work()
        await asyncio.sleep(self.seconds)
        return done


class TimeoutAfter(Scripted):
    """Do the work and never answer: hang up after `seconds`, or wait until the caller does."""

    behaviour: Literal["timeout_after"]
    seconds: Seconds | None = None

    async def answer(self, work: Work) -> Response:
        work()
        return Silence(self.seconds)


class Html(Scripted):
    """Do the work and answer with a web page."""

    behaviour: Literal["html"]
    status: HttpStatus = 200

    async def answer(self, work: Work) -> Response:
        work()
        return HTMLResponse(BAD_PAGE.format("Not what you expected"), self.status)


class Outage(Scripted):
    """Do nothing, and say so with 503 and a web page."""

    behaviour: Literal["outage"]

    async def answer(self, _work: Work) -> Response:
        return HTMLResponse(BAD_PAGE.format("503 Service Unavailable"), 503)


class ErrorCode(Scripted):
    """Answer with an error code and do nothing."""

    behaviour: Literal["code"]
    code: int
    message: str | None = None
    status: HttpStatus = 200

    async def answer(self, _work: Work) -> Response:
        refuse = _REFUSALS.get(self.operation, refusal)
        return JSONResponse(refuse(self.code, self.message), self.status)


class WrongAmount(Scripted):
    """Claim that another amount was paid."""

    operation: Literal["verify"]
    behaviour: Literal["wrong_amount"]

    async def answer(self, _work: Work) -> Response:
        return JSONResponse(refusal(-50))


class OddShape(Scripted):
    """Do the work and wrap the answer strangely."""

    behaviour: Literal["odd_shape"]
    shape: Shape

    async def answer(self, work: Work) -> Response:
        envelope = json.loads(bytes(work().body) or b"{}")
        return JSONResponse(reshape(envelope, self.shape))


class Silence(Response):
    """Wait without a word, then break off.

    ASGI has no way to close a connection before an answer has begun, so what the caller gets in
    the end is the head of an answer and the end of the connection.
    """

    def __init__(self, seconds: float | None) -> None:
        super().__init__()
        self.seconds = seconds

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:  # noqa: ARG002
        with suppress(TimeoutError):
            async with asyncio.timeout(self.seconds):
                while (await receive())["type"] != "http.disconnect":
                    pass
                return
        promised = [(b"content-type", b"application/json"), (b"content-length", b"1000")]
        await send({"type": "http.response.start", "status": 200, "headers": promised})


class Lost(Fault):
    """The payer's browser never comes back: the page says that the window may be closed."""

    operation: Literal["callback"]
    behaviour: Literal["lost"]


class Duplicate(Fault):
    """The callback comes `extra` times more, all at once, from the simulator itself."""

    operation: Literal["callback"]
    behaviour: Literal["duplicate"]
    extra: Annotated[int, Field(ge=1, le=100)] = 1


CallbackFault = Lost | Duplicate
CallFault = Delay | TimeoutAfter | Html | Outage | ErrorCode | WrongAmount | OddShape
Misbehaviour = Annotated[CallFault | CallbackFault, Field(discriminator="behaviour")]
