"""One sandbox for the tests of this room that a worker of the run takes; each leaves it running."""

from collections.abc import AsyncIterator, Iterator

import httpx
import pytest

from tests.api.people import Person, join
from tests.e2e.books import Books
from tests.e2e.collector import Collector, collecting
from tests.e2e.dev import Dev

MANY = httpx.Limits(max_connections=None, max_keepalive_connections=None)


@pytest.fixture(scope="session")
def collector() -> Iterator[Collector]:
    with collecting() as collector:
        yield collector


@pytest.fixture(scope="session")
def dev(tmp_path_factory: pytest.TempPathFactory, collector: Collector) -> Iterator[Dev]:
    home = tmp_path_factory.mktemp("e2e") / "home"
    dev = Dev(home, {"TRACES_ENDPOINT": collector.url})
    dev.start()
    yield dev
    assert dev.stop() == 0


@pytest.fixture
async def http(dev: Dev) -> AsyncIterator[httpx.AsyncClient]:
    async with httpx.AsyncClient(
        base_url=dev.info.api, timeout=30, limits=MANY, trust_env=False
    ) as http:
        yield http


@pytest.fixture
async def gateway(dev: Dev) -> AsyncIterator[httpx.AsyncClient]:
    async with httpx.AsyncClient(base_url=dev.info.gateway, timeout=30, trust_env=False) as gateway:
        yield gateway


@pytest.fixture
def books(dev: Dev) -> Books:
    return Books(dev.info.database_url)


@pytest.fixture
async def sara(http: httpx.AsyncClient) -> Person:
    """She lends."""
    return await join(http)


@pytest.fixture
async def omid(http: httpx.AsyncClient) -> Person:
    """He borrows."""
    return await join(http)


@pytest.fixture
async def operator(dev: Dev, http: httpx.AsyncClient) -> Person:
    account = dev.info.operator
    credentials = {"email": account.email, "password": account.password}
    tokens = (await http.post("/api/v1/auth/token/", json=credentials)).json()
    return Person(http, "", account.email, tokens["access_token"], tokens["refresh_token"])
