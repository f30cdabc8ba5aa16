"""/control/report: has a provider of messages report what became of one, over HTTP, to the API."""

import asyncio
from dataclasses import dataclass, field
from typing import Annotated, Final, Self

import httpx
from fastapi import APIRouter, HTTPException, Request
from pydantic import BaseModel, ConfigDict, Field, model_validator

from domain.messages.notice import Delivery
from sandbox.gateway.outbox import Outbox, Sent
from sandbox.gateway.outbox_page import Kept
from sandbox.gateway.report_forms import Untold, report_of
from sandbox.webhook_keys import ProviderKeys

router = APIRouter(prefix="/control", tags=["control"])
PATH: Final = "/api/v1/webhooks/"
_TIMEOUT_S: Final = 30.0


@dataclass(frozen=True)
class Reporter:
    """Attributes.

    api_url: Scheme and host of the API.
    transport: How it is reached; absent, over the network.
    """

    api_url: str
    keys: ProviderKeys = field(repr=False)
    transport: httpx.AsyncBaseTransport | None = None

    async def send(self, sent: Sent, delivery: Delivery, times: int) -> list[int | None]:
        """Report so many times at once; return the answers, None where nobody answered."""
        site = f"{self.api_url.rstrip('/')}{PATH}"
        async with httpx.AsyncClient(timeout=_TIMEOUT_S, transport=self.transport) as client:
            reports = (report_of(site, self.keys, sent, delivery) for _ in range(times))
            return await asyncio.gather(*(_answer(client, report) for report in reports))


class Wish(BaseModel):
    """What is to be reported of a message.

    Attributes:
        to: Its reader, as /outbox shows them: the latest message to them is meant.
        provider_id: Its provider's name for it; one of the two names the message.
        times: How often, at once: providers repeat themselves.
    """

    model_config = ConfigDict(extra="forbid")

    to: str | None = None
    provider_id: str | None = None
    delivery: Delivery
    times: Annotated[int, Field(ge=1, le=100)] = 1

    @model_validator(mode="after")
    def _names_one(self) -> Self:
        if (self.to is None) == (self.provider_id is None):
            raise ValueError("Name the message by `to` or by `provider_id`.")
        return self


class Reported(BaseModel):
    """`answers`: the API's HTTP status for each report, null where nobody answered."""

    provider: str
    provider_id: str
    delivery: Delivery
    answers: list[int | None]


@router.post("/report")
async def report(wish: Wish, kept: Kept, request: Request) -> Reported:
    """Have the provider that took a message report on it, signed as it signs."""
    reporter: Reporter | None = request.app.state.reporter
    if reporter is None:
        raise HTTPException(409, "This simulator was not told where the API is.")
    sent = _meant(kept, wish)
    if sent is None:
        raise HTTPException(422, "No such message was sent.")
    try:
        answers = await reporter.send(sent, wish.delivery, wish.times)
    except Untold as why:
        raise HTTPException(422, str(why)) from None
    return Reported(
        provider=sent.provider or "",
        provider_id=sent.provider_id or "",
        delivery=wish.delivery,
        answers=answers,
    )


def _meant(kept: Outbox, wish: Wish) -> Sent | None:
    if wish.provider_id is not None:
        return kept.by_provider_id(wish.provider_id)
    return next(iter(kept.latest(1, wish.to)), None)


async def _answer(client: httpx.AsyncClient, report: httpx.Request) -> int | None:
    try:
        return (await client.send(report)).status_code
    except httpx.HTTPError:
        return None
