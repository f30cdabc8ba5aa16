"""Takes messages in hand: one that somebody waits for, or in a round all that are due."""

import asyncio
from collections import Counter
from dataclasses import dataclass
from datetime import timedelta
from time import monotonic
from typing import Final
from uuid import UUID

from temporalio import activity

from activities.contracts.messages import MessageSteps, Round
from activities.message_tries import Batch, MessageTries, Outcome
from domain.messages.notice import Channel, MessageStatus
from models.queries import messages

HELD: Final = timedelta(seconds=60)  # longer than two calls to a provider take
AT_ONCE: Final = 10  # of one channel
# Many of those about loans have become pointless by now, so that of so many few are sent.
LOOKED_AT: Final = 2 * AT_ONCE
# After so many in a row that a provider did not take, it is left alone until the next round.
ENOUGH: Final = 3
LONGEST_ROUND: Final = timedelta(seconds=45)


@dataclass(frozen=True)
class ProviderMessageSteps(MessageSteps):
    tries: MessageTries

    @activity.defn
    async def deliver_message(self, message_id: UUID) -> MessageStatus:
        """Try once, and say in which status the message is then."""
        async with self.tries.sessions.begin() as session:
            due = await messages.begin(session, message_id)
            if due is None:
                # Somebody else has it, it is done, or what it was to tell of was rolled back.
                found = await messages.status_of(session, message_id)
                return found or MessageStatus.FAILED
            batch = await self.tries.take(session, [due], 1, HELD)
        [outcome] = batch.settled or await self._make(batch)
        return outcome.status

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
                due = await messages.due(session, channel, LOOKED_AT)
                if not due:
                    return done, True
                batch = await self.tries.take(session, due, AT_ONCE, HELD)
            made = await self._make(batch)
            done.update([*batch.settled, *made])
            for outcome in made:
                failures = failures + 1 if outcome is Outcome.PUT_OFF else 0
            if failures >= ENOUGH or (len(due) < LOOKED_AT and not batch.left):
                return done, True
        return done, False

    async def _make(self, batch: Batch) -> list[Outcome]:
        """Try some at the same time."""
        # Each comes to its end even if another one breaks: what is handed over must be noted.
        made = await asyncio.gather(*map(self.tries.make, batch.tries), return_exceptions=True)
        return [_outcome(each) for each in made]


def _outcome(made: Outcome | BaseException) -> Outcome:
    if isinstance(made, BaseException):
        raise made
    return made
