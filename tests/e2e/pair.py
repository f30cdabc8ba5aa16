"""A worker and an API of their own beside those of the sandbox, with settings of their own."""

import signal
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import psutil
from temporalio.client import ScheduleActionStartWorkflow

from domain import ids
from engine.client import connect
from engine.schedules import WORKFLOWS
from sandbox.addresses import HOST
from sandbox.environment import TASK_QUEUE
from sandbox.ports import free_port
from tests import given
from tests.e2e.dev import Dev
from tests.sandbox.waiting import wait_until

START_TIMEOUT_S = 30.0
QUEUE = "apart"


class Pair:
    def __init__(self, dev: Dev, folder: Path, **settings: str) -> None:
        self._folder = folder
        self._port = free_port()
        running = psutil.Process(dev.info.pids["worker"])
        # Those of the sandbox's worker, whose ports are taken.
        taken = {"METRICS_ADDRESS", "METRICS_SDK_ADDRESS"}
        inherited = {name: text for name, text in running.environ().items() if name not in taken}
        self._environment: dict[str, str] = {**inherited, "TASK_QUEUE": QUEUE, **settings}
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
        self._run("worker", "-m", "worker")
        where = ("--port", str(self._port), "--no-access-log")
        self._run("api", "-m", "uvicorn", "--factory", "api.app:create_app", *where)
        ready = {"worker": "worker started", "api": "Uvicorn running on"}
        wait_until(
            lambda: all(words in self.logs[name] for name, words in ready.items()), START_TIMEOUT_S
        )

    def stop(self) -> list[int]:
        """Ask both to stop, and return their exit codes."""
        for process in self._processes:
            process.send_signal(signal.SIGTERM)
        return [process.wait(START_TIMEOUT_S) for process in self._processes]

    def _run(self, name: str, *what: str) -> None:
        with self._log(name).open("wb") as log:
            process = subprocess.Popen(
                [sys.executable, *what],
                env=self._environment,
                cwd=self._home,
                stdout=log,
                stderr=subprocess.STDOUT,
            )
        self._processes.append(process)

    def _log(self, name: str) -> Path:
        return self._folder / f"{name}.log"


@asynccontextmanager
async def beside(dev: Dev, folder: Path, **settings: str) -> AsyncIterator[Pair]:
    pair = Pair(dev, folder, **settings)
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
