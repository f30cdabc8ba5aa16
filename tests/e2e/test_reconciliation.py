"""Reconciliation as it runs in earnest: on its schedule, over the real processes."""

import asyncio
from uuid import uuid4

import httpx
import pytest
from temporalio.client import Client, ScheduleActionExecutionStartWorkflow

from domain.finding import FindingKind
from engine.client import connect
from engine.schedules import RECONCILE, SEAL
from sandbox.environment import TASK_QUEUE
from tests import given
from tests.api.people import Person, join
from tests.e2e.dev import Dev
from tests.e2e.gateway import begin, pay_at, top_up


@pytest.fixture
async def client(dev: Dev) -> Client:
    info = dev.info
    return await connect(info.temporal_address, namespace=info.temporal_namespace, keys=dev.keys)


@pytest.mark.parametrize(("name", "says"), [(RECONCILE, "The gateway holds"), (SEAL, "")])
async def test_a_schedule_that_the_worker_made_runs_what_it_names(
    client: Client, name: str, says: str
) -> None:
    schedule = client.get_schedule_handle(name)
    found = await schedule.describe()
    assert not found.schedule.state.paused
    assert found.info.next_action_times

    await schedule.trigger()

    async def is_at_work() -> bool:
        # Any of the latest: an earlier one may have met the outage of another test.
        for run in reversed((await schedule.describe()).info.recent_actions):
            action = run.action
            assert isinstance(action, ScheduleActionExecutionStartWorkflow)
            workflow = client.get_workflow_handle(action.workflow_id)
            # One that began for the worker of another test is not ours to ask.
            if (await workflow.describe()).task_queue != TASK_QUEUE:
                continue
            if says in str(await workflow.query("__temporal_workflow_metadata")):
                return True
        return False

    await given.eventually(is_at_work)


async def test_money_that_nobody_reported_is_credited_and_nothing_of_it_is_left_unexplained(
    http: httpx.AsyncClient, gateway: httpx.AsyncClient, operator: Person
) -> None:
    """A callback that was lost, one that was not, and a payment that went back to its card."""
    lost, reported, returned = await asyncio.gather(*(join(http) for _ in range(3)))
    payment = await begin(lost, 70_000)
    await pay_at(gateway, payment["authority"], callback=False)
    await asyncio.gather(top_up(gateway, reported, 50_000), top_up(gateway, returned, 60_000))
    [back] = (await returned.get("/payments/"))["items"]
    path = f"/ops/payments/{back['id']}/reverse/"
    answer = await operator.call("POST", path, {"reason": "Asked for it"}, key=uuid4().hex)
    assert answer.json()["status"] == "reversed", answer.text

    async def is_credited() -> bool:
        balance: str = (await lost.get("/wallet/"))["balance"]
        return balance == "70000.00"

    await given.eventually(is_credited)
    for one in (payment, back):
        path = f"/ops/payments/{one['id']}/reconcile/"
        found = (await operator.call("POST", path, {})).json()
        assert found["findings"] == []
    figures = (await http.get("/metrics")).text
    for kind in (FindingKind.PAID_WITHOUT_DEPOSIT, FindingKind.DEPOSIT_WITHOUT_PAYMENT):
        assert f'assets_open_findings{{kind="{kind}"}} 0.0' in figures
