"""Two APIs and two workers beside one database: they share the load, and one of each may die."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from typing import Any

import httpx
import pytest
from temporalio.client import Client

from engine.client import connect
from sandbox.environment import TASK_QUEUE
from tests import given
from tests.api.people import Person
from tests.e2e import loans
from tests.e2e.books import Books
from tests.e2e.conftest import MANY
from tests.e2e.dev import Dev
from tests.e2e.gateway import top_up
from tests.e2e.loans import Loan
from tests.e2e.pair import Pair

AT_ONCE = 20
BEFORE = 6
PRICE = 600_000


class Second(Pair):
    """Another API and another worker, which nobody starts again."""

    def kill(self) -> None:
        for process in self._processes:
            process.kill()
            process.wait()

    @property
    def worker_pid(self) -> int:
        return self._processes[0].pid


@dataclass
class Balanced(httpx.AsyncBaseTransport):
    """Sends requests in turn to the APIs that live, as a load balancer does, and counts them."""

    urls: list[httpx.URL]
    answered: Counter[str] = field(default_factory=Counter)
    broken: Counter[str] = field(default_factory=Counter)
    in_hand: Counter[str] = field(default_factory=Counter)

    def __post_init__(self) -> None:
        self._turns = count()
        self._inner = httpx.AsyncHTTPTransport(limits=MANY)

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        url = self.urls[next(self._turns) % len(self.urls)]
        api = f"{url.host}:{url.port}"
        request.url = request.url.copy_with(host=url.host, port=url.port)
        request.headers["Host"] = api
        self.in_hand[api] += 1
        try:
            answer = await self._inner.handle_async_request(request)
            await answer.aread()
        except httpx.TransportError:
            self.broken[api] += 1
            raise
        finally:
            self.in_hand[api] -= 1
        self.answered[api] += 1
        return answer

    def leave_out(self, url: str) -> int:
        """Send nothing there any more, and return how many requests are in its hands."""
        gone = httpx.URL(url)
        self.urls.remove(gone)
        return self.in_hand[f"{gone.host}:{gone.port}"]

    async def aclose(self) -> None:
        await self._inner.aclose()


@pytest.fixture
async def two(dev: Dev, tmp_path: Path) -> AsyncIterator[tuple[Second, Balanced]]:
    """A second of each on the queue of the first ones, and the way to both APIs."""
    second = Second(dev, tmp_path, TASK_QUEUE=TASK_QUEUE)
    try:
        second.start()
        async with Balanced([httpx.URL(dev.info.api), httpx.URL(second.url)]) as balanced:
            yield second, balanced
    finally:
        second.stop()


def through(balanced: Balanced, person: Person) -> Person:
    http = httpx.AsyncClient(transport=balanced, base_url="http://balanced", timeout=30)
    return Person(http, person.id, person.email, person.token, person.refresh_token)


async def workers_of(client: Client, finished: list[Loan]) -> set[int]:
    """Return the process ids of the workers that took steps of these loans."""
    pids: set[int] = set()
    for loan in finished:
        history = await client.get_workflow_handle(f"ticket:{loan.id}").fetch_history()
        for event in history.events:
            identity = event.workflow_task_completed_event_attributes.identity
            pids |= {int(identity.partition("@")[0])} if identity else set()
    return pids


async def test_two_share_the_load_and_one_of_each_may_die(
    dev: Dev,
    gateway: httpx.AsyncClient,
    books: Books,
    sara: Person,
    omid: Person,
    two: tuple[Second, Balanced],
) -> None:
    second, balanced = two
    await top_up(gateway, omid, AT_ONCE * PRICE)
    lender, borrower = through(balanced, sara), through(balanced, omid)
    begun = [asyncio.create_task(loans.whole(lender, borrower)) for _ in range(AT_ONCE)]

    await given.eventually(lambda: enough_are_done(begun))
    lost = balanced.leave_out(second.url)
    second.kill()
    assert not all(task.done() for task in begun), "it came too late"
    finished: list[Loan] = await asyncio.gather(*begun)

    assert len({loan.id for loan in finished}) == AT_ONCE
    books.check(*finished)
    assert (await omid.get("/wallet/"))["balance"] == f"{AT_ONCE * 500_000}.00"
    assert (await sara.get("/wallet/"))["balance"] == f"{AT_ONCE * 95_000}.00"
    survivor, gone = (httpx.URL(url).netloc.decode() for url in (dev.info.api, second.url))
    assert min(balanced.answered[survivor], balanced.answered[gone]) > BEFORE
    assert balanced.broken[survivor] == 0
    assert balanced.broken[gone] <= lost
    info = dev.info
    client = await connect(info.temporal_address, namespace=info.temporal_namespace, keys=dev.keys)
    workers = await workers_of(client, finished)
    assert {info.pids["worker"], second.worker_pid} <= workers


async def enough_are_done(begun: list[asyncio.Task[Any]]) -> bool:
    return sum(task.done() for task in begun) >= BEFORE
