"""Top-ups: opened over HTTP, paid at the simulator's page, looked at by the engine."""

import asyncio
import time
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any
from uuid import uuid4

import httpx
import pytest

from api.grace import Grace
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


@pytest.mark.parametrize("authority", ["", "A" * 35, "x" * 5000, "\x00", "'; DROP", "ü"])
async def test_an_unknown_authority_is_unknown(http: httpx.AsyncClient, authority: str) -> None:
    query = {"Authority": authority, "Status": "OK"}

    browser = await http.get(VERIFY, params=query)
    program = await http.get(VERIFY, params=query, headers=JSON)

    assert browser.status_code == 303
    assert browser.headers["location"] == f"{FRONTEND}/payments/?status=unknown"
    problem(program, 404, "not_found")
    assert (await http.get(VERIFY)).status_code == 303


async def test_a_well_formed_authority_that_nobody_stores_is_unknown_after_a_moment(
    http: httpx.AsyncClient,
) -> None:
    query = {"Authority": f"S{uuid4().hex}000", "Status": "OK"}
    began = time.monotonic()

    browser, program = await asyncio.gather(
        http.get(VERIFY, params=query), http.get(VERIFY, params=query, headers=JSON)
    )

    assert time.monotonic() - began < 5
    assert browser.headers["location"] == f"{FRONTEND}/payments/?status=unknown"
    problem(program, 404, "not_found")


async def test_of_a_crowd_that_asks_for_nothing_only_some_are_made_to_wait() -> None:
    grace = Grace(patience=timedelta(hours=1), most=2)
    waiting = [asyncio.create_task(grace.find(nothing)) for _ in range(2)]
    await given.eventually(lambda: are_waiting(grace, 2))

    async with asyncio.timeout(5):
        assert await grace.find(nothing) is None

    for task in waiting:
        task.cancel()
    await asyncio.gather(*waiting, return_exceptions=True)
    assert grace.waiting == 0


async def nothing() -> str | None:
    return None


async def are_waiting(grace: Grace, number: int) -> bool:
    return grace.waiting == number


async def test_a_payer_who_is_back_before_the_gateways_answer_is_waited_for(
    http: httpx.AsyncClient, gateway: httpx.AsyncClient, sara: Person
) -> None:
    late = {"operation": "request", "behaviour": "delay", "seconds": 1}
    known = await authorities(gateway)
    await gateway.post("/control/", json=late)
    opening = asyncio.create_task(sara.post("/payments/initiate/", {"amount": 250_000}))

    async def is_open() -> bool:
        return await authorities(gateway) != known

    await given.eventually(is_open)
    [authority] = await authorities(gateway) - known
    paid = await gateway.post(f"/pg/StartPay/{authority}/pay")
    assert not opening.done()

    back = await http.get(VERIFY, params=httpx.URL(paid.headers["location"]).params)

    payment = await opening
    assert back.headers["location"] == f"{FRONTEND}/payments/{payment['id']}?status=paid"
    assert (await sara.get("/wallet/"))["balance"] == "250000.00"


async def authorities(gateway: httpx.AsyncClient) -> set[str]:
    """The payments that the gateway knows."""
    listed = (await gateway.get("/control/payments/")).json()
    return {payment["authority"] for payment in listed}


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
    body = await a_payable_ticket(sara, omid)
    path = f"/tickets/{body['ticket_id']}/"
    payment = await omid.post("/payments/initiate/", body)
    assert payment["ticket_id"] == body["ticket_id"]

    await gateway.post(f"{payment['redirect_url']}/pay")
    await come_back(http, payment)

    async def is_active() -> bool:
        return bool((await omid.get(path))["status"] == "active")

    await given.eventually(is_active)
    assert await omid.get("/wallet/") == {"balance": "0.00", "held": "600000.00", "currency": "IRR"}


async def test_a_ticket_has_one_open_payment_and_the_refusal_leads_to_it(
    http: httpx.AsyncClient, gateway: httpx.AsyncClient, sara: Person, omid: Person
) -> None:
    body = await a_payable_ticket(sara, omid)
    payment = await omid.post("/payments/initiate/", body)

    second = await omid.call("POST", "/payments/initiate/", body)

    assert problem(second, 409, "illegal_transition")["facts"] == {
        "status": "pending", "payment_id": payment["id"], "redirect_url": payment["redirect_url"],
    }  # fmt: skip
    await gateway.post(f"{payment['redirect_url']}/cancel")
    await come_back(http, payment, "NOK")
    assert (await omid.post("/payments/initiate/", body))["status"] == "pending"


async def test_of_requests_to_pay_one_ticket_at_once_one_opens(
    gateway: httpx.AsyncClient, sara: Person, omid: Person
) -> None:
    body = await a_payable_ticket(sara, omid)

    answers = await asyncio.gather(
        *(omid.call("POST", "/payments/initiate/", body, key=f"click-{n}") for n in range(6))
    )

    [opened] = [answer.json() for answer in answers if answer.status_code == 201]
    refused = [answer for answer in answers if answer.status_code != 201]
    for answer in refused:
        facts = problem(answer, 409, "illegal_transition")["facts"]
        assert facts["payment_id"] == opened["id"]
    assert len(refused) == 5
    assert len((await omid.get("/payments/"))["items"]) == 1
    assert (await gateway.get("/control/")).json()["calls"]["request"] == 1


async def test_money_for_a_ticket_that_cannot_take_it_stays_in_the_wallet_with_a_notice(
    http: httpx.AsyncClient, gateway: httpx.AsyncClient, sara: Person, omid: Person
) -> None:
    body = await a_payable_ticket(sara, omid)
    payment = await omid.post("/payments/initiate/", body)
    assert payment["notice"] is None
    await omid.patch(f"/tickets/{body['ticket_id']}/cancel/", {})

    await gateway.post(f"{payment['redirect_url']}/pay")
    await come_back(http, payment)

    async def is_noticed() -> bool:
        stored = await omid.get(f"/payments/{payment['id']}/")
        return bool(stored["notice"] == "kept_in_wallet" and stored["status"] == "paid")

    await given.eventually(is_noticed)
    assert (await omid.get("/wallet/"))["balance"] == "600000.00"


async def a_payable_ticket(lender: Person, borrower: Person) -> dict[str, str]:
    """An accepted request, as the body of a payment that pays it."""
    asset = await lender.lists()
    ticket = await borrower.post("/tickets/", {"asset_id": asset["id"], "days": 1})
    await lender.patch(f"/tickets/{ticket['id']}/accept/", {})
    return {"amount": "600000", "ticket_id": ticket["id"]}


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


async def test_a_payment_that_was_never_opened_stays_so_under_its_key_and_opens_under_a_new_one(
    gateway: httpx.AsyncClient, sara: Person
) -> None:
    wish, key = {"amount": 10_000}, str(uuid4())
    await gateway.post(
        "/control/", json={"operation": "request", "behaviour": "outage", "times": 2}
    )
    problem(
        await sara.call("POST", "/payments/initiate/", wish, key=key), 503, "gateway_unavailable"
    )

    again = await sara.call("POST", "/payments/initiate/", wish, key=key)
    other = await sara.call("POST", "/payments/initiate/", wish, key=str(uuid4()))

    problem(again, 503, "gateway_unavailable")
    assert other.status_code == 201, other.text


async def test_another_users_payment_is_not_there(
    sara: Person, omid: Person, operator: Person
) -> None:
    payment = await sara.post("/payments/initiate/", {"amount": 10_000})
    path = f"/payments/{payment['id']}/"

    problem(await omid.call("GET", path), 404, "not_found")
    problem(await omid.call("GET", "/payments/no-id/"), 404, "not_found")
    assert (await omid.get("/payments/"))["items"] == []
    assert (await operator.get(path))["id"] == payment["id"]
