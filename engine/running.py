"""Which workflows are running: asked in bulk first, and of what seems missing one by one."""

import asyncio
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Final

from temporalio.client import Client, WorkflowExecutionStatus
from temporalio.service import RPCError, RPCStatusCode

_AT_ONCE: Final = 100  # ids in one question
_SIDE_BY_SIDE: Final = 10


@dataclass(frozen=True)
class RunningWorkflows:
    """The index lags behind by moments, so what it does not show is looked at itself.

    What ended in the last moments may still be said to run; who asks again hears of it.
    """

    client: Client

    async def __call__(self, workflow_ids: Collection[str]) -> frozenset[str]:
        """Return those of `workflow_ids` that have a running workflow."""
        running: set[str] = set()
        for some in _batches(sorted(workflow_ids)):
            running |= await self._indexed(some)
        missing = [name for name in workflow_ids if name not in running]
        turns = asyncio.Semaphore(_SIDE_BY_SIDE)
        looks = await asyncio.gather(*(self._is_running(name, turns) for name in missing))
        return frozenset(running) | {
            name for name, runs in zip(missing, looks, strict=True) if runs
        }

    async def _indexed(self, workflow_ids: Sequence[str]) -> set[str]:
        names = ", ".join(f'"{name}"' for name in workflow_ids)
        query = f'ExecutionStatus = "Running" AND WorkflowId IN ({names})'
        return {found.id async for found in self.client.list_workflows(query)}

    async def _is_running(self, workflow_id: str, turns: asyncio.Semaphore) -> bool:
        async with turns:
            try:
                found = await self.client.get_workflow_handle(workflow_id).describe()
            except RPCError as error:
                if error.status is RPCStatusCode.NOT_FOUND:
                    return False
                raise
        return found.status is WorkflowExecutionStatus.RUNNING


def _batches(names: Sequence[str]) -> Iterator[list[str]]:
    rest = iter(names)
    while some := list(islice(rest, _AT_ONCE)):
        yield some
