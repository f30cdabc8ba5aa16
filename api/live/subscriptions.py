"""What the clients of live streams still have to be sent, and which of them an event concerns."""

import asyncio
from collections import defaultdict, deque
from collections.abc import Collection, Iterator
from typing import Final
from uuid import UUID

from domain.event import Event

# One that falls further behind is cut off, and reads on from the database when it comes back.
MOST_WAITING: Final = 500


class Subscription:
    """One client of a stream: a user's events, or those of one ticket.

    Attributes:
        is_over: It is offered nothing more, and what waited is gone.
    """

    def __init__(self, user_id: UUID, session_id: UUID, ticket_id: UUID | None = None) -> None:
        self.user_id = user_id
        self.session_id = session_id
        self.ticket_id = ticket_id
        self.is_over = False
        self._waiting: deque[Event] = deque()
        self._news = asyncio.Event()

    def offer(self, event: Event) -> None:
        if self.is_over or self.ticket_id not in {None, event.ticket_id}:
            return
        self._waiting.append(event)
        self._news.set()
        if len(self._waiting) > MOST_WAITING:
            self.end()

    def end(self) -> None:
        self.is_over = True
        self._waiting.clear()
        self._news.set()

    async def take(self, within_s: float) -> list[Event]:
        """Return what came since the last time, waiting for a first event; or nothing."""
        try:
            async with asyncio.timeout(within_s):
                await self._news.wait()
        except TimeoutError:
            return []
        taken = list(self._waiting)
        self._waiting.clear()
        if not self.is_over:
            self._news.clear()
        return taken


class Subscriptions:
    """All clients of one process."""

    def __init__(self) -> None:
        self._of_user: defaultdict[UUID, set[Subscription]] = defaultdict(set)

    def __bool__(self) -> bool:
        return bool(self._of_user)

    def __len__(self) -> int:
        return sum(map(len, self._of_user.values()))

    def __iter__(self) -> Iterator[Subscription]:
        return (each for ours in list(self._of_user.values()) for each in list(ours))

    def add(self, subscription: Subscription) -> None:
        self._of_user[subscription.user_id].add(subscription)

    def remove(self, subscription: Subscription) -> None:
        ours = self._of_user.get(subscription.user_id, set())
        ours.discard(subscription)
        if not ours:
            self._of_user.pop(subscription.user_id, None)

    def offer(self, event: Event) -> None:
        for each in self._of_user.get(event.recipient_id, ()):
            each.offer(event)

    def logins(self) -> set[UUID]:
        return {each.session_id for each in self}

    def end(self, logins: Collection[UUID]) -> None:
        for each in self:
            if each.session_id in logins:
                each.end()
