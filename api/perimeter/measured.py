"""Counts every request and the time until its answer began."""

import time
from typing import Final

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from metrics.requests import RequestMeasures

# Whatever else somebody calls a method is one name, or each of them would be a series for ever.
_METHODS: Final = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
_NO_ROUTE: Final = "none"
_NO_ANSWER: Final = "none"


class Measured:
    def __init__(self, app: ASGIApp, measures: RequestMeasures) -> None:
        self.app = app
        self.measures = measures

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        began, is_answered = time.perf_counter(), False

        def settle(status: str) -> None:
            route = getattr(scope.get("route"), "path_format", _NO_ROUTE)
            method = scope["method"] if scope["method"] in _METHODS else "other"
            self.measures.answered(route, method, status, time.perf_counter() - began)
            if code := scope.get("state", {}).get("refusal"):
                self.measures.refused(code)
            self.measures.end()

        async def watched(message: Message) -> None:
            nonlocal is_answered
            # A stream of events goes on for hours after this.
            if message["type"] == "http.response.start" and not is_answered:
                is_answered = True
                settle(str(message["status"]))
            await send(message)

        self.measures.begin()
        try:
            await self.app(scope, receive, watched)
        finally:
            if not is_answered:
                settle(_NO_ANSWER)
