"""Outside of development nothing is told or taken over plain http."""

from typing import Final
from urllib.parse import urlsplit

from fastapi import Request
from starlette.datastructures import Headers
from starlette.responses import RedirectResponse
from starlette.types import ASGIApp, Receive, Scope, Send

from api.problems import Refusal, render

# Asked from inside, by what watches a process; there is nothing secret in the questions.
_PROBES: Final = frozenset({"/healthz", "/readyz", "/metrics"})
_THIS_MACHINE: Final = frozenset({"localhost", "127.0.0.1", "::1"})
_MOVED: Final = 307


class HttpsOnly:
    """Sends readers on to https and refuses everything else, which has leaked what it carried.

    The scheme is the connection's, or what a proxy says it was: one that uvicorn was told to
    believe, by FORWARDED_ALLOW_IPS. Who calls this machine by a name that never leaves it may use
    plain http, as browsers allow, unless a proxy brought them.
    """

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or _may_be_plain(scope):
            await self.app(scope, receive, send)
            return
        request = Request(scope)
        if scope["method"] in {"GET", "HEAD"}:
            there = request.url.replace(scheme="https", port=None)
            await RedirectResponse(there, _MOVED)(scope, receive, send)
            return
        refusal = Refusal("https_required", "Use https. What was sent over plain http has leaked.")
        await render(request, refusal)(scope, receive, send)


def _may_be_plain(scope: Scope) -> bool:
    if scope["scheme"] == "https" or scope["path"] in _PROBES:
        return True
    headers = Headers(scope=scope)
    if "X-Forwarded-For" in headers or "X-Forwarded-Proto" in headers or "Forwarded" in headers:
        return False
    return urlsplit(f"//{headers.get('Host', '')}").hostname in _THIS_MACHINE
