"""What a failed call to the engine means to a caller over HTTP."""

import contextlib
from collections.abc import AsyncIterator, Mapping
from typing import Any, Final

from temporalio.client import (
    WithStartWorkflowOperation,
    WorkflowUpdateFailedError,
    WorkflowUpdateRPCTimeoutOrCancelledError,
)
from temporalio.exceptions import (
    ActivityError,
    ApplicationError,
    TemporalError,
    WorkflowAlreadyStartedError,
)
from temporalio.service import RPCError, RPCStatusCode

from api.problems import STATUS, Refusal, engine_unavailable

# The server is away, overloaded, or did not answer in time. All of these pass.
_AWAY: Final = frozenset(
    {
        RPCStatusCode.UNAVAILABLE,
        RPCStatusCode.DEADLINE_EXCEEDED,
        RPCStatusCode.RESOURCE_EXHAUSTED,
        RPCStatusCode.CANCELLED,
        RPCStatusCode.ABORTED,
        RPCStatusCode.INTERNAL,
        RPCStatusCode.UNKNOWN,
        # Workers have died in its workflow's last tasks; the next one to come will take it.
        RPCStatusCode.FAILED_PRECONDITION,
    }
)


class Closed(Exception):
    """The workflow has ended and did not take this command; its row knows more."""


@contextlib.asynccontextmanager
async def started(start: WithStartWorkflowOperation[Any, Any]) -> AsyncIterator[None]:
    try:
        yield
    except TemporalError:
        # The operation keeps a copy of the failure, and asyncio complains if nobody looks at it.
        with contextlib.suppress(TemporalError):
            await start.workflow_handle()
        raise


@contextlib.asynccontextmanager
async def translated() -> AsyncIterator[None]:
    try:
        yield
    except (TemporalError, RuntimeError) as failure:
        meaning = _meaning(failure)
        if meaning is None:
            raise
        raise meaning from failure


def _meaning(failure: Exception) -> Exception | None:
    """Say what a failed call means to a caller; None is a bug of ours."""
    match failure:
        case WorkflowUpdateFailedError():
            return _refusal(failure.cause)
        case WorkflowAlreadyStartedError() | RPCError(status=RPCStatusCode.NOT_FOUND):
            return Closed()
        case WorkflowUpdateRPCTimeoutOrCancelledError():
            return engine_unavailable()
        case RPCError() if failure.status in _AWAY:
            return engine_unavailable()
        case RuntimeError() if "client connect" in str(failure):
            return engine_unavailable()  # the first call of a lazy client could not connect
    return None


def _refusal(cause: BaseException | None) -> Exception | None:
    if isinstance(cause, ActivityError):
        cause = cause.cause
    if not isinstance(cause, ApplicationError):
        return None
    if cause.type == "AcceptedUpdateCompletedWorkflow":
        return Closed()
    if cause.type not in STATUS:
        return None
    facts = cause.details[0] if cause.details else {}
    return Refusal(cause.type, cause.message, facts if isinstance(facts, Mapping) else {})
