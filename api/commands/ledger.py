"""The commands that HTTP gives to reversals. What their failures mean: api/commands/failures.py."""

from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

from temporalio.client import Client, WithStartWorkflowOperation
from temporalio.common import WorkflowIDConflictPolicy, WorkflowIDReusePolicy

from api.commands.failures import started, translated
from domain import ids
from domain.reversal import NewReversal, Reversal
from workflows.messages import DecideReversal
from workflows.policies import TASK_TIMEOUT
from workflows.reversal import LedgerReversal

# Any, because the SDK's types for `update(description=...)` wrap each result once too often.
_REQUESTED: Final[Any] = LedgerReversal.requested
_DECIDE: Final[Any] = LedgerReversal.decide
_OPEN: Final = "open"  # one name for the first update: a repeated request hears the same outcome


@dataclass(frozen=True)
class LedgerCommands:
    client: Client
    task_queue: str

    async def ask_reversal(self, new: NewReversal) -> Reversal:
        """Start a reversal and return the wish once it is stored. Safe to repeat.

        Raises:
            Refusal: A rule refused it, or the engine is away.
            Closed: It was begun before and has ended.
        """
        start = WithStartWorkflowOperation(
            LedgerReversal.run,
            new,
            id=ids.reversal_workflow(new.reversal_id),
            task_queue=self.task_queue,
            id_conflict_policy=WorkflowIDConflictPolicy.USE_EXISTING,
            id_reuse_policy=WorkflowIDReusePolicy.REJECT_DUPLICATE,
            task_timeout=TASK_TIMEOUT,
            static_summary=f"Reversal of transaction {new.transaction_id}",
        )
        async with translated(), started(start):
            wish: Reversal = await self.client.execute_update_with_start_workflow(
                _REQUESTED, start_workflow_operation=start, id=_OPEN
            )
        return wish

    async def decide_reversal(
        self, reversal_id: UUID, decision: DecideReversal, command_id: str
    ) -> Reversal:
        """Give an operator's decision to a wish and return it as it is then. Safe to repeat.

        Raises:
            Refusal: A rule refused it, or the engine is away.
            Closed: The wish was decided, or it lapsed.
        """
        name = ids.reversal_workflow(reversal_id)
        wish = self.client.get_workflow_handle(name)
        async with translated():
            after: Reversal = await wish.execute_update(_DECIDE, decision, id=command_id)
        return after
