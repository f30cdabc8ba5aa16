"""How the API has a message sent: it starts a workflow, and holds nobody up if that fails."""

import asyncio
from asyncio import Task
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Final
from uuid import UUID

import structlog
from temporalio.client import Client
from temporalio.common import WorkflowIDConflictPolicy, WorkflowIDReusePolicy
from temporalio.exceptions import TemporalError

from domain import ids
from workflows.message import DeliverMessage

_LIMIT: Final = timedelta(seconds=5)
log = structlog.get_logger("api")


@dataclass(frozen=True)
class MessageCommands:
    """Attributes.

    background: Starts under way, which go on when their caller has been answered.
    """

    client: Client
    task_queue: str
    background: set[Task[Any]]

    async def start(self, message_id: UUID) -> None:
        """Have a message sent that was queued, and is committed. Never fails and never waits.

        One that could not be started is found by the schedule `deliver-messages`.
        """
        task = asyncio.create_task(self._start(message_id))
        self.background.add(task)
        task.add_done_callback(self.background.discard)

    async def _start(self, message_id: UUID) -> None:
        try:
            await self.client.start_workflow(
                DeliverMessage.run,
                message_id,
                id=ids.message_workflow(message_id),
                task_queue=ids.messages_queue(self.task_queue),
                id_conflict_policy=WorkflowIDConflictPolicy.USE_EXISTING,
                id_reuse_policy=WorkflowIDReusePolicy.ALLOW_DUPLICATE,
                static_summary=f"Message {message_id}",
                rpc_timeout=_LIMIT,
            )
        except (TemporalError, RuntimeError) as failure:
            # A lazy client that cannot connect raises RuntimeError.
            log.warning("message_waits", message_id=str(message_id), reason=type(failure).__name__)
