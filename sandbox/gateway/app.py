"""The simulator as one application: the gateway and its pages, messages, control, overview."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from fastapi import APIRouter, FastAPI, Request
from starlette.responses import HTMLResponse

from sandbox.gateway import control, outbox_page, pages, payment_page, protocol, reports
from sandbox.gateway.messages import kavenegar, postmark, sendgrid, twilio, whatsapp
from sandbox.gateway.outbox import Outbox
from sandbox.gateway.reports import Reporter
from sandbox.gateway.simulator import Desk, Simulator
from sandbox.gateway.store import Store

router = APIRouter(tags=["simulator"])


def create_app(state_file: Path, public_url: str, reporter: Reporter | None = None) -> FastAPI:
    """Build the simulator; its payments are those in `state_file`, which is made if need be.

    Without a `reporter` its providers of messages report nothing.
    """
    store = Store(state_file)
    sent = Outbox(state_file)

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        yield
        sent.close()
        store.close()

    # Its own documentation pages would load scripts from elsewhere; the overview does not.
    app = FastAPI(
        title="Payment gateway simulator", lifespan=lifespan, docs_url=None, redoc_url=None
    )
    app.state.simulator = Simulator(store, public_url)
    app.state.outbox = sent
    app.state.reporter = reporter
    providers = (postmark, sendgrid, kavenegar, twilio, whatsapp)
    for part in (protocol, payment_page, control, reports, outbox_page, *providers):
        app.include_router(part.router)
    app.include_router(router)
    app.add_exception_handler(404, _not_found)
    return app


async def _not_found(_: Request, __: Exception) -> HTMLResponse:
    return HTMLResponse(pages.not_found(), 404)


@router.get("/")
async def overview(desk: Desk) -> HTMLResponse:
    """Show the latest payments and the queued misbehaviour, for who builds a frontend."""
    return HTMLResponse(pages.overview(desk), headers={"Cache-Control": "no-store"})


@router.get("/healthz")
async def healthz() -> dict[str, str]:
    return {"status": "ok"}
