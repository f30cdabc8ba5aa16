"""The gateway misbehaves in every way that its simulator knows, and the money comes once."""

import asyncio
from collections.abc import AsyncIterator, Iterable
from datetime import timedelta
from typing import Any

import httpx
import pytest
from temporalio.api.sdk.v1 import WorkflowMetadata
from temporalio.client import Client, WorkflowHandle

from engine.client import connect
from sandbox.gateway.envelope import Shape
from sandbox.gateway.operations import CARD_HASH, CARD_PAN
from sandbox.home import Home
from tests import given
from tests.api.people import Person, problem
from tests.e2e.books import Books
from tests.e2e.dev import Dev
from tests.e2e.gateway import begin, call_back, pay_at
from workflows.messages import Decision, Verb

RIALS = 250_000
# In the worst case a call hangs until the client gives up, and then waits for its next turn.
SETTLED = timedelta(seconds=40)
SPOILED_VERIFIES: list[dict[str, Any]] = [
    {"behaviour": "timeout_after"},  # the money is taken, and then nothing is heard
    {"behaviour": "timeout_after", "seconds": 0.2},
    {"behaviour": "delay", "seconds": 1},
    {"behaviour": "html"},
    {"behaviour": "html", "status": 502},
    {"behaviour": "outage"},
    {"behaviour": "code", "code": -12},
    {"behaviour": "code", "code": -52},
    {"behaviour": "code", "code": -777},
    *({"behaviour": "odd_shape", "shape": shape} for shape in Shape),
]


@pytest.fixture(autouse=True)
async def well_behaved(gateway: httpx.AsyncClient) -> AsyncIterator[None]:
    yield
    await gateway.delete("/control/")


@pytest.fixture
async def client(dev: Dev) -> Client:
    info = dev.info
    return await connect(info.temporal_address, namespace=info.temporal_namespace, keys=dev.keys)


async def misbehave(gateway: httpx.AsyncClient, operation: str, **fault: Any) -> None:
    answer = await gateway.post("/control/", json={"operation": operation, **fault})
    assert answer.status_code == 201, answer.text


async def check_paid_once(books: Books, who: Person, payments: Iterable[Any]) -> None:
    """Wait until all money has come, and look that none came twice."""
    ids = [payment["id"] for payment in payments]

    async def are_paid() -> bool:
        paid = [one for one in (await who.get("/payments/", limit=100))["items"] if one["paid_at"]]
        assert {one["card_pan"] for one in paid} <= {CARD_PAN, None}
        return {one["id"] for one in paid if one["status"] == "paid"} >= set(ids)

    await given.eventually(are_paid, SETTLED)
    for payment_id in ids:
        assert books.keys(f"payment:{payment_id}") == {f"payment:{payment_id}:deposit": 1}
    assert (await who.get("/wallet/"))["balance"] == f"{len(ids) * RIALS}.00"
    books.check()


async def test_however_a_verification_is_answered_the_money_comes_once(
    gateway: httpx.AsyncClient, books: Books, omid: Person
) -> None:
    """All of them at once: each fault spoils one call, and each payment makes at least one."""
    payments = await asyncio.gather(*(begin(omid, RIALS) for _ in SPOILED_VERIFIES))
    for fault in SPOILED_VERIFIES:
        await misbehave(gateway, "verify", **fault)

    authorities = [payment["authority"] for payment in payments]
    await asyncio.gather(*(pay_at(gateway, name, callback=False) for name in authorities))
    answers = await asyncio.gather(*(call_back(omid, name) for name in authorities))

    assert {answer["status"] for answer in answers} <= {"paid", "pending"}
    await check_paid_once(books, omid, payments)
    assert (await gateway.get("/control/")).json()["queued"] == []


@pytest.mark.parametrize("shape", Shape)
async def test_however_a_request_is_answered_the_payer_gets_one_page_that_works(
    gateway: httpx.AsyncClient, books: Books, omid: Person, shape: Shape
) -> None:
    await misbehave(gateway, "request", behaviour="odd_shape", shape=shape)

    payment = await begin(omid, RIALS)

    await pay_at(gateway, payment["authority"], callback=True)
    await check_paid_once(books, omid, [payment])


async def test_inquiries_and_verifications_go_on_until_the_gateway_is_itself_again(
    gateway: httpx.AsyncClient, books: Books, client: Client, omid: Person
) -> None:
    lost, reported = await begin(omid, RIALS), await begin(omid, RIALS)
    await misbehave(gateway, "inquiry", behaviour="html", times=None)
    await misbehave(gateway, "any", behaviour="outage", times=None)
    for payment in (lost, reported):
        await pay_at(gateway, payment["authority"], callback=False)

    waiting = asyncio.create_task(call_back(omid, reported["authority"]))
    for payment in (lost, reported):
        await given.eventually(lambda: is_tried_again(top_up(client, payment)))  # noqa: B023
    refused = await omid.call("POST", "/payments/initiate/", {"amount": RIALS})
    states = {one["status"] for one in (await omid.get("/payments/"))["items"]}
    await gateway.delete("/control/")

    problem(refused, 503, "gateway_unavailable")
    assert states == {"pending", "failed"}, "only what never had a page has failed"
    assert (await waiting)["status"] in {"paid", "pending"}
    await check_paid_once(books, omid, [lost, reported])


def top_up(client: Client, payment: Any) -> WorkflowHandle[Any, Any]:
    return client.get_workflow_handle(f"payment:{payment['id']}")


async def is_tried_again(handle: WorkflowHandle[Any, Any]) -> bool:
    running = (await handle.describe()).raw_description.pending_activities
    return any(call.attempt > 1 for call in running)


async def test_a_payment_that_the_gateway_verified_by_itself_is_paid_once(
    gateway: httpx.AsyncClient, books: Books, omid: Person
) -> None:
    payment = await begin(omid, RIALS)
    wish = {"outcome": "pay", "auto_verified": True}
    await gateway.post(f"/control/pay/{payment['authority']}", json=wish)

    assert (await call_back(omid, payment["authority"]))["status"] == "paid"

    await check_paid_once(books, omid, [payment])


async def test_callbacks_in_parallel_pay_once(
    gateway: httpx.AsyncClient, books: Books, omid: Person
) -> None:
    payment = await begin(omid, RIALS)
    await misbehave(gateway, "callback", behaviour="duplicate", extra=19)

    wish = {"outcome": "pay", "callback": True}
    visited = await gateway.post(f"/control/pay/{payment['authority']}", json=wish)

    assert visited.json()["callback_answers"] == [303] * 20
    await check_paid_once(books, omid, [payment])


async def test_a_callback_that_overtakes_the_answer_to_the_request_pays_once(
    gateway: httpx.AsyncClient, books: Books, omid: Person
) -> None:
    await misbehave(gateway, "request", behaviour="delay", seconds=1.5)
    opening = asyncio.create_task(begin(omid, RIALS))
    authority = await opened_at(gateway, omid)

    wish = {"outcome": "pay", "callback": True}
    paying = asyncio.create_task(gateway.post(f"/control/pay/{authority}", json=wish))
    await given.eventually(lambda: was_visited(gateway))
    assert not opening.done()

    assert (await paying).json()["callback_answers"] == [303]
    payment = await opening
    assert payment["authority"] == authority
    assert (await omid.get(f"/payments/{payment['id']}/"))["status"] == "paid"
    await check_paid_once(books, omid, [payment])


async def opened_at(gateway: httpx.AsyncClient, who: Person) -> str:
    """Wait until the gateway has opened a user's only payment, and return its name there."""
    found: list[str] = []

    async def is_opened() -> bool:
        orders = {payment["id"] for payment in (await who.get("/payments/"))["items"]}
        opened = (await gateway.get("/control/payments/")).json()
        found[:] = [one["authority"] for one in opened if one["order_id"] in orders]
        return bool(found)

    await given.eventually(is_opened)
    return found[0]


async def was_visited(gateway: httpx.AsyncClient) -> bool:
    return bool((await gateway.get("/control/")).json()["calls"].get("callback"))


async def test_a_payment_of_another_amount_waits_for_an_operator_and_is_paid_when_told(
    dev: Dev, gateway: httpx.AsyncClient, books: Books, client: Client, omid: Person
) -> None:
    payment = await begin(omid, RIALS)
    await misbehave(gateway, "verify", behaviour="wrong_amount")
    await pay_at(gateway, payment["authority"], callback=False)
    waiting = asyncio.create_task(call_back(omid, payment["authority"]))

    await given.eventually(lambda: is_listed_for_attention(client, payment))
    [alert] = [
        line for line in worker_log(dev) if payment["id"] in line and '"level": "error"' in line
    ]
    details = await top_up(client, payment).query(
        "__temporal_workflow_metadata", result_type=WorkflowMetadata
    )
    for words in (alert, details.current_details):
        assert payment["id"] in words
        assert "250,000 rials" in words
        assert "-50" in words
        assert CARD_PAN not in words
        assert CARD_HASH not in words
    assert books.keys(f"payment:{payment['id']}") == {}

    go_on = Decision(Verb.RETRY, "olga", "The amounts agree at the bank.")
    await top_up(client, payment).execute_update("operator_decide", go_on)

    assert (await waiting)["status"] in {"paid", "pending"}
    await check_paid_once(books, omid, [payment])


async def is_listed_for_attention(client: Client, payment: Any) -> bool:
    parked = f'NeedsAttention=true AND WorkflowId="payment:{payment["id"]}"'
    return [found.id async for found in client.list_workflows(parked)] != []


def worker_log(dev: Dev) -> list[str]:
    return (Home.at(dev.home).logs / "worker.log").read_text().splitlines()
