"""The yardstick: a workflow of the shape of one instant loan whose steps do nothing.

`python -m benchmarks.bare ADDRESS QUEUE` works on it, alone in its process as our worker is.
"""

import asyncio
import sys
import time
from datetime import timedelta

from temporalio import activity, workflow
from temporalio.client import Client, WithStartWorkflowOperation
from temporalio.common import (
    SearchAttributeKey,
    SearchAttributePair,
    TypedSearchAttributes,
    WorkflowIDConflictPolicy,
)
from temporalio.worker import Worker

STATUS = SearchAttributeKey.for_keyword("TicketStatus")
ACTIONS = ("accept", "pay", "complete")


@activity.defn
async def nothing(command: str) -> str:
    return command


@workflow.defn
class BareLoan:
    """Four updates, a step in each, a timer between them, one search attribute."""

    @workflow.init
    def __init__(self, name: str) -> None:
        self._taken: list[str] = []

    @workflow.run
    async def run(self, name: str) -> str:
        while len(self._taken) < 1 + len(ACTIONS):
            before = len(self._taken)
            await workflow.wait_condition(
                lambda before=before: len(self._taken) > before,  # type: ignore[misc]
                timeout=timedelta(hours=24),
            )
        await workflow.wait_condition(workflow.all_handlers_finished)
        return name

    @workflow.update
    async def take(self, command: str) -> str:
        result = await workflow.execute_local_activity(
            nothing, command, schedule_to_close_timeout=timedelta(seconds=2)
        )
        if self._taken:
            workflow.upsert_search_attributes([STATUS.value_set(command)])
        self._taken.append(command)
        return result


async def loan(client: Client, queue: str, name: str) -> list[float]:
    """Drive one bare loan from its request to its end; return the seconds of each later update."""
    start = WithStartWorkflowOperation(
        BareLoan.run,
        name,
        id=f"bare:{name}",
        task_queue=queue,
        id_conflict_policy=WorkflowIDConflictPolicy.FAIL,
        search_attributes=TypedSearchAttributes([SearchAttributePair(STATUS, "pending")]),
    )
    await client.execute_update_with_start_workflow(
        BareLoan.take, "request", start_workflow_operation=start
    )
    handle = await start.workflow_handle()
    seconds = []
    for action in ACTIONS:
        began = time.perf_counter()
        await handle.execute_update(BareLoan.take, action)
        seconds.append(time.perf_counter() - began)
    return seconds


async def work(address: str, queue: str) -> None:
    client = await Client.connect(address)
    await Worker(client, task_queue=queue, workflows=[BareLoan], activities=[nothing]).run()


if __name__ == "__main__":
    asyncio.run(work(sys.argv[1], sys.argv[2]))
