"""A workflow that passes for a loan: it waits, and says what time it was for it."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from uuid import uuid4

from temporalio import activity, workflow
from temporalio.client import Client, WithStartWorkflowOperation, WorkflowHandle
from temporalio.common import WorkflowIDConflictPolicy, WorkflowIDReusePolicy
from temporalio.worker import Worker

from tests import given

QUEUE = "stand-ins"


@workflow.defn(name="TicketLoan", sandboxed=False)
class StandIn:
    @workflow.init
    def __init__(self, waits: list[float]) -> None:
        self._times = [_now()]
        self._is_begun = False

    @workflow.run
    async def run(self, waits: list[float]) -> list[float]:
        """Wait for some seconds, and again, and return what time it was at first and each time."""
        self._is_begun = True
        for seconds in waits:
            if seconds:
                await asyncio.sleep(seconds)
            else:
                await workflow.execute_activity("hold", schedule_to_close_timeout=timedelta(days=1))
            self._times.append(_now())
        await workflow.wait_condition(workflow.all_handlers_finished)
        return self._times

    @workflow.update
    async def times(self) -> list[float]:
        """Tell what time it was so far, and is now."""
        await workflow.wait_condition(lambda: self._is_begun)
        return [*self._times, _now()]


@workflow.defn(name="NotALoan", sandboxed=False)
class Other(StandIn):
    @workflow.init
    def __init__(self, waits: list[float]) -> None:
        super().__init__(waits)

    @workflow.run
    async def run(self, waits: list[float]) -> list[float]:
        return await super().run(waits)


def _now() -> float:
    return workflow.now().timestamp()


class Holder:
    """A step that is under way until the test lets go of it."""

    def __init__(self) -> None:
        self.held = asyncio.Event()
        self.let_go = asyncio.Event()

    @activity.defn
    async def hold(self) -> None:
        self.held.set()
        await self.let_go.wait()


@asynccontextmanager
async def working(address: str) -> AsyncIterator[tuple[Client, Holder]]:
    """Have a worker take up stand-ins for the length of a block."""
    client, holder = await Client.connect(address), Holder()
    workflows = [StandIn, Other]
    async with Worker(client, task_queue=QUEUE, workflows=workflows, activities=[holder.hold]):
        yield client, holder


def start(kind: type[StandIn], *waits: float, name: str = "") -> WithStartWorkflowOperation:  # type: ignore[type-arg]
    return WithStartWorkflowOperation(
        kind.run,
        list(waits),
        id=name or f"ticket:{uuid4()}",
        task_queue=QUEUE,
        id_conflict_policy=WorkflowIDConflictPolicy.USE_EXISTING,
        id_reuse_policy=WorkflowIDReusePolicy.REJECT_DUPLICATE,
    )


async def begin(client: Client, *waits: float) -> WorkflowHandle[StandIn, list[float]]:
    """Start a loan at real time."""
    name = f"ticket:{uuid4()}"
    handle = await client.start_workflow(StandIn.run, list(waits), id=name, task_queue=QUEUE)

    async def is_listed() -> bool:
        return bool([one async for one in client.list_workflows(f"WorkflowId = '{name}'")])

    await given.eventually(is_listed)  # the server's index learns of it a moment later
    return handle


def ahead(time: float) -> timedelta:
    """How far a time is from the present, to the minute."""
    return timedelta(minutes=round((time - datetime.now(UTC).timestamp()) / 60))
