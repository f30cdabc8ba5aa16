"""kill -9 of the worker while it lends and tells: all is counted once, no text comes twice."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Final
from uuid import UUID, uuid4

import httpx
import psycopg
import pytest
from temporalio.client import WorkflowHandle

from domain import ids
from engine.client import connect
from gateways.kavenegar import local_id
from sandbox.environment import TASK_QUEUE
from tests import given
from tests.api.people import Person
from tests.e2e import loans
from tests.e2e.books import Books
from tests.e2e.dev import Dev
from tests.e2e.gateway import top_up
from tests.e2e.loans import Loan
from tests.e2e.readers import reach, sent_to
from tests.sandbox.waiting import is_alive
from workflows.message import SendQueued

AT_ONCE: Final = 20
PRICE: Final = 600_000
RECOVERY: Final = timedelta(seconds=90)
_MINE: Final = "user_id IN (SELECT id FROM users WHERE email = ANY(%(emails)s))"
_MESSAGES: Final = f"SELECT id, channel, status, attempts FROM messages WHERE {_MINE}"
_WAITING: Final = f"SELECT id FROM messages WHERE {_MINE} AND status = 'queued'"
# The first statement of a try is behind these, and nobody knows yet what came of it.
_IN_HAND: Final = f"{_WAITING} AND tried_at IS NOT NULL AND failed_tries = 0"
# As if the minute was over for which the one that was killed held them.
_LET_GO: Final = f"""
UPDATE messages SET held_until = clock_timestamp() WHERE id IN ({_IN_HAND}) RETURNING id
"""


@dataclass(frozen=True)
class Two:
    """A lender and a borrower who can be reached, and what the database has on them."""

    lender: Person
    borrower: Person
    addresses: tuple[str, ...]
    database_url: str

    def read(self, query: str) -> list[tuple[Any, ...]]:
        emails = [self.lender.email, self.borrower.email]
        with psycopg.connect(self.database_url) as connection:
            return connection.execute(query.encode(), {"emails": emails}).fetchall()

    async def some_are_in_hand(self) -> bool:
        return bool(self.read(_IN_HAND))

    async def nothing_waits(self) -> bool:
        return not self.read(_WAITING)


@pytest.fixture
async def two(dev: Dev, gateway: httpx.AsyncClient, sara: Person, omid: Person) -> Two:
    addresses = [await reach(gateway, person) for person in (sara, omid)]
    return Two(sara, omid, (*addresses[0], *addresses[1]), dev.info.database_url)


@asynccontextmanager
async def slow_providers(gateway: httpx.AsyncClient) -> AsyncIterator[None]:
    """Let them take what they are sent at once, and say so a while later."""
    for operation in ("postmark", "kavenegar"):
        fault = {"operation": operation, "behaviour": "delay", "seconds": 0.3, "times": None}
        (await gateway.post("/control/", json=fault)).raise_for_status()
    yield
    await gateway.delete("/control/")


@asynccontextmanager
async def rounds(dev: Dev) -> AsyncIterator[Callable[[], Awaitable[None]]]:
    """Let messages be sent by rounds beside the schedule's own.

    That one is silent for a minute when its worker is killed, before another one takes it up.
    """
    info = dev.info
    client = await connect(info.temporal_address, namespace=info.temporal_namespace, keys=dev.keys)
    begun: list[WorkflowHandle[SendQueued, str]] = []

    async def begin() -> None:
        queue, name = ids.messages_queue(TASK_QUEUE), f"rounds-{uuid4()}"
        pace = timedelta(seconds=1)
        begun.append(await client.start_workflow(SendQueued.run, pace, id=name, task_queue=queue))

    yield begin
    for handle in begun:
        await handle.terminate("all is sent")


@pytest.mark.parametrize(
    "waves", [1, pytest.param(10, marks=[pytest.mark.long, pytest.mark.timeout(600)])]
)
async def test_counters_and_messages_are_right_after_kills_of_the_worker(
    dev: Dev, gateway: httpx.AsyncClient, books: Books, two: Two, waves: int
) -> None:
    await top_up(gateway, two.borrower, waves * AT_ONCE * PRICE)
    pair = two.lender, two.borrower
    finished: list[Loan] = []

    async with rounds(dev) as begin_with_them:
        await begin_with_them()
        await given.eventually(two.nothing_waits)
        async with slow_providers(gateway):
            for _ in range(waves):
                begun = [asyncio.create_task(loans.whole(*pair)) for _ in range(AT_ONCE)]
                await given.eventually(two.some_are_in_hand)
                assert not all(task.done() for task in begun), "it came too late"
                await kill_worker(dev)
                assert two.read(_LET_GO), "it had nothing in hand"
                await begin_with_them()
                finished += await asyncio.gather(*begun)
            await given.eventually(two.nothing_waits, RECOVERY)

    books.check(*finished)
    two.read("SELECT fold_report_counts()::text")
    books.check(*finished)
    await check_what_was_sent(gateway, two)


async def kill_worker(dev: Dev) -> None:
    pid = dev.info.pids["worker"]
    dev.kill("worker")

    async def is_gone() -> bool:
        return not is_alive(pid)

    await given.eventually(is_gone)


async def check_what_was_sent(gateway: httpx.AsyncClient, two: Two) -> None:
    copies: Counter[tuple[str, str]] = Counter()
    for address in two.addresses:
        copies.update(
            (letter["channel"], letter["local_id"]) for letter in await sent_to(gateway, address)
        )
    rows = two.read(_MESSAGES)
    assert len(rows) >= AT_ONCE
    for message_id, channel, status, attempts in rows:
        each = [copies[channel, name] for name in names(message_id, channel, attempts)]
        if channel == "sms":  # its provider can be asked what became of an earlier attempt
            assert sum(each) <= 1, (message_id, each)
        assert sum(each) <= attempts, (message_id, each)
        assert sum(each) >= (status == "sent"), (message_id, each)


def names(message_id: UUID, channel: str, attempts: int) -> list[str]:
    """Return what a message is called at its provider: for Kavenegar each attempt has a name."""
    if channel == "sms":
        return [str(local_id(message_id, number)) for number in range(1, attempts + 1)]
    return [str(message_id)]
