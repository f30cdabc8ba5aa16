"""Which names we answer to: a stranger's name in `Host` must not come back in a link or a cache."""

from collections.abc import Sequence

from fastapi import Request
from starlette.middleware.trustedhost import TrustedHostMiddleware
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.problems import Refusal, render


class Hosts:
    """Lets the framework decide, and says no as this API says it."""

    def __init__(self, app: ASGIApp, allowed: Sequence[str]) -> None:
        self.app = app
        self.allowed = list(allowed)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or await self._is_allowed(scope, receive):
            await self.app(scope, receive, send)
            return
        refusal = Refusal("host_not_allowed", "This API does not answer to this host name.")
        await render(Request(scope), refusal)(scope, receive, send)

    async def _is_allowed(self, scope: Scope, receive: Receive) -> bool:
        passed = False

        async def note(_scope: Scope, _receive: Receive, _send: Send) -> None:
            nonlocal passed
            passed = True

        async def ignore(_: Message) -> None:
            """The framework's own answer is plain text."""

        decide = TrustedHostMiddleware(note, self.allowed, www_redirect=False)
        await decide(scope, receive, ignore)
        return passed
