"""The simulator over HTTP, for the modules that ask for it."""

import signal
from collections.abc import AsyncIterator, Iterator

import httpx
import pytest

from tests.sandbox.simulated import Running


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    simulator = Running(tmp_path_factory.mktemp("simulator") / "state.sqlite")
    simulator.start()
    yield simulator
    simulator.end(signal.SIGTERM)


@pytest.fixture
async def http(running: Running) -> AsyncIterator[httpx.AsyncClient]:
    """A client of the simulator, which behaves well until it is told otherwise."""
    async with httpx.AsyncClient(base_url=running.url, trust_env=False) as http:
        yield http
        await http.delete("/control/")
