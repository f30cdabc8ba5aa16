"""Decisions about parked workflows that are given without the API: from the command line."""

from datetime import timedelta
from typing import Final

from temporalio.client import (
    Client,
    WorkflowUpdateFailedError,
    WorkflowUpdateRPCTimeoutOrCancelledError,
)
from temporalio.exceptions import FailureError
from temporalio.service import RPCError, RPCStatusCode

from workflows.messages import Decision

_PATIENCE: Final = timedelta(seconds=10)


class NotTaken(Exception):
    """The workflow did not take the decision; the message says why."""


async def decide(client: Client, workflow_id: str, decision: Decision) -> str:
    """Give a decision to a parked workflow, and return what it said to that.

    Raises:
        NotTaken: It is not parked, it is not there, or nobody works on it now.
    """
    parked = client.get_workflow_handle(workflow_id)
    try:
        said: str = await parked.execute_update(
            "operator_decide", decision, result_type=str, rpc_timeout=_PATIENCE
        )
    except WorkflowUpdateFailedError as failure:
        cause = failure.cause
        words = cause.message if isinstance(cause, FailureError) else str(failure)
        raise NotTaken(words) from failure
    except WorkflowUpdateRPCTimeoutOrCancelledError as failure:
        raise NotTaken(
            "There is no answer yet: no worker runs, or the database is away. The decision may "
            "still be taken up; `attention` tells."
        ) from failure
    except RPCError as failure:
        if failure.status is RPCStatusCode.NOT_FOUND:
            raise NotTaken(f"No workflow {workflow_id} is running.") from failure
        raise NotTaken(f"The engine does not answer: {failure.message}") from failure
    return said
