"""Takes messages in hand: one that somebody waits for, or in a round all that are due."""

import asyncio
import logging
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from time import monotonic
from typing import Final
from uuid import UUID

from temporalio import activity

from activities.contracts.messages import MessageSteps, Round
from activities.message_tries import MessageTries, Outcome
from domain.messages.notice import Channel, MessageStatus
from models.message import MessageRow
from models.queries import messages

HELD: Final = timedelta(seconds=60)  # longer than two calls to a provider take
AT_ONCE: Final = 10  # of one channel
# After so many in a row that a provider did not take, it is left alone until the next round.
ENOUGH: Final = 3
LONGEST_ROUND: Final = timedelta(seconds=45)
_TAKEN: Final = frozenset({Outcome.SENT, Outcome.REFUSED})
log = logging.getLogger(__name__)


@dataclass(frozen=True)
class ProviderMessageSteps(MessageSteps):
    tries: MessageTries

    @activity.defn
    async def deliver_message(self, message_id: UUID) -> MessageStatus:
        """Try once, and say in which status the message is then."""
        async with self.tries.sessions.begin() as session:
            row = await messages.begin(session, message_id, HELD)
            if row is None:
                # Somebody else has it, it is done, or what it was to tell of was rolled back.
                found = await messages.status_of(session, message_id)
                return found or MessageStatus.FAILED
        return (await self.tries.make(row)).status

    @activity.defn
    async def deliver_due_messages(self) -> Round:
        """Hand over what is due, some of each channel at once, until nothing is or time is up.

        A channel whose provider is away, or hangs, does not hold up the others.
        """
        until = monotonic() + LONGEST_ROUND.total_seconds()
        # Each comes to its end even if another one breaks: what is handed over must be noted.
        lanes = (self._lane(channel, until) for channel in Channel)
        total, is_over = Counter[Outcome](), True
        for lane in await asyncio.gather(*lanes, return_exceptions=True):
            if isinstance(lane, BaseException):
                raise lane
            total += lane[0]
            is_over = is_over and lane[1]
        return Round(
            sent=total[Outcome.SENT],
            failed=total[Outcome.REFUSED] + total[Outcome.POINTLESS],
            put_off=total[Outcome.PUT_OFF],
            postponed=total[Outcome.POSTPONED],
            is_over=is_over,
        )

    async def _lane(self, channel: Channel, until: float) -> tuple[Counter[Outcome], bool]:
        """Return what became of one channel's messages, and whether nothing is left for now."""
        done: Counter[Outcome] = Counter()
        failures = 0
        while monotonic() < until and not activity.is_worker_shutdown():
            activity.heartbeat()
            async with self.tries.sessions.begin() as session:
                rows = await messages.claim(session, channel, AT_ONCE, HELD)
            for outcome in await self._make(rows):
                done[outcome] += 1
                failures = _in_a_row(failures, outcome)
            if failures >= ENOUGH or len(rows) < AT_ONCE:
                return done, True
        return done, False

    async def _make(self, rows: Sequence[MessageRow]) -> list[Outcome]:
        """Try some at the same time. One that breaks our own code does not stop the others."""
        outcomes = await asyncio.gather(*map(self.tries.make, rows), return_exceptions=True)
        return [
            outcome if isinstance(outcome, Outcome) else await self._broken(row, outcome)
            for row, outcome in zip(rows, outcomes, strict=True)
        ]

    async def _broken(self, row: MessageRow, error: BaseException) -> Outcome:
        """Put a message off that could not be tried. Without the database this fails as well."""
        if not isinstance(error, Exception):
            raise error
        # Without its words, which may quote an address.
        log.error("message %s cannot be sent: %s", row.id, type(error).__name__)
        await self.tries.put_off(row, f"an error of ours: {type(error).__name__}")
        return Outcome.PUT_OFF


def _in_a_row(failures: int, outcome: Outcome) -> int:
    if outcome is Outcome.PUT_OFF:
        return failures + 1
    return 0 if outcome in _TAKEN else failures
