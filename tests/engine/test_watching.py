"""Every attempt at a step is reported, and the engine's library shows figures of its own."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import ExitStack, asynccontextmanager
from datetime import timedelta
from uuid import uuid4

import httpx
import pytest
from temporalio import activity, workflow
from temporalio.client import WorkflowFailureError
from temporalio.common import RetryPolicy
from temporalio.exceptions import ApplicationError
from temporalio.worker import UnsandboxedWorkflowRunner, Worker

from engine.client import connect
from engine.runtime import measured
from engine.step_watch import StepWatch
from sandbox.ports import free_port
from sandbox.temporal import TemporalServer
from tests import given
from tests.conftest import KEYS
from tests.observability.promql import Scrape, read

Reported = tuple[str, str, str, int]
LIMIT = timedelta(seconds=20)


@activity.defn
async def succeed_the_second_time() -> None:
    if activity.info().attempt == 1:
        raise OSError("not yet")


@activity.defn
async def refuse() -> None:
    raise ApplicationError("never", type="forbidden", non_retryable=True)


@workflow.defn
class TakesSteps:
    @workflow.run
    async def run(self) -> None:
        soon = RetryPolicy(initial_interval=timedelta(milliseconds=10))
        await workflow.execute_local_activity(
            succeed_the_second_time, schedule_to_close_timeout=LIMIT, retry_policy=soon
        )
        await workflow.execute_activity(
            succeed_the_second_time, start_to_close_timeout=LIMIT, retry_policy=soon
        )
        await workflow.execute_activity(refuse, start_to_close_timeout=LIMIT)


@workflow.defn
class IsBroken:
    @workflow.run
    async def run(self) -> None:
        raise KeyError("a bug")


@asynccontextmanager
async def working(
    temporal: TemporalServer, port: int, watch: StepWatch
) -> AsyncIterator[tuple[Worker, str]]:
    runtime = measured(f"127.0.0.1:{port}")
    client = await connect(temporal.address, namespace="default", keys=KEYS, runtime=runtime)
    queue = f"watching-{uuid4()}"
    worker = Worker(
        client,
        task_queue=queue,
        workflows=[TakesSteps, IsBroken],
        activities=[succeed_the_second_time, refuse],
        interceptors=[watch],
        workflow_runner=UnsandboxedWorkflowRunner(),
    )
    async with worker:
        yield worker, queue


async def shown(port: int) -> Scrape:
    async with httpx.AsyncClient(trust_env=False) as http:
        return read((await http.get(f"http://127.0.0.1:{port}/metrics")).text)


async def test_attempts_are_reported_with_path_outcome_and_number(
    temporal: TemporalServer,
) -> None:
    port, reported = free_port(), list[Reported]()

    def report(step: str, path: str, outcome: str, number: int, seconds: float) -> None:
        assert 0 <= seconds < LIMIT.total_seconds()
        reported.append((step, path, outcome, number))

    async with working(temporal, port, StepWatch(report)) as (worker, queue):
        with pytest.raises(WorkflowFailureError):
            await worker.client.execute_workflow(TakesSteps.run, id=queue, task_queue=queue)
        figures = await shown(port)

    assert reported == [
        ("succeed_the_second_time", "fast", "failed", 1),
        ("succeed_the_second_time", "fast", "ok", 2),
        ("succeed_the_second_time", "operable", "failed", 1),
        ("succeed_the_second_time", "operable", "ok", 2),
        ("refuse", "operable", "refused", 1),
    ]
    assert "temporal_worker_task_slots_available" in figures
    assert "temporal_activity_schedule_to_start_latency_seconds_bucket" in figures


async def test_code_that_fails_is_counted_under_the_name_that_the_rule_asks_for(
    temporal: TemporalServer,
) -> None:
    port = free_port()
    async with working(temporal, port, StepWatch(lambda *_: None)) as (worker, queue):
        handle = await worker.client.start_workflow(IsBroken.run, id=queue, task_queue=queue)

        async def is_counted() -> bool:
            failed = (await shown(port)).get("temporal_workflow_task_execution_failed_total", {})
            return any(dict(key)["workflow_type"] == "IsBroken" for key in failed)

        await given.eventually(is_counted)
        await handle.terminate("seen")


async def test_a_worker_works_without_figures_when_their_address_is_taken(
    temporal: TemporalServer, caplog: pytest.LogCaptureFixture
) -> None:
    taken = await asyncio.start_server(lambda *_: None, "127.0.0.1", 0)
    port = taken.sockets[0].getsockname()[1]
    async with taken:
        runtime = measured(f"127.0.0.1:{port}")
        client = await connect(temporal.address, namespace="default", keys=KEYS, runtime=runtime)
        assert await client.service_client.check_health()

    assert f"no figures of the engine at 127.0.0.1:{port}" in caplog.text


async def test_polls_that_fail_are_counted_under_the_name_that_the_rule_asks_for() -> None:
    port = free_port()
    server = TemporalServer(free_port())
    with ExitStack() as stack:
        stack.enter_context(server.running())
        async with working(server, port, StepWatch(lambda *_: None)):
            await asyncio.to_thread(stack.close)

            async def is_counted() -> bool:
                failed = (await shown(port)).get("temporal_long_request_failure_total", {})
                return any(dict(key)["operation"] == "PollWorkflowTaskQueue" for key in failed)

            await given.eventually(is_counted)
