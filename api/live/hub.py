"""Reads the log of events, once for all clients of this process, on one connection of its own.

However many clients there are, the database sees this one reader. It hears of new events by
NOTIFY, and looks by itself every second in case it did not.
"""

import asyncio
import time
from collections.abc import AsyncIterator, Coroutine
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any, Final, TypeVar

import psycopg
import structlog
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.ext.asyncio import AsyncSession

from api.live.subscriptions import Subscription, Subscriptions
from models.listener import listening
from models.queries import events, sessions
from models.queries.events import Horizon

Read = TypeVar("Read")
NAME: Final = "assets-events"  # of the connection, as pg_stat_activity shows it
POLL_S: Final = 1.0
PAGE: Final = 500
# A database that is silent for so long is gone, although nobody said so.
_SILENCE_S: Final = 10.0
_RECONNECT_S: Final = 1.0
_SHORTEST_WAIT_S: Final = 0.002
_LONGEST_WAIT_S: Final = 0.25
_WORTH_A_WORD_S: Final = 10.0
log = structlog.get_logger("api")


class EventsHub:
    """Attributes.

    position: Every event up to this number was offered; there will be no other one below it.
    """

    def __init__(self, database_url: str) -> None:
        self.position = 0
        self._url = database_url
        self._subscriptions = Subscriptions()
        self._has_position = asyncio.Event()
        self._is_closed = False
        self._next_check = 0.0
        self._opening = asyncio.Lock()
        self._reads: set[asyncio.Task[Any]] = set()

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Follow the log for the length of a block, through outages of the database."""
        task = asyncio.create_task(self._follow_for_ever())
        try:
            yield
        finally:
            self.close()
            # A connection that is cancelled while it is made belongs to nobody, and stays open.
            async with self._opening:
                task.cancel()
            await asyncio.gather(task, *self._reads, return_exceptions=True)

    async def finished(self, read: Coroutine[Any, Any, Read]) -> Read:
        """Have what a stream reads come to its end, even when its client goes away meanwhile.

        Cancelled, it would take its connection with it out of the pool. The pool is not closed
        before it has it back: nobody would close that connection any more.
        """
        task = asyncio.create_task(read)
        self._reads.add(task)
        task.add_done_callback(self._reads.discard)
        return await asyncio.shield(task)

    async def join(self, subscription: Subscription) -> int:
        """Begin to offer events to a client, and return the number after which it gets all."""
        await self._has_position.wait()
        self._subscriptions.add(subscription)
        if self._is_closed:
            subscription.end()
        return self.position

    def leave(self, subscription: Subscription) -> None:
        self._subscriptions.remove(subscription)

    def count(self) -> int:
        """Return how many clients follow."""
        return len(self._subscriptions)

    def close(self) -> None:
        """End all streams, and those that are still to come."""
        self._is_closed = True
        self._has_position.set()
        self._subscriptions.end(self._subscriptions.logins())

    async def _follow_for_ever(self) -> None:
        while True:
            # Streams stay open meanwhile: what they miss is read when the database is back.
            try:
                await self._follow()
            except (DBAPIError, PoolTimeout, psycopg.Error, OSError) as error:
                log.warning("events_interrupted", reason=type(error).__name__)
            except Exception:
                log.exception("events_interrupted")
            await asyncio.sleep(_RECONNECT_S)

    async def _follow(self) -> None:
        async with AsyncExitStack() as stack:
            async with self._opening:
                line = await stack.enter_async_context(listening(self._url))
            async with asyncio.timeout(_SILENCE_S):
                await events.listen(line.session, NAME)
            progress = _Progress()
            while True:
                async with asyncio.timeout(_SILENCE_S):
                    await self._end_what_has_ended(line.session)
                    up_to = await progress.look(line.session)
                if up_to is not None:
                    await self._read(line.session, up_to)
                await line.wait(progress.patience_s)

    async def _end_what_has_ended(self, session: AsyncSession) -> None:
        """End the streams of logins that were ended; one statement for all of them."""
        now = time.monotonic()
        if not self._subscriptions or now < self._next_check:
            return
        self._next_check = now + POLL_S
        logins = self._subscriptions.logins()
        self._subscriptions.end(logins - await sessions.going_on(session, logins))

    async def _read(self, session: AsyncSession, up_to: int) -> None:
        if not self._has_position.is_set():
            self.position = await events.newest(session, up_to)
            self._has_position.set()
        is_more = True
        while is_more:
            async with asyncio.timeout(_SILENCE_S):
                page = await events.between(session, self.position, up_to, PAGE)
            # No await from here on: who joins now was offered all of this page, or will be.
            for event in page:
                self._subscriptions.offer(event)
                self.position = event.seq
            is_more = len(page) == PAGE


class _Progress:
    """How far one connection has looked ahead in the log."""

    def __init__(self) -> None:
        self._known = -1
        self._ahead: Horizon | None = None
        self._since = 0.0
        self._is_told = False
        self._has_found = False

    async def look(self, session: AsyncSession) -> int | None:
        """Return up to which number the log can be read; None if there is nothing new yet."""
        self._has_found = False
        if self._ahead is None:
            self._ahead = await events.horizon(session, self._known)
            self._since, self._is_told = time.monotonic(), False
        if self._ahead is None or not await events.has_settled(session, self._ahead):
            return None
        self._known, self._ahead, self._has_found = self._ahead.number, None, True
        return self._known

    @property
    def patience_s(self) -> float:
        """Return how long to wait for a notification before the next look."""
        if self._has_found:
            return 0  # who committed together with what was found did not notify (see 0009)
        if self._ahead is None:
            return POLL_S
        waited = time.monotonic() - self._since
        if waited > _WORTH_A_WORD_S and not self._is_told:
            log.warning("events_wait_for_an_open_transaction", before=self._ahead.before)
            self._is_told = True
        return min(_SHORTEST_WAIT_S + waited / 4, _LONGEST_WAIT_S)
