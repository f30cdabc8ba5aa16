"""Refuses bodies that are larger than anything this API takes, before they are read."""

from fastapi import Request
from starlette.datastructures import Headers
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.problems import Refusal, render


class BodyLimit:
    def __init__(self, app: ASGIApp, max_bytes: int) -> None:
        self.app = app
        self.max_bytes = max_bytes

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        announced = Headers(scope=scope).get("Content-Length", "")
        if self._is_too_large(announced):
            refusal = Refusal("payload_too_large", self._message)
            await render(Request(scope), refusal)(scope, receive, send)
            return
        received = 0

        async def counted() -> Message:
            nonlocal received
            message = await receive()
            received += len(message.get("body", b""))
            if received > self.max_bytes:
                raise HTTPException(413, self._message)
            return message

        await self.app(scope, counted, send)

    def _is_too_large(self, announced: str) -> bool:
        if not (announced.isascii() and announced.isdigit()):
            return False
        return len(announced) > 18 or int(announced) > self.max_bytes

    @property
    def _message(self) -> str:
        return f"A body has at most {self.max_bytes} bytes."
