"""What every answer tells a browser: how little it may do with it, and whether to keep it."""

from typing import Final

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.limits.rate_limits import headers_of

Raw = tuple[bytes, bytes]
_ALWAYS: Final[tuple[Raw, ...]] = (
    (b"x-content-type-options", b"nosniff"),
    # An answer is data: were one ever shown as a page, it could load, run and frame nothing.
    (b"content-security-policy", b"default-src 'none'; frame-ancestors 'none'"),
    (b"referrer-policy", b"no-referrer"),
    (b"cross-origin-resource-policy", b"same-site"),
    (b"permissions-policy", b"camera=(), microphone=(), geolocation=()"),
)
_HTTPS: Final[Raw] = (
    b"strict-transport-security",
    b"max-age=63072000; includeSubDomains",  # two years
)
_PRIVATE: Final[Raw] = (b"cache-control", b"no-store")


class SecurityHeaders:
    """Adds what an answer does not say itself, and where its client stands with its limits."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return

        async def complete(message: Message) -> None:
            if message["type"] == "http.response.start":
                given = list(message.get("headers", ()))
                message["headers"] = given + _missing(scope, {name.lower() for name, _ in given})
            await send(message)

        await self.app(scope, receive, complete)


def _missing(scope: Scope, given: set[bytes]) -> list[Raw]:
    wanted = [*_ALWAYS, *headers_of(scope)]
    # Over plain http anybody on the way could send it; browsers ignore it there.
    if scope["scheme"] == "https":
        wanted.append(_HTTPS)
    if b"set-cookie" in given or _is_personal(scope):
        wanted.append(_PRIVATE)
    return [header for header in wanted if header[0] not in given]


def _is_personal(scope: Scope) -> bool:
    headers = Headers(scope=scope)
    return "Authorization" in headers or "Cookie" in headers
