"""Messages on their way to readers: one that somebody waits for, and round by round all others."""

from datetime import timedelta
from typing import Final
from uuid import UUID

from temporalio import workflow
from temporalio.common import RetryPolicy
from temporalio.exceptions import ActivityError

with workflow.unsafe.imports_passed_through():
    from activities.contracts.messages import MessageSteps, Round
    from domain.messages.notice import MessageStatus
    from workflows import policies

# Longer than a provider may take to answer twice.
TRY_LIMIT: Final = timedelta(seconds=40)
ONCE: Final = RetryPolicy(maximum_attempts=1)
# Longer than a round goes on, and than a provider lets ten messages wait in it.
ROUND_LIMIT: Final = timedelta(minutes=2)
SILENCE_LIMIT: Final = timedelta(seconds=60)
ROUNDS: Final = 100  # then it ends and its schedule begins it anew, with an empty history


@workflow.defn
class DeliverMessage:
    """Try at once to send what somebody waits for. If it does not go, a round sends it."""

    @workflow.run
    async def run(self, message_id: UUID) -> str:
        """Return the status of the message after that."""
        workflow.set_current_details(
            f"### Message `{message_id}`\n- tried once, at once; if it does not go, a round of "
            "`deliver-messages` sends it"
        )
        try:
            status = await workflow.execute_activity_method(
                MessageSteps.deliver_message,
                message_id,
                start_to_close_timeout=TRY_LIMIT,
                retry_policy=ONCE,
                summary="Try to send it",
            )
        except ActivityError as error:
            workflow.logger.warning("message %s is left to the rounds: %s", message_id, error.cause)
            return MessageStatus.QUEUED.value
        return status.value


@workflow.defn
class SendQueued:
    """Send what is due, round after round, however long a provider is away."""

    @workflow.run
    async def run(self, pace: timedelta | None = None) -> str:
        """Go round once, or with a pace: a hundred times. Say what became of the messages.

        A round that ends before all is sent is followed by the next one at once.
        """
        workflow.set_current_details("### Sending what is due")
        sent = failed = 0
        last = Round()
        for number in range(1 if pace is None else ROUNDS):
            if number and pace and last.is_over:
                await workflow.sleep(pace, summary="send what is due by then")
            last = await _round()
            sent, failed = sent + last.sent, failed + last.failed
            workflow.set_current_details(_told(last))
        return f"sent: {sent}, failed: {failed}"


async def _round() -> Round:
    return await workflow.execute_activity_method(
        MessageSteps.deliver_due_messages,
        start_to_close_timeout=ROUND_LIMIT,
        heartbeat_timeout=SILENCE_LIMIT,
        retry_policy=policies.FOR_EVER,
        summary="Send what is due",
    )


def _told(last: Round) -> str:
    return (
        f"### The last round\n- sent: {last.sent}\n- cannot be sent: {last.failed}"
        f"\n- to be tried again: {last.put_off}\n- for a later hour: {last.postponed}"
    )
