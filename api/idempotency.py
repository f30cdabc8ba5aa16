"""Idempotency-Key: the same request gives the first outcome again, for ever, crash or no crash.

A request that names itself gets a row before any work is done. The row holds the id that the work
gives to what it makes, so that doing the work again after a crash, or twice at the same time,
makes the same thing. The first outcome to be stored is the one that everybody hears.
"""

import asyncio
import hashlib
import hmac
import json
from asyncio import Task
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any, Final
from uuid import UUID

import structlog
from fastapi import Request, Response
from pydantic import BaseModel

from api.problems import PROBLEM_JSON, Refusal, render
from api.schemas.common import Processing
from domain.errors import DomainError, IdempotencyKeyReused
from models.base import new_id
from models.database import Sessions
from models.queries import idempotency
from models.queries.idempotency import RequestName

ANONYMOUS: Final = UUID(int=0)
PATIENCE_S: Final = 10.0  # a caller hears something within this time
WATCHED_S: Final = 300.0  # and for this long we still wait to learn what became of it
_PASSING: Final = frozenset({HTTPStatus.UNAUTHORIZED, HTTPStatus.TOO_MANY_REQUESTS})
log = structlog.get_logger("api")


@dataclass(frozen=True)
class Attempt:
    """One try at a request.

    Attributes:
        resource_id: Names what the work makes, or the command that it gives.
        is_first: False if the request was begun before: what can be seen in the database may
            then be its own doing, and is no ground to refuse it.
    """

    resource_id: UUID
    is_first: bool

    @property
    def command_id(self) -> str:
        return str(self.resource_id)


Work = Callable[[Attempt], Awaitable[BaseModel | None]]


@dataclass(frozen=True)
class Idempotency:
    """One request, and how its outcome is kept. Without a `name` it stands alone."""

    request: Request
    body: bytes
    name: RequestName | None
    reads: Sessions
    secret: bytes
    background: set[Task[Any]]

    async def run(
        self,
        work: Work,
        *,
        status: int = HTTPStatus.OK,
        poll: Callable[[Attempt], str] | None = None,
    ) -> Response:
        """Do the work once and answer its outcome; a repeat answers what is stored.

        Args:
            work: Safe to repeat with the same `resource_id`.
            status: Of the answer when the work succeeds.
            poll: Where to look when the outcome takes longer than a caller should wait.
        """
        attempt = Attempt(new_id(), is_first=True)
        if self.name is not None:
            attempt, stored = await self._claim(self.name, attempt)
            if stored is not None:
                return stored
        if poll is None:
            return await self._finish(work, attempt, status)
        task = asyncio.create_task(self._finish(work, attempt, status))
        self.background.add(task)
        task.add_done_callback(self.background.discard)
        done, _ = await asyncio.wait({task}, timeout=PATIENCE_S)
        return await task if done else self._go_on(task, poll(attempt))

    async def _claim(self, name: RequestName, attempt: Attempt) -> tuple[Attempt, Response | None]:
        fingerprint = self._fingerprint()
        async with self.reads() as session:
            row, is_first = await idempotency.claim(session, name, fingerprint, attempt.resource_id)
        if not hmac.compare_digest(row.fingerprint, fingerprint):
            raise IdempotencyKeyReused
        stored = None if row.status is None else _replayed(row.status, row.body)
        return Attempt(row.resource_id, is_first), stored

    def _fingerprint(self) -> bytes:
        # Keyed, because a body may hold a password that a plain hash would help to guess.
        canonical = json.dumps(json.loads(self.body or b"{}"), sort_keys=True)
        return hmac.new(self.secret, canonical.encode(), hashlib.sha256).digest()

    async def _finish(self, work: Work, attempt: Attempt, status: int) -> Response:
        try:
            async with asyncio.timeout(WATCHED_S):
                answer = await work(attempt)
        except (DomainError, Refusal) as error:
            refusal = Refusal.of(error)
            if not _is_final(refusal):
                raise
            return await self._keep(render(self.request, refusal))
        if answer is None:
            return await self._keep(Response(status_code=status))
        body = answer.model_dump_json(by_alias=True)
        return await self._keep(Response(body, status, media_type="application/json"))

    async def _keep(self, response: Response) -> Response:
        if self.name is None:
            return response
        async with self.reads() as session:
            body = bytes(response.body)
            if await idempotency.keep(session, self.name, response.status_code, body):
                return response
            row = await idempotency.get(session, self.name)
        return response if row.status is None else _replayed(row.status, row.body)

    def _go_on(self, task: Task[Response], poll: str) -> Response:
        """Answer the caller and let the work go on; it still keeps its outcome."""
        task.add_done_callback(self._finished_late)
        body = Processing(poll=poll).model_dump_json()
        return Response(body, HTTPStatus.ACCEPTED, media_type="application/json")

    def _finished_late(self, task: Task[Response]) -> None:
        if task.cancelled():
            return
        error = task.exception()
        status = None if error else task.result().status_code
        reason = type(error).__name__ if error else None
        log.info("finished_late", path=self.request.url.path, status=status, reason=reason)


def _is_final(refusal: Refusal) -> bool:
    """Tell whether a refusal is an outcome: later, or logged in, it would still be the answer."""
    return refusal.status < HTTPStatus.INTERNAL_SERVER_ERROR and refusal.status not in _PASSING


def _replayed(status: int, body: bytes | None) -> Response:
    media_type = PROBLEM_JSON if status >= HTTPStatus.BAD_REQUEST else "application/json"
    return Response(
        body,
        status,
        media_type=media_type if body else None,
        headers={"Idempotency-Replayed": "true"},
    )
