"""The last net: what nobody foresaw is recorded here, and answered without telling what it was."""

import structlog
from fastapi import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.problems import Refusal, render, request_id

log = structlog.get_logger("api")


class CatchAll:
    """Sits inside CORS, so that a browser shows the problem and not a complaint about origins."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        started = False

        async def watched(message: Message) -> None:
            nonlocal started
            started = True
            await send(message)

        try:
            await self.app(scope, receive, watched)
        except Exception:
            request = Request(scope)
            log.exception("unhandled", request_id=request_id(request), path=scope["path"])
            if started:
                raise
            oops = Refusal("internal_error", "Something went wrong on our side; it was recorded.")
            await render(request, oops)(scope, receive, send)
