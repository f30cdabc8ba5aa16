"""Sixteen connections that post all the time: none fails, none waits for ever, the books hold."""

import asyncio
import random
import time
from collections.abc import Callable
from decimal import Decimal
from uuid import UUID

import pytest

from domain import ledger
from models.base import new_id
from models.database import Sessions
from models.queries import ledger as queries
from models.queries import proofs
from tests import given

CONNECTIONS = 16
WALLETS = 50  # few, so that any two transactions often want the same ones
SHORT_S = 2.0
LONG_S = 20.0
PLENTY = Decimal(1_000_000_000)

Pair = Callable[[], tuple[UUID, UUID]]


async def post_for(sessions: Sessions, seconds: float, pair: Pair) -> int:
    """Post transfers on all connections; the first failure ends it. Return how many there were."""
    until = time.monotonic() + seconds

    async def connection() -> int:
        posted = 0
        while time.monotonic() < until:
            sender, receiver = pair()
            amount = Decimal(random.randint(1, 1000))
            transfer = ledger.transfer(new_id(), sender, receiver, amount, "soak")
            async with sessions.begin() as session:
                assert await queries.post(session, transfer)
            posted += 1
        return posted

    async with asyncio.TaskGroup() as group:
        tasks = [group.create_task(connection()) for _ in range(CONNECTIONS)]
    return sum(task.result() for task in tasks)


@pytest.mark.parametrize(
    "seconds",
    [SHORT_S, pytest.param(LONG_S, marks=[pytest.mark.long, pytest.mark.timeout(300)])],
)
async def test_sixteen_connections_post_without_a_failure_and_the_books_hold(
    own_sessions: Sessions, seconds: float
) -> None:
    users = [await given.a_user(own_sessions) for _ in range(WALLETS)]
    for user in users:
        await given.a_paid_payment(own_sessions, user, PLENTY)

    def uniform() -> tuple[UUID, UUID]:
        sender, receiver = random.sample(users, 2)
        return sender, receiver

    def hot() -> tuple[UUID, UUID]:
        return random.choice(users[1:]), users[0]

    posted = await post_for(own_sessions, seconds, uniform)
    posted += await post_for(own_sessions, seconds, hot)

    async with own_sessions() as session:
        report = await proofs.verify(session)
    assert report.violations == ()
    assert report.transactions == WALLETS + posted
    assert posted > CONNECTIONS
