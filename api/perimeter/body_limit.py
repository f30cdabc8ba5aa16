"""Refuses bodies that are larger than anything this API takes, before they are read."""

from collections.abc import Mapping

from fastapi import Request
from starlette.datastructures import Headers
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.problems import Refusal, render


class BodyLimit:
    """Attributes.

    max_bytes: The most that a body has.
    elsewhere: The same for the paths that begin as each key does.
    """

    def __init__(self, app: ASGIApp, max_bytes: int, elsewhere: Mapping[str, int]) -> None:
        self.app = app
        self.max_bytes = max_bytes
        self.elsewhere = elsewhere

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        most = self._most(scope["path"])
        message_if_more = f"A body has at most {most} bytes."
        if _is_more(Headers(scope=scope).get("Content-Length", ""), most):
            refusal = Refusal("payload_too_large", message_if_more)
            await render(Request(scope), refusal)(scope, receive, send)
            return
        received = 0

        async def counted() -> Message:
            nonlocal received
            message = await receive()
            received += len(message.get("body", b""))
            if received > most:
                raise HTTPException(413, message_if_more)
            return message

        await self.app(scope, counted, send)

    def _most(self, path: str) -> int:
        found = (most for start, most in self.elsewhere.items() if path.startswith(start))
        return next(found, self.max_bytes)


def _is_more(announced: str, most: int) -> bool:
    if not (announced.isascii() and announced.isdigit()):
        return False
    return len(announced) > 18 or int(announced) > most
