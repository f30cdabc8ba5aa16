"""The way of one message to its reader, and the round that finds those that nobody started."""

from datetime import timedelta
from typing import Final
from uuid import UUID

from temporalio import workflow
from temporalio.common import RetryPolicy, WorkflowIDReusePolicy
from temporalio.exceptions import WorkflowAlreadyStartedError
from temporalio.workflow import ParentClosePolicy

with workflow.unsafe.imports_passed_through():
    from activities.contracts_messages import MessageSteps
    from domain import ids
    from workflows import policies

# Longer than a provider may take to answer.
TRY_LIMIT: Final = timedelta(seconds=40)
# Without an end: the step itself knows for how long a message is worth sending.
TRIES: Final = RetryPolicy(
    initial_interval=timedelta(seconds=2),
    backoff_coefficient=2,
    maximum_interval=timedelta(minutes=10),
)


@workflow.defn
class DeliverMessage:
    """Send one message, however long its provider is away. Nothing else waits for it."""

    @workflow.run
    async def run(self, message_id: UUID) -> str:
        """Return the status in which the message ended."""
        status = await workflow.execute_activity_method(
            MessageSteps.deliver_message,
            message_id,
            start_to_close_timeout=TRY_LIMIT,
            retry_policy=TRIES,
            summary="Send it, or learn that it cannot be sent",
        )
        return status.value


@workflow.defn
class SendQueued:
    """Begin with the messages that have waited for too long: their sender fell, or was told no."""

    @workflow.run
    async def run(self) -> str:
        """Say how many there were."""
        waiting = await workflow.execute_activity_method(
            MessageSteps.find_waiting_messages,
            start_to_close_timeout=policies.STEP_LIMIT,
            retry_policy=policies.FOR_EVER,
            summary="Find what nobody has begun to send",
        )
        for message_id in waiting:
            await _begin(message_id)
        return f"{len(waiting)} messages were waiting"


async def _begin(message_id: UUID) -> None:
    try:
        await workflow.start_child_workflow(
            DeliverMessage.run,
            message_id,
            id=ids.message_workflow(message_id),
            id_reuse_policy=WorkflowIDReusePolicy.ALLOW_DUPLICATE,
            parent_close_policy=ParentClosePolicy.ABANDON,
            static_summary="Message",
        )
    except WorkflowAlreadyStartedError:
        workflow.logger.info("message %s is being sent already", message_id)
