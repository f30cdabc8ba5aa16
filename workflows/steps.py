"""How a workflow takes a database step: the fast path, and behind it the operable one."""

from collections.abc import Awaitable, Callable
from typing import Any, TypeVar

from temporalio import workflow
from temporalio.exceptions import (
    ActivityError,
    ApplicationError,
    FailureError,
    is_cancelled_exception,
)

from workflows.attention import attention
from workflows.policies import FAST_LIMIT, FAST_RETRIES, FOR_EVER, STEP_LIMIT

Command = TypeVar("Command")
Result = TypeVar("Result")


async def take(
    step: Callable[[Any, Command], Awaitable[Result]], command: Command, summary: str
) -> Result:
    """Run a step as a local activity; if that fails, as an activity that operators see.

    Both carry the same command, and every step is safe to run twice, so it does not matter
    whether the first one had committed. One that goes on failing is shown in attention.py.

    Raises:
        ApplicationError: The step was refused; its type is the refusal's code.
    """
    try:
        return await workflow.execute_local_activity_method(
            step,
            command,
            schedule_to_close_timeout=FAST_LIMIT,
            retry_policy=FAST_RETRIES,
            summary=summary,
        )
    except FailureError as failure:
        _raise_if_final(failure)
        workflow.logger.warning("fast path of %s failed: %s", summary, failure)
    operable = workflow.start_activity_method(
        step,
        command,
        start_to_close_timeout=STEP_LIMIT,
        retry_policy=FOR_EVER,
        summary=summary,
    )
    if workflow.patched("stuck-step"):
        attention().begin_to_watch(operable, summary)
    try:
        return await operable
    except FailureError as failure:
        _raise_if_final(failure)
        raise


def _raise_if_final(failure: FailureError) -> None:
    refused = refusal_in(failure)
    if refused:
        raise refused from failure
    if is_cancelled_exception(failure):
        raise failure


def refusal_in(failure: BaseException) -> ApplicationError | None:
    """Find the refusal in a failed step: bare from a local activity, a cause from the other."""
    cause = failure.cause if isinstance(failure, ActivityError) else failure
    return cause if isinstance(cause, ApplicationError) and cause.non_retryable else None
