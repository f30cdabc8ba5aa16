"""/outbox: what was sent to people, as a page and as JSON."""

from dataclasses import asdict
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query, Request
from pydantic import BaseModel
from starlette.responses import HTMLResponse, Response

from sandbox.gateway import pages
from sandbox.gateway.outbox import Outbox, Sent

router = APIRouter(tags=["outbox"])


def outbox(request: Request) -> Outbox:
    found: Outbox = request.app.state.outbox
    return found


Kept = Annotated[Outbox, Depends(outbox)]


class Shown(BaseModel):
    """A message for programs; `to` is as the provider was told it.

    Attributes:
        provider: Who took it.
        provider_id: Names it in that provider's answers and reports.
        local_id: Names it at its sender.
        callback_url: Where its sender wants those reports, if it said so.
    """

    channel: str
    to: str
    subject: str
    text: str
    html: str
    provider: str | None
    provider_id: str | None
    local_id: str | None
    callback_url: str | None
    at: str


@router.get("/outbox", response_model=list[Shown])
async def show(
    request: Request,
    kept: Kept,
    to: str | None = None,
    limit: Annotated[int, Query(ge=1, le=1000)] = 100,
) -> Response | list[Shown]:
    """Show what was sent to people, newest first: a page, or JSON for who accepts that."""
    sent = kept.latest(limit, to)
    if "application/json" not in request.headers.get("accept", ""):
        return HTMLResponse(pages.outbox(sent), headers={"Cache-Control": "no-store"})
    return [Shown(**{"to": one.recipient, **_shown(one)}) for one in sent]


def _shown(sent: Sent) -> dict[str, Any]:
    return {name: value for name, value in asdict(sent).items() if name in Shown.model_fields}
