"""The gateway's callback: lost, forged, or coming again and again."""

import asyncio
import time
from datetime import timedelta

import httpx

from tests import given
from tests.api.people import Person
from tests.e2e.books import Books
from tests.e2e.dev import RECONCILE_INTERVAL_S
from tests.e2e.gateway import begin, call_back, pay_at

RIALS = 250_000
# What asking the gateway and posting the deposit may take on a busy machine.
WORK_S = 3.0


async def test_a_payment_whose_callback_was_lost_is_found_in_time(
    gateway: httpx.AsyncClient, books: Books, omid: Person
) -> None:
    payment = await begin(omid, RIALS)

    await pay_at(gateway, payment["authority"], callback=False)

    paid_at = time.monotonic()
    await given.eventually(lambda: has(omid, RIALS), timedelta(seconds=30))
    assert time.monotonic() - paid_at < RECONCILE_INTERVAL_S + WORK_S
    assert books.keys(f"payment:{payment['id']}") == {f"payment:{payment['id']}:deposit": 1}


async def has(person: Person, rials: int) -> bool:
    return bool((await person.get("/wallet/"))["balance"] == f"{rials}.00")


async def test_a_forged_callback_moves_nothing(books: Books, omid: Person) -> None:
    payment = await begin(omid, RIALS)

    result = await call_back(omid, payment["authority"])

    assert result["status"] == "pending"
    assert books.keys(f"payment:{payment['id']}") == {}
    assert await has(omid, 0)


async def test_a_repeated_callback_moves_nothing_twice(
    gateway: httpx.AsyncClient, books: Books, omid: Person
) -> None:
    payment = await begin(omid, RIALS)
    await pay_at(gateway, payment["authority"], callback=False)

    at_once = await asyncio.gather(*(call_back(omid, payment["authority"]) for _ in range(10)))
    later = await call_back(omid, payment["authority"])

    assert {result["status"] for result in [*at_once, later]} == {"paid"}
    assert books.keys(f"payment:{payment['id']}") == {f"payment:{payment['id']}:deposit": 1}
    assert await has(omid, RIALS)
    books.check()
