"""The schedules on a real server: made once by however many workers, changed, and left paused."""

import asyncio
from collections.abc import AsyncIterator
from datetime import time, timedelta

import pytest
from temporalio.client import (
    Client,
    ScheduleActionStartWorkflow,
    ScheduleDescription,
    ScheduleIntervalSpec,
    ScheduleOverlapPolicy,
)

from domain.reports import Nightly
from engine.client import connect
from engine.schedules import CATCH_UP_NIGHT, RECONCILE, REPORT, SEAL, WORKFLOWS, ensure
from sandbox.temporal import TemporalServer
from tests.conftest import KEYS
from worker import WORKFLOWS as REGISTERED

QUEUE = "nobody-works-here"
EVERY = {RECONCILE: timedelta(hours=5), SEAL: timedelta(hours=1)}


@pytest.fixture
async def client(temporal: TemporalServer) -> AsyncIterator[Client]:
    client = await connect(temporal.address, namespace="default", keys=KEYS)
    yield client
    for name in EVERY:
        await client.get_schedule_handle(name).delete()


async def described(client: Client, name: str) -> ScheduleDescription:
    return await client.get_schedule_handle(name).describe()


async def test_two_workers_at_once_make_each_schedule_once(client: Client) -> None:
    await asyncio.gather(*(ensure(client, QUEUE, EVERY) for _ in range(4)))

    for name, interval in EVERY.items():
        found = (await described(client, name)).schedule
        assert found.spec.intervals == [ScheduleIntervalSpec(every=interval)]
        assert found.policy.overlap is ScheduleOverlapPolicy.SKIP
        action = found.action
        assert isinstance(action, ScheduleActionStartWorkflow)
        assert (action.workflow, action.task_queue) == (WORKFLOWS[name][0], QUEUE)
        assert len(action.args) == (name == SEAL)


async def test_a_new_interval_takes_the_place_of_the_old_one_and_a_pause_stays(
    client: Client,
) -> None:
    await ensure(client, QUEUE, EVERY)
    await client.get_schedule_handle(SEAL).pause(note="an operator looks into it")

    await ensure(client, QUEUE, EVERY | {SEAL: timedelta(hours=2)})

    found = (await described(client, SEAL)).schedule
    assert found.spec.intervals == [ScheduleIntervalSpec(every=timedelta(hours=2))]
    assert found.state.paused
    assert found.state.note == "an operator looks into it"


async def test_the_report_is_made_at_a_time_of_its_zone_and_after_an_outage_at_once(
    temporal: TemporalServer,
) -> None:
    client = await connect(temporal.address, namespace="default", keys=KEYS)

    await ensure(client, QUEUE, {REPORT: Nightly(time(0, 15), "Asia/Tehran")})
    try:
        found = await described(client, REPORT)
    finally:
        await client.get_schedule_handle(REPORT).delete()

    assert {(at.hour, at.minute) for at in found.info.next_action_times} == {(20, 45)}  # UTC
    assert found.schedule.policy.catchup_window == CATCH_UP_NIGHT
    assert isinstance(found.schedule.action, ScheduleActionStartWorkflow)
    assert found.schedule.action.args == []


def test_every_scheduled_workflow_is_one_that_workers_know() -> None:
    assert {name for name, _ in WORKFLOWS.values()} <= {one.__name__ for one in REGISTERED}
