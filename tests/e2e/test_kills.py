"""kill -9 of the worker or the API, at rest and in full flight: every rial moves once."""

import asyncio
import random

import httpx
import pytest

from tests import given
from tests.api.people import Person
from tests.e2e import loans
from tests.e2e.books import Books
from tests.e2e.dev import Dev
from tests.e2e.gateway import top_up
from tests.e2e.loans import Loan

AT_ONCE = 20
WAVES = 5
PRICE = 600_000


@pytest.mark.parametrize("victim", ["worker", "api"])
async def test_a_loan_goes_on_after_a_kill_between_any_two_steps(
    dev: Dev, gateway: httpx.AsyncClient, books: Books, sara: Person, omid: Person, victim: str
) -> None:
    await top_up(gateway, omid, 3 * PRICE)
    after_request = await loans.requested(sara, omid)
    after_accept = await loans.accepted(sara, omid)
    after_pay = await loans.active(sara, omid)

    dev.kill(victim)

    await after_request.accept()
    await asyncio.gather(after_request.pay(), after_accept.pay())
    all_three = (after_request, after_accept, after_pay)
    await asyncio.gather(*(loan.complete() for loan in all_three))
    books.check(*all_three)
    assert (await omid.get("/wallet/"))["balance"] == "1500000.00"
    assert (await sara.get("/wallet/"))["balance"] == "285000.00"


@pytest.mark.parametrize("victim", ["worker", "api"])
async def test_twenty_loans_in_flight_outlive_a_kill(
    dev: Dev, gateway: httpx.AsyncClient, books: Books, sara: Person, omid: Person, victim: str
) -> None:
    await top_up(gateway, omid, AT_ONCE * PRICE)
    begun = [asyncio.create_task(loans.whole(sara, omid)) for _ in range(AT_ONCE)]

    await given.eventually(lambda: some_are_completed(omid))
    dev.kill(victim)
    assert not all(task.done() for task in begun), "it came too late"
    finished: list[Loan] = await asyncio.gather(*begun)

    assert len({loan.id for loan in finished}) == AT_ONCE
    books.check(*finished)
    assert (await omid.get("/wallet/"))["balance"] == f"{AT_ONCE * 500_000}.00"
    assert (await sara.get("/wallet/"))["balance"] == f"{AT_ONCE * 95_000}.00"


@pytest.mark.long
@pytest.mark.timeout(600)
@pytest.mark.parametrize("seed", [1, 2, 3])
async def test_loans_outlive_kills_at_any_moment(
    dev: Dev, gateway: httpx.AsyncClient, books: Books, sara: Person, omid: Person, seed: int
) -> None:
    """Waves of loans; in each, the worker and the API die once, whenever the seed says."""
    moments = random.Random(seed)
    finished: list[Loan] = []
    await top_up(gateway, omid, WAVES * AT_ONCE * PRICE)

    for _ in range(WAVES):
        begun = [asyncio.create_task(loans.whole(sara, omid)) for _ in range(AT_ONCE)]
        for victim in moments.sample(["worker", "api"], 2):
            await asyncio.sleep(moments.uniform(0.2, 1.5))
            dev.kill(victim)
        finished += await asyncio.gather(*begun)

    books.check(*finished)
    assert (await sara.get("/wallet/"))["balance"] == f"{WAVES * AT_ONCE * 95_000}.00"


async def some_are_completed(borrower: Person) -> bool:
    """Wait for the middle of it: some loans are done, most are under way."""
    return bool((await borrower.get("/tickets/", status="completed"))["items"])
