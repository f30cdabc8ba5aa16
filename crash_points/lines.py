"""Moments on the lines to the outside: a COMMIT to the database, a call to a provider."""

import httpx
from sqlalchemy import event
from sqlalchemy.engine import Connection
from sqlalchemy.ext.asyncio import AsyncEngine
from sqlalchemy.orm import Session

from crash_points.points import reached


def watch_commits(engine: AsyncEngine) -> None:
    """Pass `written` when all statements of a transaction are done, `committed` after its end."""
    event.listen(engine.sync_engine, "commit", _written)
    if not event.contains(Session, "after_commit", _committed):
        event.listen(Session, "after_commit", _committed)


def _written(_: Connection) -> None:
    reached("written")


def _committed(_: Session) -> None:
    reached("committed")


def watch_calls(http: httpx.AsyncClient) -> None:
    """Pass `called` before a request leaves, `answered` when its answer begins to come in."""
    hooks = http.event_hooks
    http.event_hooks = {
        "request": [*hooks["request"], _called],
        "response": [*hooks["response"], _answered],
    }


async def _called(_: httpx.Request) -> None:
    reached("called")


async def _answered(_: httpx.Response) -> None:
    reached("answered")
