"""Real processes end where each step has just done what cannot be undone, amid all that goes on.

That every other moment is safe as well, `test_steps.py` shows for each step by itself: whatever the
moment, Temporal hears the same, namely nothing.
"""

import asyncio
from collections.abc import AsyncIterator, Iterator, Sequence
from pathlib import Path

import httpx
import psycopg
import pytest
from temporalio.workflow import _Definition

from models import verification
from tests.api.people import Person, join
from tests.crash_points.cases import CASES, World
from tests.crash_points.crew import Crew
from tests.crash_points.flows import FLOWS, Cast, clerk
from tests.crash_points.mortal import Mortal
from tests.crash_points.rounds import concluded, many, stuck
from tests.e2e.books import Books
from tests.e2e.dev import Dev
from worker import WORKFLOWS

AT_ONCE = 3
WORKERS = 4
MONEY = 40_000_000
LIMIT_S = 120.0
# One of each kind of command that the API gives, and each moment of one of them.
REQUESTS = (
    "POST tickets:claimed",
    "POST tickets:worked",
    "PATCH tickets.{ticket_id}.accept:worked",
    "POST payments.initiate:worked",
    "GET payments.verify:answering",
    "POST wallet.transfer:worked",
    "POST wallet.withdrawals:worked",
    "PATCH ops.withdrawals.{withdrawal_id}.approve:worked",
    "POST ops.ledger.reversals:worked",
    "POST ops.payments.{payment_id}.reverse:worked",
    "POST ops.workflows.{workflow_id}.decide:answering",
)


@pytest.fixture
def own_dev(tmp_path: Path) -> Iterator[Dev]:
    dev = Dev(tmp_path / "home")
    dev.start()
    yield dev
    assert dev.stop() == 0


@pytest.fixture
async def cast(own_dev: Dev) -> AsyncIterator[Cast]:
    async with (
        httpx.AsyncClient(base_url=own_dev.info.api, timeout=30, trust_env=False) as http,
        httpx.AsyncClient(base_url=own_dev.info.gateway, timeout=60, trust_env=False) as gateway,
    ):
        lender, borrower, first, second = [await join(http) for _ in range(4)]
        for operator in (first, second):
            promote(own_dev, operator)
        yield Cast(gateway, lender, borrower, first, second)


def promote(dev: Dev, person: Person) -> None:
    """Make an operator, of long ago, so that there are days to be reported."""
    with psycopg.connect(dev.info.superuser_url) as database:
        database.execute(
            "UPDATE users SET role = 'operator', created_at = created_at - interval '9 days' "
            "WHERE id = %s",
            [person.id],
        )


@pytest.mark.long
@pytest.mark.timeout(900)
async def test_processes_die_in_every_step_and_workflow_and_all_is_done_once(
    own_dev: Dev, cast: Cast, world: World, mortal: Mortal, tmp_path: Path
) -> None:
    names = await all_points(world, mortal)
    await rich(own_dev, cast)
    crew = Crew(own_dev, tmp_path / "crew.log", WORKERS)

    async with crew.at_work():
        own_dev.arm(*names)
        left = await live(own_dev, cast)
        not_reached = sorted(path.name for path in own_dev.armed.iterdir())
        await concluded(own_dev)

    assert not_reached == []
    assert crew.deaths > len(names) // 4
    wallet = await cast.borrower.get("/wallet/")
    assert wallet["balance"] == f"{MONEY + left}.00"
    Books(own_dev.info.database_url).check()
    assert (await verification.verify(own_dev.info.database_url)).holds
    assert (await verification.verify_log(own_dev.info.database_url)).holds


async def all_points(world: World, mortal: Mortal) -> set[str]:
    """Name the worst moment of every step, having taken each once, and of every workflow."""
    worst: dict[str, str] = {}
    for case in CASES.values():
        call = await case(world)
        mortal.points.passed.clear()
        await mortal.take(call.step, *call.command)
        worst[call.step] = the_worst(mortal.points.passed)
    decided = {f"{_Definition.must_from_class(each).name}:decided" for each in WORKFLOWS}
    return {*worst.values(), *decided, *REQUESTS}


def the_worst(passed: Sequence[str]) -> str:
    """Return where something was done that nobody has noted, or where the answer is lost."""
    for moment in ("answered", "committed", "returned"):
        found = [name for name in passed if name.endswith(f":{moment}")]
        if found:
            return found[0]
    raise LookupError(passed)


async def rich(dev: Dev, cast: Cast) -> None:
    payment = await cast.borrower.post("/payments/initiate/", {"amount": MONEY})
    wish = {"outcome": "pay", "callback": True}
    (await cast.gateway.post(f"/control/pay/{payment['authority']}", json=wish)).raise_for_status()
    assert (await cast.borrower.get("/wallet/"))["balance"] == f"{MONEY}.00"


async def live(dev: Dev, cast: Cast) -> int:
    """Let everything go on until each point was hit; return what it left the borrower with."""
    left = 0
    async with many(dev), asyncio.timeout(5 * LIMIT_S), asyncio.TaskGroup() as beside:
        deciding = beside.create_task(clerk(cast))
        mending = beside.create_task(stuck(dev, cast, AT_ONCE))
        ends_at = asyncio.get_running_loop().time() + LIMIT_S
        while asyncio.get_running_loop().time() < ends_at and not await dev.has_died_everywhere():
            left += sum(
                await asyncio.gather(*(flow(cast) for flow in FLOWS for _ in range(AT_ONCE)))
            )
        await mending
        deciding.cancel()
    return left
