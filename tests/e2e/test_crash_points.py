"""Real processes end at the most dangerous moments: everything that was begun happens once."""

import asyncio

import httpx
import pytest

from sandbox.home import Home
from tests import given
from tests.api.people import Person
from tests.e2e import loans
from tests.e2e.books import Books
from tests.e2e.dev import Dev
from tests.e2e.gateway import begin, pay_at, top_up

RIALS = 250_000
PRICE = 600_000
WORKERS = ("move_ticket:committed", "settle_payment:committed", "TicketLoan:decided")
REQUESTS = ("PATCH tickets.{ticket_id}.pay:worked", "POST tickets:claimed")


@pytest.mark.parametrize("names", [WORKERS, REQUESTS], ids=["worker", "api"])
async def test_what_was_begun_happens_once_though_its_process_ends_there(
    dev: Dev,
    gateway: httpx.AsyncClient,
    books: Books,
    sara: Person,
    omid: Person,
    names: tuple[str, ...],
) -> None:
    await top_up(gateway, omid, PRICE)
    payment = await begin(omid, RIALS)
    dev.arm(*names)

    await pay_at(gateway, payment["authority"], callback=False)  # it is found without the callback
    loan = await loans.whole(sara, omid)

    await given.eventually(lambda: is_paid(omid, payment["id"]))
    await given.eventually(dev.has_died_everywhere)
    await asyncio.to_thread(books.check, loan)
    assert len(books.keys(f"payment:{payment['id']}")) == 1
    assert (await omid.get("/wallet/"))["balance"] == f"{500_000 + RIALS}.00"
    assert (await sara.get("/wallet/"))["balance"] == "95000.00"
    logs = Home.at(dev.home).logs
    told = (logs / "worker.log").read_text() + (logs / "api.log").read_text()
    assert [told.count(f"ending at the crash point {name}") for name in names] == [1] * len(names)


async def is_paid(who: Person, payment_id: str) -> bool:
    try:
        return bool((await who.get(f"/payments/{payment_id}/"))["status"] == "paid")
    except httpx.TransportError:
        return False  # the API is being restarted
