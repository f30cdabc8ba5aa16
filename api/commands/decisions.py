"""What operators have parked workflows told. Failures: api/commands/failures.py."""

from dataclasses import dataclass

from temporalio.client import Client, WorkflowUpdateFailedError
from temporalio.exceptions import ApplicationError

from api.commands.failures import translated
from api.problems import STATUS, Refusal
from workflows.messages import Decision

_UPDATE = "operator_decide"  # by its name: every workflow that parks has it


@dataclass(frozen=True)
class DecisionCommands:
    client: Client

    async def decide(self, workflow_id: str, decision: Decision, command_id: str) -> None:
        """Give a decision to a parked workflow, and return when it is in the log. Safe to repeat.

        Raises:
            Refusal: The workflow is not parked, a rule refused it, or the engine is away.
            Closed: There is no such workflow, or it has ended.
        """
        parked = self.client.get_workflow_handle(workflow_id)
        async with translated():
            try:
                await parked.execute_update(_UPDATE, decision, id=command_id, result_type=str)
            except WorkflowUpdateFailedError as failure:
                if isinstance(failure.cause, ApplicationError) and failure.cause.type in STATUS:
                    raise
                if _is_unheard_of(failure):
                    raise Refusal(
                        "illegal_transition",
                        "This workflow is not parked: it takes no decisions.",
                        {"status": "not parked"},
                    ) from failure
                raise


def _is_unheard_of(failure: WorkflowUpdateFailedError) -> bool:
    """Tell whether this kind of workflow has no such update; only the words say so."""
    return "not found" in str(failure.cause) and _UPDATE in str(failure.cause)
