"""A real payment waits for an operator, who finds it and decides at the command line."""

import asyncio
import getpass
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest

from tests import given
from tests.api.people import Person
from tests.e2e.books import Books
from tests.e2e.dev import Dev
from tests.e2e.gateway import begin, call_back, pay_at

RIALS = 250_000


@pytest.fixture(autouse=True)
async def well_behaved(gateway: httpx.AsyncClient) -> AsyncIterator[None]:
    yield
    await gateway.delete("/control/")


async def named(operator: Person, workflow_id: str) -> list[Any]:
    items = (await operator.get("/ops/attention/", limit=100))["items"]
    return [item for item in items if item["workflow_id"] == workflow_id]


async def is_listed(operator: Person, workflow_id: str) -> bool:
    return bool(await named(operator, workflow_id))


async def test_a_payment_of_another_amount_is_found_and_resumed_at_the_command_line(
    dev: Dev, gateway: httpx.AsyncClient, books: Books, omid: Person, operator: Person
) -> None:
    payment = await begin(omid, RIALS)
    workflow_id = f"payment:{payment['id']}"
    fault = {"operation": "verify", "behaviour": "wrong_amount"}
    (await gateway.post("/control/", json=fault)).raise_for_status()
    await pay_at(gateway, payment["authority"], callback=False)
    waiting = asyncio.create_task(call_back(omid, payment["authority"]))
    await given.eventually(lambda: is_listed(operator, workflow_id))

    found = await dev.run("attention")
    decided = await dev.run("decide", workflow_id, "retry", "--note", "The bank agrees.")

    assert found.returncode == 0, found.stderr
    assert f"{workflow_id}  parked since " in found.stdout
    assert (decided.returncode, decided.stderr) == (0, "")
    assert decided.stdout == f"retry by {getpass.getuser()}: taken up\n"
    assert (await waiting)["status"] in {"paid", "pending"}
    assert not await is_listed(operator, workflow_id)
    [line] = (await operator.get("/ops/audit/", object=workflow_id))["items"]
    assert (line["action"], line["details"]["actor"]) == ("workflow_retried", getpass.getuser())
    await given.eventually(lambda: is_paid(omid, payment))
    assert len(books.keys(workflow_id)) == 1


async def is_paid(who: Person, payment: Any) -> bool:
    return bool((await who.get(f"/payments/{payment['id']}/"))["status"] == "paid")
