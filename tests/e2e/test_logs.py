"""What API and worker write down at their most talkative: nothing that belongs to a card."""

import signal
import subprocess
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import psutil
import pytest
from temporalio.client import ScheduleActionStartWorkflow

from domain import ids
from engine.client import connect
from engine.schedules import WORKFLOWS
from sandbox.addresses import HOST
from sandbox.environment import TASK_QUEUE
from sandbox.gateway.envelope import CARD_NUMBER
from sandbox.gateway.operations import CARD_HASH, CARD_PAN
from sandbox.ports import free_port
from tests import given
from tests.api.people import Person, join, problem
from tests.e2e.dev import Dev
from tests.e2e.gateway import begin, call_back, pay_at
from tests.sandbox.waiting import wait_until

RIALS = 250_000
START_TIMEOUT_S = 30.0
TALKATIVE = "import logging, sys; logging.basicConfig(level=logging.DEBUG, stream=sys.stdout)\n"
WORKER = "import worker; worker.main()"
API = "import uvicorn; uvicorn.run('api.app:create_app', factory=True, port={}, log_level='debug')"
QUEUE = "talkative"


class Pair:
    """A worker and an API of their own beside those of the sandbox, both at DEBUG."""

    def __init__(self, dev: Dev, folder: Path) -> None:
        self._folder = folder
        self._port = free_port()
        running = psutil.Process(dev.info.pids["worker"])
        self._environment: dict[str, str] = {**running.environ(), "TASK_QUEUE": QUEUE}
        self._home = running.cwd()
        self._processes: list[subprocess.Popen[bytes]] = []

    @property
    def url(self) -> str:
        return f"http://{HOST}:{self._port}"

    @property
    def merchant_id(self) -> str:
        return self._environment["ZARINPAL_MERCHANT_ID"]

    @property
    def logs(self) -> dict[str, str]:
        return {name: self._log(name).read_text() for name in ("worker", "api")}

    def start(self) -> None:
        self._run("worker", WORKER)
        self._run("api", API.format(self._port))
        ready = {"worker": "worker started", "api": "Uvicorn running on"}
        wait_until(
            lambda: all(words in self.logs[name] for name, words in ready.items()), START_TIMEOUT_S
        )

    def stop(self) -> None:
        for process in self._processes:
            process.send_signal(signal.SIGTERM)
        for process in self._processes:
            process.wait(START_TIMEOUT_S)

    def _run(self, name: str, code: str) -> None:
        with self._log(name).open("wb") as log:
            process = subprocess.Popen(
                [sys.executable, "-c", TALKATIVE + code],
                env=self._environment,
                cwd=self._home,
                stdout=log,
                stderr=subprocess.STDOUT,
            )
        self._processes.append(process)

    def _log(self, name: str) -> Path:
        return self._folder / f"{name}.log"


@pytest.fixture
async def pair(dev: Dev, tmp_path: Path) -> AsyncIterator[Pair]:
    pair = Pair(dev, tmp_path)
    try:
        pair.start()
        yield pair
    finally:
        pair.stop()
        await _give_the_schedules_back(dev)


async def _give_the_schedules_back(dev: Dev) -> None:
    """The worker that started last has made them its own; so let the sandbox's start again."""
    info = dev.info
    client = await connect(info.temporal_address, namespace=info.temporal_namespace, keys=dev.keys)
    queues = {TASK_QUEUE, ids.messages_queue(TASK_QUEUE)}
    dev.kill("worker")

    async def are_back() -> bool:
        for name in WORKFLOWS:
            found = await client.get_schedule_handle(name).describe()
            action = found.schedule.action
            assert isinstance(action, ScheduleActionStartWorkflow)
            if action.task_queue not in queues:
                return False
        return True

    await given.eventually(are_back)
    # What they have begun meanwhile waits for a worker that is gone, and would keep them waiting.
    for workflow, _ in WORKFLOWS.values():
        begun = f'TaskQueue = "{QUEUE}" AND ExecutionStatus = "Running" AND WorkflowType = '
        async for left in client.list_workflows(f'{begun}"{workflow}"'):
            await client.get_workflow_handle(left.id, run_id=left.run_id).terminate("left behind")


async def test_no_log_holds_card_data_or_the_merchant_id(
    pair: Pair, gateway: httpx.AsyncClient
) -> None:
    async with httpx.AsyncClient(base_url=pair.url, timeout=30, trust_env=False) as http:
        omid = await join(http)
        paid = [await whole_payment(gateway, omid, fault) for fault in FAULTS]
        await gateway.post("/control/", json={"operation": "request", **REFUSED})
        refused = await omid.call("POST", "/payments/initiate/", {"amount": RIALS})

    problem(refused, 502, "gateway_refused")
    assert [payment["card_pan"] for payment in paid] == [CARD_PAN, None, CARD_PAN]
    logs = pair.logs
    assert "DEBUG:temporalio.activity" in logs["worker"]
    for payment in paid:
        assert f"payment:{payment['id']}" in logs["worker"]
        assert payment["id"] in logs["api"]
    for name, text in logs.items():
        for secret in (CARD_NUMBER, CARD_PAN, CARD_HASH, pair.merchant_id):
            assert secret.lower() not in text.lower(), f"{secret} in the log of the {name}"


REFUSED: dict[str, Any] = {"behaviour": "code", "code": -9}
FAULTS: list[dict[str, Any] | None] = [
    None,
    {"behaviour": "odd_shape", "shape": "bare_card"},
    {"behaviour": "html"},
]


async def whole_payment(
    gateway: httpx.AsyncClient, who: Person, fault: dict[str, Any] | None
) -> Any:
    """Open, pay and come back, and read the payment as its payer does."""
    payment = await begin(who, RIALS)
    if fault:
        await gateway.post("/control/", json={"operation": "verify", **fault})
    await pay_at(gateway, payment["authority"], callback=False)
    assert (await call_back(who, payment["authority"]))["status"] == "paid"
    return await who.get(f"/payments/{payment['id']}/")
