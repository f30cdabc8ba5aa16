"""The answer that does not end: events as they happen, as server-sent events."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from starlette.responses import StreamingResponse
from starlette.types import Receive, Scope, Send

from api.live.hub import EventsHub
from api.live.subscriptions import Subscription
from api.problems import is_outage
from api.schemas.events import MEDIA_TYPE, frame, place
from domain.event import Event
from models.database import Sessions
from models.queries import events

HEARTBEAT_S: Final = 15.0
_HEARTBEAT: Final = b": still here\n\n"
_PAGE: Final = 200
_HEADERS: Final = {
    "Cache-Control": "no-store",
    "X-Accel-Buffering": "no",  # nginx would collect events until a buffer is full
}


@dataclass(frozen=True)
class Follower:
    """Who follows what, from where, and until when.

    Attributes:
        after: The last event that the client has; None for one that only wants what is to come.
        expires_at: When the token expires by which the client came.
    """

    subscription: Subscription
    after: int | None
    expires_at: datetime


class EventStream(StreamingResponse):
    """Sends what a client has missed, then what happens. No event twice, none lost, in order.

    It ends with its login or token, when the process stops, or when the client cannot keep up;
    each time the client comes back with its Last-Event-ID.
    """

    media_type = MEDIA_TYPE

    def __init__(self, hub: EventsHub, reads: Sessions, follower: Follower) -> None:
        super().__init__(self._frames(), headers=_HEADERS)
        self._hub = hub
        self._reads = reads
        self._follower = follower
        self._mine = follower.subscription

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            await super().__call__(scope, receive, send)
        finally:
            self._hub.leave(self._mine)

    async def _frames(self) -> AsyncIterator[bytes]:
        position = await self._hub.join(self._mine)
        try:
            after = await self._place_of_client(position)
            if after is None:
                after = position
                yield place(position)
            async for page in self._missed(after, position):
                after = page[-1].seq
                yield b"".join(map(frame, page))
        except (DBAPIError, PoolTimeout) as error:
            if not is_outage(error):
                raise
            return  # nothing is lost: the client comes back and asks for the same again
        async for chunk in self._live(after):
            yield chunk

    async def _place_of_client(self, position: int) -> int | None:
        """Return after which event to begin; None if the client has none that is ours."""
        after = self._follower.after
        if after is None or after <= position:
            return after
        # Another process may be a little ahead of us. But a number that was never given out is of
        # another database, a lost one perhaps, and nothing would be sent until ours comes by it.
        return after if after <= await self._hub.finished(self._given_out()) else None

    async def _given_out(self) -> int:
        async with self._reads() as session:
            return await events.given_out(session)

    async def _missed(self, after: int, up_to: int) -> AsyncIterator[Sequence[Event]]:
        is_more = True
        while is_more:
            page = await self._hub.finished(self._page(after, up_to))
            if page:
                yield page
                after = page[-1].seq
            is_more = len(page) == _PAGE

    async def _page(self, after: int, up_to: int) -> Sequence[Event]:
        mine = self._mine
        async with self._reads() as session:
            return await events.between(
                session, after, up_to, _PAGE, recipient_id=mine.user_id, ticket_id=mine.ticket_id
            )

    async def _live(self, after: int) -> AsyncIterator[bytes]:
        clock = asyncio.get_running_loop().time
        end = clock() + (self._follower.expires_at - datetime.now(UTC)).total_seconds()
        while (left := end - clock()) > 0:
            taken = await self._mine.take(min(left, HEARTBEAT_S))
            if self._mine.is_over:
                return
            fresh = [event for event in taken if event.seq > after]
            if fresh:
                after = fresh[-1].seq
                yield b"".join(map(frame, fresh))
            elif not taken:
                yield _HEARTBEAT
