"""What the system does by itself, many times at once: a run that died only ends at its limit."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any
from uuid import uuid4

import psycopg
from temporalio.client import Client, WorkflowHandle

from domain import ids
from engine.client import connect
from sandbox.environment import TASK_QUEUE
from tests import given
from tests.crash_points.flows import PATIENCE, Cast, asked, insist, until
from tests.e2e.dev import Dev
from workflows.message import SendQueued
from workflows.reconciliation import ReconcilePayments
from workflows.report import NightlyReport
from workflows.seal import SealLedger

QUEUES = {
    SealLedger: TASK_QUEUE,
    ReconcilePayments: TASK_QUEUE,
    NightlyReport: TASK_QUEUE,
    SendQueued: ids.messages_queue(TASK_QUEUE),
}
AT_ONCE = 3


async def client_of(dev: Dev) -> Client:
    info = dev.info
    return await connect(info.temporal_address, namespace=info.temporal_namespace, keys=dev.keys)


@asynccontextmanager
async def many(dev: Dev) -> AsyncIterator[None]:
    """Run each of them many times beside the schedules' own; those that hang are ended at last."""
    client = await client_of(dev)
    begun: list[WorkflowHandle[Any, Any]] = []
    for kind, queue in QUEUES.items():
        for _ in range(AT_ONCE):
            name = f"{kind.__name__}-{uuid4()}"
            begun.append(await client.start_workflow(kind.__name__, id=name, task_queue=queue))
    yield
    for handle in begun:
        if (await handle.describe()).close_time is None:
            await handle.terminate("another one takes its place")


async def stuck(dev: Dev, cast: Cast, number: int) -> None:
    """Hold locks for so long that operators hear of it, then let go: it mends itself."""
    held = [await asked(cast) for _ in range(number)]
    ids_held = [loan.id for loan in held]
    with psycopg.connect(dev.info.superuser_url) as database:
        database.execute("SELECT 1 FROM tickets WHERE id::text = ANY(%s) FOR UPDATE", [ids_held])
        waiting = [
            asyncio.create_task(insist(cast.lender, "PATCH", f"/tickets/{one.id}/decline/", {}))
            for one in held
        ]
        names = {f"ticket:{one.id}" for one in held}

        def are_listed(found: Any) -> bool:
            return names <= {item["workflow_id"] for item in found["items"]}

        await until(cast.first, "/ops/attention/", are_listed)
    await asyncio.gather(*waiting)

    def are_gone(found: Any) -> bool:
        return not names & {item["workflow_id"] for item in found["items"]}

    await until(cast.first, "/ops/attention/", are_gone)


async def concluded(dev: Dev) -> None:
    """Let each run once more, undisturbed, to its end."""
    client = await client_of(dev)
    for kind, queue in QUEUES.items():
        if kind is not ReconcilePayments:
            name = f"{kind.__name__}-{uuid4()}"
            await client.execute_workflow(kind.__name__, id=name, task_queue=queue)
    await given.eventually(lambda: nothing_waits(dev), PATIENCE)


async def nothing_waits(dev: Dev) -> bool:
    """Whether every message has ended; those in the hand of one that died are let go."""
    with psycopg.connect(dev.info.superuser_url) as database:
        database.execute(
            "UPDATE messages SET held_until = clock_timestamp() "
            "WHERE status = 'queued' AND held_until > clock_timestamp()"
        )
        left = database.execute("SELECT 1 FROM messages WHERE status = 'queued' LIMIT 1").fetchall()
    return not left
