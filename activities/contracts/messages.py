"""The steps of messages to people: names, inputs, outputs.

As in activities/contracts.py, each is safe to run twice. What they are given and what they give
back is kept by the engine, so it is ids, statuses and counts: no address, no text, no secret.
"""

from dataclasses import dataclass
from typing import Protocol
from uuid import UUID

from temporalio import activity

from domain.messages.notice import MessageStatus


@dataclass(frozen=True)
class Round:
    """What became of the messages that one round took in hand.

    Attributes:
        failed: Those that nobody will take, or that say nothing any more.
        put_off: Those whose provider did not take them now.
        postponed: Those whose reader wants none at this hour.
        is_over: False if more of them are due.
    """

    sent: int = 0
    failed: int = 0
    put_off: int = 0
    postponed: int = 0
    is_over: bool = True


class MessageSteps(Protocol):
    @activity.defn
    async def deliver_message(self, message_id: UUID) -> MessageStatus: ...

    @activity.defn
    async def deliver_due_messages(self) -> Round: ...
