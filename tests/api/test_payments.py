"""Top-ups: opened over HTTP, paid at the simulator's page, looked at by the engine."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any
from uuid import uuid4

import httpx
import pytest

from tests import given
from tests.api.conftest import FRONTEND
from tests.api.people import Person, problem

pytestmark = pytest.mark.usefixtures("worker")
VERIFY = "/api/v1/payments/verify/"
JSON = {"Accept": "application/json"}


@pytest.fixture(autouse=True)
async def well_behaved(gateway: httpx.AsyncClient) -> AsyncIterator[None]:
    yield
    await gateway.delete("/control/")


async def come_back(
    http: httpx.AsyncClient, payment: Any, status: str = "OK", **headers: str
) -> httpx.Response:
    query = {"Authority": payment["authority"], "Status": status}
    return await http.get(VERIFY, params=query, headers=headers)


async def test_a_top_up_is_paid_at_the_gateways_page_and_credited_once(
    http: httpx.AsyncClient, gateway: httpx.AsyncClient, sara: Person
) -> None:
    payment = await sara.post("/payments/initiate/", {"amount": "250000"})
    assert (payment["status"], payment["amount"]) == ("pending", "250000.00")
    path = f"/payments/{payment['id']}/"
    assert await sara.get(path) == payment

    paid = await gateway.post(f"{payment['redirect_url']}/pay")
    query = httpx.URL(paid.headers["location"]).params
    backs = await asyncio.gather(*(http.get(VERIFY, params=query) for _ in range(5)))

    for back in backs:
        assert back.status_code == 303
        assert back.headers["location"] == f"{FRONTEND}/payments/{payment['id']}?status=paid"
    state = await come_back(http, payment, **JSON)
    stored = await sara.get(path)
    assert state.json() == {
        "id": payment["id"], "status": "paid", "amount": "250000.00", "ref_id": stored["ref_id"],
    }  # fmt: skip
    assert stored["status"] == "paid"
    assert stored["paid_at"]
    assert stored["card_pan"]
    assert (await sara.get("/wallet/"))["balance"] == "250000.00"
    assert [item["id"] for item in (await sara.get("/payments/"))["items"]] == [payment["id"]]


async def test_a_forged_callback_moves_nothing(http: httpx.AsyncClient, sara: Person) -> None:
    payment = await sara.post("/payments/initiate/", {"amount": 10_000})

    back = await come_back(http, payment, "OK", **JSON)

    assert back.json()["status"] == "pending"
    assert (await sara.get("/wallet/"))["balance"] == "0.00"


async def test_a_cancelled_payment_shows_as_cancelled(
    http: httpx.AsyncClient, gateway: httpx.AsyncClient, sara: Person
) -> None:
    payment = await sara.post("/payments/initiate/", {"amount": 10_000})
    await gateway.post(f"{payment['redirect_url']}/cancel")

    back = await come_back(http, payment, "NOK")

    assert back.headers["location"].endswith("?status=cancelled")


@pytest.mark.parametrize("authority", ["", "A" * 36, "x" * 5000, "\x00", "'; DROP", "ü"])
async def test_an_unknown_authority_is_unknown(http: httpx.AsyncClient, authority: str) -> None:
    query = {"Authority": authority, "Status": "OK"}

    browser = await http.get(VERIFY, params=query)
    program = await http.get(VERIFY, params=query, headers=JSON)

    assert browser.status_code == 303
    assert browser.headers["location"] == f"{FRONTEND}/payments/?status=unknown"
    problem(program, 404, "not_found")
    assert (await http.get(VERIFY)).status_code == 303


@pytest.mark.parametrize("amount", ["9999", 1_000_000_001, "10000.50", "0", -1, 1e6, "NaN", None])
async def test_the_gateway_takes_whole_rials_between_its_limits(sara: Person, amount: Any) -> None:
    answer = await sara.call("POST", "/payments/initiate/", {"amount": amount})

    [error] = problem(answer, 422, "validation_error")["errors"]
    assert error["pointer"] == "/amount"


async def test_a_payment_names_only_ones_own_ticket_when_it_can_be_paid(
    sara: Person, omid: Person, stranger: Person
) -> None:
    asset = await sara.lists()
    ticket = await omid.post("/tickets/", {"asset_id": asset["id"], "days": 1})
    body = {"amount": "600000", "ticket_id": ticket["id"]}

    for other in (sara, stranger):
        problem(await other.call("POST", "/payments/initiate/", body), 404, "not_found")
    unknown = body | {"ticket_id": str(uuid4())}
    problem(await omid.call("POST", "/payments/initiate/", unknown), 404, "not_found")
    early = await omid.call("POST", "/payments/initiate/", body)
    assert problem(early, 409, "illegal_transition")["facts"] == {"status": "pending"}


async def test_a_payment_for_a_ticket_goes_on_into_its_escrow(
    http: httpx.AsyncClient, gateway: httpx.AsyncClient, sara: Person, omid: Person
) -> None:
    asset = await sara.lists()
    ticket = await omid.post("/tickets/", {"asset_id": asset["id"], "days": 1})
    path = f"/tickets/{ticket['id']}/"
    await sara.patch(f"{path}accept/", {})
    body = {"amount": "600000", "ticket_id": ticket["id"]}
    payment = await omid.post("/payments/initiate/", body)
    assert payment["ticket_id"] == ticket["id"]

    await gateway.post(f"{payment['redirect_url']}/pay")
    await come_back(http, payment)

    async def is_active() -> bool:
        return bool((await omid.get(path))["status"] == "active")

    await given.eventually(is_active)
    assert await omid.get("/wallet/") == {"balance": "0.00", "held": "600000.00", "currency": "IRR"}


async def test_a_gateway_that_refuses_or_is_away_is_told_apart(
    gateway: httpx.AsyncClient, sara: Person
) -> None:
    await gateway.post("/control/", json={"operation": "request", "behaviour": "code", "code": -11})
    refused = await sara.call("POST", "/payments/initiate/", {"amount": 10_000})
    problem(refused, 502, "gateway_refused")

    await gateway.post(
        "/control/", json={"operation": "request", "behaviour": "outage", "times": 2}
    )
    away = await sara.call("POST", "/payments/initiate/", {"amount": 10_000})

    problem(away, 503, "gateway_unavailable")
    assert int(away.headers["retry-after"]) > 0


async def test_another_users_payment_is_not_there(
    sara: Person, omid: Person, operator: Person
) -> None:
    payment = await sara.post("/payments/initiate/", {"amount": 10_000})
    path = f"/payments/{payment['id']}/"

    problem(await omid.call("GET", path), 404, "not_found")
    problem(await omid.call("GET", "/payments/no-id/"), 404, "not_found")
    assert (await omid.get("/payments/"))["items"] == []
    assert (await operator.get(path))["id"] == payment["id"]
