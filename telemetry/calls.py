"""A span for each HTTP call to a provider: its host, and never its URL, which may hold a key."""

from typing import Any

import httpx

from telemetry.spans import Kind, Tracer, spanning


class TracedClient(httpx.AsyncClient):
    def __init__(self, tracer: Tracer) -> None:
        super().__init__()
        self._tracer = tracer

    async def send(self, request: httpx.Request, **how: Any) -> httpx.Response:  # noqa: ANN401
        host = request.url.host
        about = {"http.request.method": request.method, "server.address": host}
        with spanning(self._tracer, f"{request.method} {host}", Kind.CLIENT, about) as span:
            answer = await super().send(request, **how)
            span.set({"http.response.status_code": answer.status_code})
            return answer


def http_client(tracer: Tracer | None) -> httpx.AsyncClient:
    """Make the client of a process."""
    return TracedClient(tracer) if tracer else httpx.AsyncClient()
