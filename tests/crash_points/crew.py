"""Workers beside that of a sandbox, each started again at once when it has died.

Its supervisor pauses ever longer before it starts a program that dies again and again, and a
Python process takes seconds to begin. These are forked from one that has everything loaded.
"""

import asyncio
import contextlib
import multiprocessing
import os
from collections.abc import AsyncIterator
from multiprocessing.context import ForkServerProcess
from pathlib import Path

import psutil

import worker
from tests.e2e.dev import Dev

POLL_S = 0.05
_fork = multiprocessing.get_context("forkserver")


class Crew:
    """Attributes.

    deaths: How often one of them had to be started again.
    """

    def __init__(self, dev: Dev, log: Path, size: int) -> None:
        running = psutil.Process(dev.info.pids["worker"])
        taken = {"METRICS_ADDRESS", "METRICS_SDK_ADDRESS"}
        self._environment = {
            name: text for name, text in running.environ().items() if name not in taken
        }
        self._home, self._log, self._size = running.cwd(), log, size
        self.deaths = 0

    @contextlib.asynccontextmanager
    async def at_work(self) -> AsyncIterator[None]:
        _fork.set_forkserver_preload(["worker"])
        workers = [self._start() for _ in range(self._size)]
        keeper = asyncio.create_task(self._keep(workers))
        try:
            yield
        finally:
            keeper.cancel()
            await asyncio.gather(keeper, return_exceptions=True)
            for each in workers:
                each.terminate()
            for each in workers:
                await asyncio.to_thread(each.join)

    async def _keep(self, workers: list[ForkServerProcess]) -> None:
        while True:
            for number, each in enumerate(workers):
                if not each.is_alive():
                    self.deaths += 1
                    workers[number] = self._start()
            await asyncio.sleep(POLL_S)

    def _start(self) -> ForkServerProcess:
        process = _fork.Process(target=work, args=(self._environment, self._home, self._log))
        process.start()
        return process


def work(environment: dict[str, str], home: str, log: Path) -> None:
    """Be `python -m worker` in this environment."""
    os.environ.clear()
    os.environ.update(environment)
    os.chdir(home)
    output = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    for stream in (1, 2):
        os.dup2(output, stream)
    worker.main()
