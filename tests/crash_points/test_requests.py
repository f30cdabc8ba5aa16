"""What a caller hears while workers die under the workflow that should answer."""

import pytest
from temporalio.service import RPCError, RPCStatusCode

from api.commands.failures import translated
from api.problems import Refusal


async def test_a_workflow_whose_tasks_failed_is_a_reason_to_ask_again() -> None:
    """As the server says it after workers have died in the workflow's last tasks."""
    words = "Unable to perform workflow execution update due to Workflow Task in failed state."

    with pytest.raises(Refusal) as refused:
        async with translated():
            raise RPCError(words, RPCStatusCode.FAILED_PRECONDITION, b"")

    assert (refused.value.code, refused.value.status) == ("engine_unavailable", 503)
