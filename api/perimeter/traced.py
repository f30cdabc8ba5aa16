"""Opens a trace for each request; every step that the request causes belongs to it."""

from typing import Final

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from telemetry.cause import NOTHING, caused_by
from telemetry.spans import Kind, Tracer, spanning

# Asked every few seconds by machines that want no trace of it.
_PROBES: Final = frozenset({"/healthz", "/readyz", "/metrics"})


class Traced:
    """A caller's own `traceparent` is left aside: strangers do not choose what is kept."""

    def __init__(self, app: ASGIApp, tracer: Tracer) -> None:
        self.app = app
        self.tracer = tracer

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["path"] in _PROBES:
            await self.app(scope, receive, send)
            return
        method, status = scope["method"], 0

        async def watched(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        about = {"http.request.method": method}
        with caused_by(NOTHING), spanning(self.tracer, method, Kind.SERVER, about) as span:
            try:
                await self.app(scope, receive, watched)
            finally:
                state = scope.get("state", {})
                route = getattr(scope.get("route"), "path_format", None)
                span.rename(f"{method} {route or 'no route'}")
                span.set(
                    {
                        "http.route": route,
                        "http.response.status_code": status,
                        "request_id": state.get("request_id"),
                        "actor": state.get("actor"),
                    }
                )
                if status >= 500:
                    span.fail(str(status))
