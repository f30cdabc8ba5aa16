"""`./assets bench loans`: whole loans over HTTP beside bare Temporal workflows of their shape.

Everything (PostgreSQL, Temporal, worker, API, this load) shares one machine, so only the ratio of
the two, taken in turn in one run, says something about us.
"""

import asyncio
import statistics
import subprocess
import sys
import time
from collections import Counter, defaultdict
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from uuid import uuid4

import httpx
import psycopg
from temporalio.client import Client

from benchmarks import bare
from sandbox.dev_json import DevInfo

CALLERS = 16
ROUNDS = 3
LOANS_PER_CALLER = 12
WARM_UP = 3
LOANS_ALONE = 30
PASSWORD = "a long enough password"  # noqa: S105  (of accounts made for one run)
REQUESTED = "pending"
ACTIONS = {"accept": "accepted", "pay": "active", "complete": "completed"}
LOOK_AGAIN_S = 0.05  # at what the API could not tell in time, as on a machine with much else to do
MEANWHILE = {"sent": "sent", "failed": "pointless by then", "queued": "more of them wait"}


@dataclass
class Timings:
    """Seconds of each call, by what was asked."""

    seconds: defaultdict[str, list[float]] = field(default_factory=lambda: defaultdict(list))

    @contextmanager
    def of(self, name: str) -> Iterator[None]:
        began = time.perf_counter()
        yield
        self.seconds[name].append(time.perf_counter() - began)

    def report(self) -> None:
        print(f"\n{'action':<10}{'p50 ms':>10}{'p95 ms':>10}{'calls':>8}")
        for name, seconds in self.seconds.items():
            ranked = sorted(seconds)
            p50, p95 = ranked[len(ranked) // 2], ranked[int(len(ranked) * 0.95)]
            print(f"{name:<10}{p50 * 1000:>10.1f}{p95 * 1000:>10.1f}{len(ranked):>8}")


@dataclass(frozen=True)
class Pair:
    """A lender with an asset and a borrower with money, who lend it again and again."""

    http: httpx.AsyncClient
    lender: dict[str, str]
    borrower: dict[str, str]
    asset_id: str

    async def loan(self, timings: Timings) -> str:
        wish = {"asset_id": self.asset_id, "days": 1}
        with timings.of("request"):
            ticket = await self._moved("POST", "/tickets/", self.borrower, wish, REQUESTED)
        for action, status in ACTIONS.items():
            by = self.borrower if action == "pay" else self.lender
            with timings.of(action):
                path = f"/tickets/{ticket['id']}/{action}/"
                ticket = await self._moved("PATCH", path, by, {}, status)
        return str(ticket["id"])

    async def _moved(
        self, method: str, path: str, by: dict[str, str], body: object, status: str
    ) -> dict[str, str]:
        """Ask for a change, and wait for it if the answer is that it is still under way."""
        found = await call(self.http, method, path, by, body)
        if found["status"] != "processing":
            return found
        where = self.http.base_url.copy_with(path=found["poll"])
        while found.get("status") != status:
            await asyncio.sleep(LOOK_AGAIN_S)
            found = (await self.http.get(where, headers=by)).json()
        return found


async def call(
    http: httpx.AsyncClient, method: str, path: str, headers: dict[str, str], json: object
) -> dict[str, str]:
    answer = await http.request(method, path, headers=headers, json=json)
    answer.raise_for_status()
    found: dict[str, str] = answer.json()
    return found


async def login(http: httpx.AsyncClient) -> dict[str, str]:
    email = f"{uuid4()}@example.com"
    person = {"email": email, "password": PASSWORD, "full_name": "Bench"}
    await call(http, "POST", "/auth/register/", {}, person)
    credentials = {"email": email, "password": PASSWORD}
    token = (await call(http, "POST", "/auth/token/", {}, credentials))["access_token"]
    return {"Authorization": f"Bearer {token}"}


async def pair(http: httpx.AsyncClient, gateway: str) -> Pair:
    lender, borrower = await login(http), await login(http)
    terms = {
        "title": "Drill",
        "description": "A drill",
        "category": "tools",
        "daily_fee": "1000",
        "deposit": "1000",
        "max_days": 30,
    }
    asset = await call(http, "POST", "/assets/", lender, terms)
    payment = await call(http, "POST", "/payments/initiate/", borrower, {"amount": 1_000_000_000})
    wish = {"outcome": "pay", "callback": True}
    await call(http, "POST", f"{gateway}/control/pay/{payment['authority']}", {}, wish)
    return Pair(http, lender, borrower, asset["id"])


async def rate(drive: Callable[[int], Awaitable[object]]) -> float:
    """Run all callers at once, each one loan after the other; return loans per second."""

    async def caller(number: int) -> None:
        for _ in range(LOANS_PER_CALLER):
            await drive(number)

    began = time.perf_counter()
    await asyncio.gather(*(caller(number) for number in range(CALLERS)))
    return CALLERS * LOANS_PER_CALLER / (time.perf_counter() - began)


async def measure(dev: DevInfo) -> None:
    queue = f"bare-{uuid4()}"
    worker = subprocess.Popen(
        [sys.executable, "-m", "benchmarks.bare", dev.temporal_address, queue]
    )
    try:
        async with httpx.AsyncClient(base_url=f"{dev.api}/api/v1", timeout=30) as http:
            await compare(dev, http, queue)
    finally:
        worker.terminate()
        worker.wait()


async def compare(dev: DevInfo, http: httpx.AsyncClient, queue: str) -> None:
    temporal = await Client.connect(dev.temporal_address)
    pairs = await asyncio.gather(*(pair(http, dev.gateway) for _ in range(CALLERS)))
    timings, alone = Timings(), Timings()

    async def one_bare(_: int) -> None:
        await bare.loan(temporal, queue, str(uuid4()))

    async def one_loan(number: int) -> str:
        return await pairs[number].loan(timings)

    ticket_id = ""
    for number in range(WARM_UP + LOANS_ALONE):
        counted = alone if number >= WARM_UP else Timings()
        ticket_id = await pairs[0].loan(counted)
        counted.seconds["bare"] += await bare.loan(temporal, queue, str(uuid4()))
    ours, bares, told = [], [], []
    for _ in range(ROUNDS):
        bares.append(await rate(one_bare))
        before = messages_of(dev)
        ours.append(await rate(one_loan))
        since = messages_of(dev)
        since.subtract(before)
        told.append(since)
    ratios = [our / bare_ for our, bare_ in zip(ours, bares, strict=True)]

    await shape(temporal, ticket_id)
    print("\nOne caller, over HTTP, and the bare update without it:", end="")
    alone.report()
    print(f"\n{CALLERS} callers, over HTTP:", end="")
    timings.report()
    print(f"\nloans per second      {statistics.median(ours):6.1f}   {rounded(ours)}")
    print(f"bare workflows        {statistics.median(bares):6.1f}   {rounded(bares)}")
    print(f"ratio                 {statistics.median(ratios):6.2f}   {rounded(ratios, 2)}")
    print("\nMessages, which are sent beside the loans, in each round of them:")
    for status, meaning in MEANWHILE.items():
        print(f"{meaning:<22}{' '.join(f'{each[status]:5}' for each in told)}")


def messages_of(dev: DevInfo) -> Counter[str]:
    """Count the messages by their status."""
    with psycopg.connect(dev.database_url) as connection:
        found = connection.execute("SELECT status, count(*) FROM messages GROUP BY status")
        return Counter(dict(found.fetchall()))


async def shape(temporal: Client, ticket_id: str) -> None:
    history = await temporal.get_workflow_handle(f"ticket:{ticket_id}").fetch_history()
    tasks = [e for e in history.events if e.HasField("workflow_task_completed_event_attributes")]
    print(f"one instant loan: {len(history.events)} events, {len(tasks)} workflow tasks")


def rounded(values: list[float], digits: int = 1) -> str:
    return " ".join(f"{value:.{digits}f}" for value in values)


def run(dev: DevInfo) -> None:
    asyncio.run(measure(dev))
