"""Moments in the API: between a request's row, its work, what is kept of it, and its answer."""

from typing import Any, Final

from sqlalchemy import event
from sqlalchemy.ext.asyncio import AsyncEngine
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from crash_points.points import Points, Work, at_hand, reached

_CLAIM: Final = "INSERT INTO idempotent_requests"
_KEEP: Final = "UPDATE idempotent_requests"


class Requests:
    """Passes `answering` before the answer to a request leaves."""

    def __init__(self, app: ASGIApp, points: Points) -> None:
        self.app = app
        self.points = points

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return

        async def watched(message: Message) -> None:
            if message["type"] == "http.response.start":
                work.reached("answering")
            await send(message)

        with at_hand(Work(self.points, lambda: _name(scope))) as work:
            await self.app(scope, receive, watched)


def _name(scope: Scope) -> str:
    """Name a route so that it can name a file: `PATCH tickets.{ticket_id}.accept`."""
    path: str = getattr(scope.get("route"), "path_format", "no route")
    return f"{scope['method']} {path.removeprefix('/api/v1/').strip('/').replace('/', '.')}"


def watch_requests(engine: AsyncEngine) -> None:
    """Pass `claimed` when a request has its row, `worked` when only its outcome is to be kept."""
    event.listen(engine.sync_engine, "after_cursor_execute", _after)
    event.listen(engine.sync_engine, "before_cursor_execute", _before)


def _after(_connection: Any, _cursor: Any, statement: str, *_: object) -> None:  # noqa: ANN401
    if statement.startswith(_CLAIM):
        reached("claimed")


def _before(_connection: Any, _cursor: Any, statement: str, *_: object) -> None:  # noqa: ANN401
    if statement.startswith(_KEEP):
        reached("worked")
