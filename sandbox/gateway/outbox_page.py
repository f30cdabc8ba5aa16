"""/outbox: what was sent to people, as a page and as JSON."""

from typing import Annotated

from fastapi import APIRouter, Depends, Query, Request
from pydantic import BaseModel
from starlette.responses import HTMLResponse, Response

from sandbox.gateway import pages
from sandbox.gateway.outbox import Outbox

router = APIRouter(tags=["outbox"])


def outbox(request: Request) -> Outbox:
    found: Outbox = request.app.state.outbox
    return found


Kept = Annotated[Outbox, Depends(outbox)]


class Shown(BaseModel):
    """A message for programs; `to` is as the provider was told it."""

    channel: str
    to: str
    subject: str
    text: str
    at: str


@router.get("/outbox", response_model=list[Shown])
async def show(
    request: Request,
    kept: Kept,
    to: str | None = None,
    limit: Annotated[int, Query(ge=1, le=1000)] = 100,
) -> Response | list[Shown]:
    """Show what was sent by e-mail and SMS, newest first: a page, or JSON for who accepts that."""
    sent = kept.latest(limit, to)
    if "application/json" not in request.headers.get("accept", ""):
        return HTMLResponse(pages.outbox(sent), headers={"Cache-Control": "no-store"})
    return [
        Shown(channel=one.channel, to=one.recipient, subject=one.subject, text=one.text, at=one.at)
        for one in sent
    ]
