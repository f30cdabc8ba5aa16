"""SIGTERM with work in hand: what was begun is finished and answered, and the process exits 0."""

import asyncio
import os
import signal
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

import httpx
import psycopg
import pytest
from temporalio.api.enums.v1 import PendingActivityState
from temporalio.api.history.v1 import HistoryEvent
from temporalio.client import Client, WorkflowHandle

from engine.client import connect
from sandbox.home import Home
from tests import given
from tests.api.people import Person
from tests.e2e import loans
from tests.e2e.books import Books
from tests.e2e.dev import Dev
from tests.e2e.gateway import begin, call_back, pay_at, top_up
from tests.e2e.loans import Loan
from tests.sandbox.waiting import is_alive

PRICE = 600_000
SLOW_S = 3.0
STARTED = PendingActivityState.PENDING_ACTIVITY_STATE_STARTED
BEGINS = {"worker": "Beginning worker shutdown", "api": "Shutting down"}
_WAITING = """
SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND query LIKE '%tickets%'
"""


@pytest.fixture
async def engine_client(dev: Dev) -> Client:
    info = dev.info
    return await connect(info.temporal_address, namespace=info.temporal_namespace, keys=dev.keys)


@asynccontextmanager
async def held(dev: Dev, ticket_id: str) -> AsyncIterator[None]:
    """Hold the row of a ticket, so that its next step waits for the length of a block."""
    async with await psycopg.AsyncConnection.connect(dev.info.superuser_url) as database:
        await database.execute("SELECT 1 FROM tickets WHERE id = %s FOR UPDATE", [ticket_id])
        yield


async def is_waiting(dev: Dev) -> bool:
    async with await psycopg.AsyncConnection.connect(dev.info.superuser_url) as database:
        found = await (await database.execute(_WAITING)).fetchone()
    return bool(found and found[0])


async def is_under_way(handle: WorkflowHandle[Any, Any], name: str) -> bool:
    pending = (await handle.describe()).raw_description.pending_activities
    return any(one.state == STARTED and one.activity_type.name == name for one in pending)


class Stopping:
    """One program of the sandbox, asked to stop as a service manager does."""

    def __init__(self, dev: Dev, name: str) -> None:
        self._dev = dev
        self._name = name
        self.pid = dev.info.pids[name]
        self._said = len(dev.output)
        self._logged = len(self._whole_log)
        os.kill(self.pid, signal.SIGTERM)

    @property
    def log(self) -> str:
        """What it has written since."""
        return self._whole_log[self._logged :]

    @property
    def _whole_log(self) -> str:
        return (Home.at(self._dev.home).logs / f"{self._name}.log").read_text()

    async def has_begun(self) -> bool:
        return BEGINS[self._name] in self.log

    async def is_over(self) -> bool:
        return not is_alive(self.pid) and f"{self._name} died" in self._dev.output[self._said :]

    @property
    def ending(self) -> str:
        """How it ended, as the supervisor saw it."""
        _, _, said = self._dev.output[self._said :].partition(f"{self._name} died (")
        return said.partition(")")[0]


async def attempts(handle: WorkflowHandle[Any, Any], name: str) -> list[int]:
    """Return the attempt of each activity of a name that is in a history."""
    events = (await handle.fetch_history()).events
    scheduled = {
        event.event_id
        for event in events
        if event.activity_task_scheduled_event_attributes.activity_type.name == name
    }
    started = [event.activity_task_started_event_attributes for event in events]
    return [one.attempt for one in started if one.scheduled_event_id in scheduled]


async def last_step_by(handle: WorkflowHandle[Any, Any]) -> int:
    """Return the process id of the worker that took the last step on the fast path."""
    events = (await handle.fetch_history()).events
    [*_, marker] = [event.marker_recorded_event_attributes for event in events if is_marker(event)]
    completed = events[marker.workflow_task_completed_event_id - 1]
    identity = completed.workflow_task_completed_event_attributes.identity
    return int(identity.partition("@")[0])


def is_marker(event: HistoryEvent) -> bool:
    return event.HasField("marker_recorded_event_attributes")


@pytest.fixture
async def unpaid(gateway: httpx.AsyncClient, sara: Person, omid: Person) -> Loan:
    await top_up(gateway, omid, PRICE)
    return await loans.accepted(sara, omid)


async def stopped_while_paying(
    dev: Dev, loan: Loan, has_begun: Callable[[], Awaitable[bool]]
) -> Stopping:
    """Stop the worker while the step waits for a lock; the payer is answered all the same."""
    async with held(dev, loan.id):
        paying = asyncio.create_task(loan.pay())
        await given.eventually(has_begun)
        worker = Stopping(dev, "worker")
        await given.eventually(worker.has_begun)
    await given.eventually(worker.is_over)
    assert worker.ending == "exit status 0"
    assert (await paying)["status"] == "active"
    return worker


async def test_a_worker_finishes_a_step_that_waits_for_a_lock(
    dev: Dev, engine_client: Client, books: Books, unpaid: Loan
) -> None:
    handle = engine_client.get_workflow_handle(f"ticket:{unpaid.id}")

    await stopped_while_paying(dev, unpaid, lambda: is_under_way(handle, "move_ticket"))

    await unpaid.complete()
    assert await attempts(handle, "move_ticket") == [1]
    books.check(unpaid)


async def test_a_worker_finishes_a_fast_step_that_waits_for_a_lock(
    dev: Dev, engine_client: Client, books: Books, unpaid: Loan
) -> None:
    handle = engine_client.get_workflow_handle(f"ticket:{unpaid.id}")

    worker = await stopped_while_paying(dev, unpaid, lambda: is_waiting(dev))

    assert await last_step_by(handle) == worker.pid
    await unpaid.complete()
    assert await attempts(handle, "move_ticket") == []
    books.check(unpaid)


async def test_a_worker_hears_a_provider_that_is_slow_to_the_end(
    dev: Dev, gateway: httpx.AsyncClient, engine_client: Client, omid: Person
) -> None:
    payment = await begin(omid, PRICE)
    handle = engine_client.get_workflow_handle(f"payment:{payment['id']}")
    slow = {"operation": "verify", "behaviour": "delay", "seconds": SLOW_S}
    (await gateway.post("/control/", json=slow)).raise_for_status()
    await pay_at(gateway, payment["authority"], callback=False)
    asked = asyncio.create_task(call_back(omid, payment["authority"]))
    await given.eventually(lambda: is_under_way(handle, "verify_at_gateway"))

    worker = Stopping(dev, "worker")
    await given.eventually(worker.is_over)
    assert worker.ending == "exit status 0"

    await asked
    assert await handle.result() == "paid"
    assert await attempts(handle, "verify_at_gateway") == [1]


async def test_the_api_answers_what_it_has_in_hand(
    dev: Dev, gateway: httpx.AsyncClient, books: Books, sara: Person, omid: Person
) -> None:
    await top_up(gateway, omid, PRICE)
    loan = await loans.accepted(sara, omid)
    async with held(dev, loan.id):
        paying = asyncio.create_task(omid.call("PATCH", f"/tickets/{loan.id}/pay/", {}))
        await given.eventually(lambda: is_waiting(dev))
        api = Stopping(dev, "api")
        await given.eventually(api.has_begun)

    answer = await paying
    await given.eventually(api.is_over)

    assert (answer.status_code, answer.json()["status"]) == (200, "active")
    # uvicorn ends in good order, and then by the signal that it was sent, as a shell expects.
    assert api.ending == "signal 15, Terminated"
    assert "Application shutdown complete" in api.log
    await loan.complete()
    books.check(loan)
