"""Names each request and writes one line about it. Bodies, tokens and addresses stay out."""

import re
import time
from dataclasses import replace
from typing import Final

import structlog
from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from uuid_utils.compat import uuid7

from telemetry.cause import caused_by, current

HEADER: Final = "X-Request-ID"
_VALID: Final = re.compile(r"[A-Za-z0-9._:-]{8,128}")
log = structlog.get_logger("api")


class RequestId:
    """Keeps a caller's X-Request-ID if it is harmless, else makes one; every answer carries it."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        given = Headers(scope=scope).get(HEADER, "")
        name = given if _VALID.fullmatch(given) else str(uuid7())
        scope.setdefault("state", {})["request_id"] = name
        began, status = time.perf_counter(), 0

        async def named(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                MutableHeaders(scope=message)[HEADER] = name
            await send(message)

        with caused_by(replace(current(), request_id=name)):
            try:
                await self.app(scope, receive, named)
            finally:
                scope["state"]["actor"] = current().actor
                log.info(
                    "request",
                    method=scope["method"],
                    # The template, not the path: ids would make every line its own kind.
                    route=getattr(scope.get("route"), "path_format", None),
                    status=status,
                    ms=round((time.perf_counter() - began) * 1000, 1),
                    request_id=name,
                )
