"""Which pages may act through a browser: the first layer against forged requests.

The second is the token of csrf.py, and the third that bodies are read as JSON only, which no HTML
form can send.
"""

from collections.abc import Mapping
from typing import Final
from urllib.parse import urlsplit

from fastapi import Request
from starlette.datastructures import Headers
from starlette.types import ASGIApp, Receive, Scope, Send

from api.accounts.cookies import REFRESH_PATH
from api.perimeter.csrf import SAFE_METHODS
from api.problems import Refusal, render

# They read or set cookies themselves, whatever else came along.
_ABOUT_COOKIES: Final = tuple(f"{REFRESH_PATH}{name}/" for name in ("login", "refresh", "oauth"))
_OURS: Final = frozenset({"same-origin", "none"})  # "none": by the user's own hand


def origin_of_url(url: str) -> str:
    """Return scheme and host of a URL, as browsers write an origin."""
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}".lower()


class Origins:
    """Refuses what a page of another origin sends with a method that changes something.

    Browsers say from where a request comes, in `Sec-Fetch-Site` or at least in `Origin`, and no
    script can change that. Programs say nothing, and hold no cookies that somebody could ride on.

    Attributes:
        allowed: Origins whose pages may act.
        elsewhere: Further ones for the paths that begin as each key does.
    """

    def __init__(
        self, app: ASGIApp, allowed: frozenset[str], elsewhere: Mapping[str, frozenset[str]]
    ) -> None:
        self.app = app
        self.allowed = allowed
        self.elsewhere = elsewhere

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or not self._is_forged(scope):
            await self.app(scope, receive, send)
            return
        refusal = Refusal("csrf_failed", "Pages of this origin may not act here.")
        await render(Request(scope), refusal)(scope, receive, send)

    def _is_forged(self, scope: Scope) -> bool:
        if scope["method"] in SAFE_METHODS:
            return False
        headers = Headers(scope=scope)
        return _may_use_cookies(scope["path"], headers) and not self._may_act(scope, headers)

    def _may_act(self, scope: Scope, headers: Headers) -> bool:
        site = headers.get("Sec-Fetch-Site")
        if site in _OURS:
            return True
        origin = _said(headers)
        if origin is None:
            return site is None  # no browser, or one from before they said anything
        if site is None and origin == f"{scope['scheme']}://{headers.get('Host', '')}".lower():
            return True
        return origin in self.allowed or origin in self._further(scope["path"])

    def _further(self, path: str) -> frozenset[str]:
        found = (origins for start, origins in self.elsewhere.items() if path.startswith(start))
        return next(found, frozenset())


def _may_use_cookies(path: str, headers: Headers) -> bool:
    """Tell whether cookies may count: a bearer token sets them aside, and no page can forge one."""
    return "Authorization" not in headers or path.startswith(_ABOUT_COOKIES)


def _said(headers: Headers) -> str | None:
    """Return from which origin a request says it comes; a page may hide it as `null`."""
    origin = headers.get("Origin")
    if origin is not None:
        return origin.lower()
    referrer = headers.get("Referer")
    if not referrer:
        return None
    try:
        return origin_of_url(referrer)
    except ValueError:
        return "null"
