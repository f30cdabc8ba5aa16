"""The steps of messages to people: names, inputs, outputs.

As in activities/contracts.py, each is safe to run twice. What they are given and what they give
back is kept by the engine, so it is ids and statuses: no address, no text, no secret.
"""

from typing import Protocol
from uuid import UUID

from temporalio import activity

from domain.notice import MessageStatus


class MessageSteps(Protocol):
    @activity.defn
    async def deliver_message(self, message_id: UUID) -> MessageStatus: ...

    @activity.defn
    async def find_waiting_messages(self) -> tuple[UUID, ...]: ...
