"""Running workflows on their way to the time of the loan clock, by Temporal's time skipping."""

import asyncio
from dataclasses import dataclass, field
from datetime import UTC, timedelta
from typing import Any, Final

from google.protobuf.field_mask_pb2 import FieldMask
from temporalio.api.common.v1 import TimeSkippingConfig as SkippingOption
from temporalio.api.common.v1 import WorkflowExecution
from temporalio.api.workflow.v1 import WorkflowExecutionOptions
from temporalio.api.workflowservice.v1 import UpdateWorkflowExecutionOptionsRequest
from temporalio.client import Client, WorkflowExecutionStatus, WorkflowHandle
from temporalio.service import RPCError, RPCStatusCode
from temporalio.testing import TimeSkipper, TimeSkippingConfig

from engine.loan_clock import LoanClock
from engine.loan_start import IN_LOAN_TIME
from sandbox.loan_time import counted

RUNNING: Final = "WorkflowType IN ({}) AND ExecutionStatus = 'Running'".format(
    ", ".join(f"'{name}'" for name in sorted(IN_LOAN_TIME))
)
AT_ONCE: Final = 20
PATIENCE_S: Final = 60.0
# A workflow's clock goes on while it works, so it may stop a little short of where it was sent.
# Then it is sent again; one that is as close as this has arrived.
CLOSE: Final = timedelta(seconds=1)
ROUNDS: Final = 100
# A top-up wakes hundreds of times while its payer is awaited; the server's own limit is less.
MOST_SKIPS: Final = 100_000


@dataclass
class Journey:
    """One skip.

    Attributes:
        patience_s: How long one may stand still, in real time.
        arrived: The ids of those that were moved, some of them to their end.
        stuck: The ids of those that did not get there.
    """

    client: Client
    clock: LoanClock
    patience_s: float = PATIENCE_S
    arrived: set[str] = field(default_factory=set)
    stuck: set[str] = field(default_factory=set)

    def __post_init__(self) -> None:
        limit = TimeSkippingConfig(max_session_skip_count=MOST_SKIPS)
        self._skipper = TimeSkipper(self.client, config=limit)
        self._turns = asyncio.Semaphore(AT_ONCE)

    async def run(self) -> None:
        """Move whoever is behind, until nobody is."""
        moved: set[str] = set()
        for _ in range(ROUNDS):
            moved = await self._move_all()
            if not moved:
                return
        self.arrived -= moved
        self.stuck |= moved

    async def _move_all(self) -> set[str]:
        """Move all that are behind once, and return their ids."""
        tasks = {}
        async with asyncio.TaskGroup() as group:
            # The next page is asked for when this one is under way, not all at once.
            async for found in self.client.list_workflows(RUNNING):
                if found.id not in self.stuck:
                    await self._turns.acquire()
                    tasks[found.id] = group.create_task(self._move(found.id))
        return {name for name, task in tasks.items() if task.result()}

    async def _move(self, name: str) -> bool:
        handle = self.client.get_workflow_handle(name)
        try:
            behind = await self._behind(handle)
            if behind <= CLOSE:
                return False
            self.arrived.add(name)
            await self._fast_forward(handle, behind)
        except RPCError as error:
            if error.status is not RPCStatusCode.NOT_FOUND:  # it has just ended
                raise
        finally:
            self._turns.release()
        return True

    async def _behind(self, handle: WorkflowHandle[Any, Any]) -> timedelta:
        behind, is_under_way = await self._look(handle)
        if is_under_way:
            # It was cut short, and could arrive after this look at its clock, to be sent twice.
            await self._halt(handle)
            behind, _ = await self._look(handle)
        return behind

    async def _look(self, handle: WorkflowHandle[Any, Any]) -> tuple[timedelta, bool]:
        """Return how far a workflow is behind, and whether it is being moved just now."""
        found = await handle.describe()
        if found.status is not WorkflowExecutionStatus.RUNNING:
            return timedelta(0), False
        extended = found.raw_description.workflow_extended_info
        # A workflow that never skipped anything has the time of this machine.
        if not extended.HasField("time_skipping_info"):
            return self.clock.ahead, False
        info = extended.time_skipping_info
        return self.clock.now() - info.current_time.ToDatetime(UTC), info.effective_config.enabled

    async def _halt(self, handle: WorkflowHandle[Any, Any]) -> None:
        await self.client.workflow_service.update_workflow_execution_options(
            UpdateWorkflowExecutionOptionsRequest(
                namespace=self.client.namespace,
                workflow_execution=WorkflowExecution(workflow_id=handle.id),
                workflow_execution_options=WorkflowExecutionOptions(
                    time_skipping_config=SkippingOption(enabled=False)
                ),
                update_mask=FieldMask(paths=["time_skipping_config"]),
            )
        )

    async def _fast_forward(self, handle: WorkflowHandle[Any, Any], behind: timedelta) -> None:
        try:
            async with asyncio.timeout(self.patience_s):
                await self._skipper.fast_forward(handle, behind)
        except TimeoutError:
            left, _ = await self._look(handle)
            if left > behind - CLOSE:
                self.arrived.discard(handle.id)
                self.stuck.add(handle.id)

    def told(self) -> str:
        """Say who was moved."""
        loans = sum(name.startswith("ticket:") for name in self.arrived)
        top_ups = len(self.arrived) - loans
        return f"Moved {counted(loans, 'loan')} and {counted(top_ups, 'top-up')}."

    def trouble(self) -> str | None:
        """Say who did not arrive and why, if there is anybody."""
        if not self.stuck:
            return None
        return (
            f"These did not move for {self.patience_s:g} s: {', '.join(sorted(self.stuck))}. "
            "A step of theirs is under way, see the Temporal UI; when it ends they go on by "
            "themselves."
        )
