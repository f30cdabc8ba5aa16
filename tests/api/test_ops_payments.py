"""Operators send payments back, hold them against the gateway, and see everybody's."""

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID, uuid4

import httpx
import pytest
from temporalio.client import WorkflowExecutionStatus

from domain import ids
from domain.ledger import transfer
from domain.payment import PaymentStatus
from engine.client import connect
from models.database import Sessions
from models.queries.ledger import post
from settings import Settings
from tests import given
from tests.api.loans import forget_outcomes
from tests.api.people import Person, problem
from tests.conftest import KEYS

AMOUNT = 250_000
WHY = {"reason": "Paid twice"}
pytestmark = pytest.mark.usefixtures("worker")


@pytest.fixture(autouse=True)
async def honest(gateway: httpx.AsyncClient) -> AsyncIterator[None]:
    yield
    await gateway.delete("/control/")


async def a_paid_payment(person: Person, gateway: httpx.AsyncClient) -> Any:
    payment = await person.post("/payments/initiate/", {"amount": AMOUNT})
    await pay(gateway, payment)
    query = {"Authority": payment["authority"], "Status": "OK"}
    await person.http.get("/api/v1/payments/verify/", params=query)
    return payment


async def pay(gateway: httpx.AsyncClient, payment: Any) -> None:
    answer = await gateway.post(f"/control/pay/{payment['authority']}", json={"outcome": "pay"})
    answer.raise_for_status()


async def fault(gateway: httpx.AsyncClient, **wish: Any) -> None:
    (await gateway.post("/control/", json=wish)).raise_for_status()


async def reverse(operator: Person, payment: Any, key: str | None = None) -> httpx.Response:
    return await operator.call("POST", f"/ops/payments/{payment['id']}/reverse/", WHY, key=key)


async def test_a_payment_goes_back_to_its_card_once(
    sara: Person, operator: Person, gateway: httpx.AsyncClient
) -> None:
    payment = await a_paid_payment(sara, gateway)

    answer = await reverse(operator, payment, key="back")

    assert answer.status_code == 200, answer.text
    assert answer.json()["status"] == "reversed"
    assert answer.json()["reversal"] == "done"
    assert answer.json()["user_id"] == sara.id
    assert (await sara.get("/wallet/"))["balance"] == "0.00"
    assert (await sara.get(f"/payments/{payment['id']}/"))["status"] == "reversed"
    again = await reverse(operator, payment, key="back")
    assert (again.json(), again.headers["idempotency-replayed"]) == (answer.json(), "true")
    body = problem(await reverse(operator, payment), 409, "illegal_transition")
    assert body["facts"] == {"status": "reversed"}


async def test_operators_who_click_together_hear_the_same(
    sara: Person, operator: Person, gateway: httpx.AsyncClient
) -> None:
    payment = await a_paid_payment(sara, gateway)
    await fault(gateway, operation="reverse", behaviour="delay", seconds=0.5)

    answers = await asyncio.gather(*(reverse(operator, payment) for _ in range(5)))

    assert {answer.status_code for answer in answers} == {200}
    assert {answer.json()["status"] for answer in answers} == {"reversed"}
    entries = (await sara.get("/wallet/entries/"))["items"]
    assert [(entry["type"], entry["amount"]) for entry in entries] == [
        ("debit", f"{AMOUNT}.00"),
        ("credit", f"{AMOUNT}.00"),
    ]


async def test_one_request_in_many_copies_is_one_success(
    sara: Person, operator: Person, gateway: httpx.AsyncClient, sessions: Sessions
) -> None:
    """Whichever copy comes first to the work, and also when the outcome was not kept."""
    payment = await a_paid_payment(sara, gateway)

    answers = await asyncio.gather(*(reverse(operator, payment, key="back") for _ in range(8)))
    await forget_outcomes(sessions, ["back"])
    later = await reverse(operator, payment, key="back")

    assert {answer.status_code for answer in [*answers, later]} == {200}
    assert {answer.json()["reversal"] for answer in [*answers, later]} == {"done"}


async def test_a_card_that_takes_nothing_back_leaves_the_money_in_the_wallet(
    sara: Person, operator: Person, gateway: httpx.AsyncClient
) -> None:
    payment = await a_paid_payment(sara, gateway)
    await fault(gateway, operation="reverse", behaviour="code", code=-60)

    answer = (await reverse(operator, payment)).json()

    assert (answer["status"], answer["reversal"]) == ("paid", "refused")
    assert (await sara.get("/wallet/"))["balance"] == f"{AMOUNT}.00"
    body = problem(await reverse(operator, payment), 409, "illegal_transition")
    assert "tried before" in body["detail"]


async def test_what_cannot_go_back_is_refused_with_the_reason(
    sara: Person, operator: Person, gateway: httpx.AsyncClient, sessions: Sessions
) -> None:
    unpaid = await sara.post("/payments/initiate/", {"amount": AMOUNT})
    body = problem(await reverse(operator, unpaid), 409, "illegal_transition")
    assert body["facts"] == {"status": "pending"}

    old = await given.a_payment(sessions, paid_at=given.NOW - timedelta(minutes=31))
    body = problem(await reverse(operator, {"id": str(old.id)}), 409, "illegal_transition")
    assert "30 minutes" in body["detail"]

    spent = await a_paid_payment(sara, gateway)
    posting = transfer(uuid4(), UUID(sara.id), UUID(operator.id), Decimal(1_000), "rent")
    async with sessions.begin() as session:
        await post(session, posting)
    body = problem(await reverse(operator, spent), 409, "insufficient_funds")
    assert body["facts"] == {"missing": "1000.00"}
    assert (await sara.get(f"/payments/{spent['id']}/"))["status"] == "paid"


async def test_a_reversal_that_waits_for_the_gateway_is_answered_with_where_to_look(
    sara: Person,
    operator: Person,
    gateway: httpx.AsyncClient,
    settings: Settings,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("api.idempotency.PATIENCE_S", 0.5)
    payment = await a_paid_payment(sara, gateway)
    await fault(gateway, operation="reverse", behaviour="code", code=-62)

    answer = await reverse(operator, payment, key="later")

    assert answer.status_code == 202, answer.text
    assert answer.json()["poll"] == f"/api/v1/payments/{payment['id']}/"
    client = await connect(settings.temporal_address, namespace="default", keys=KEYS)
    handle = client.get_workflow_handle(ids.card_reversal_workflow(UUID(payment["id"])))
    assert (await handle.describe()).status is WorkflowExecutionStatus.RUNNING
    decision = {"action": "retry", "actor": "olga", "note": "registered"}
    await given.eventually(lambda: is_(handle.execute_update("operator_decide", decision)))
    assert await handle.result() == "reversed"
    assert (await reverse(operator, payment, key="later")).json()["status"] == "reversed"


async def is_(found: Any) -> bool:
    return bool(await found)


async def test_reconciling_credits_what_the_gateway_holds(
    sara: Person, operator: Person, gateway: httpx.AsyncClient
) -> None:
    payment = await sara.post("/payments/initiate/", {"amount": AMOUNT})
    path = f"/ops/payments/{payment['id']}/reconcile/"
    before = (await operator.call("POST", path)).json()
    assert (before["payment"]["status"], before["gateway"]) == ("pending", "IN_BANK")
    await pay(gateway, payment)

    answer = await operator.call("POST", path, {})

    assert answer.status_code == 200, answer.text
    found = answer.json()
    assert (found["payment"]["status"], found["gateway"]) == ("paid", "VERIFIED")
    assert found["findings"] == []
    assert (await sara.get("/wallet/"))["balance"] == f"{AMOUNT}.00"


async def test_reconciling_names_what_does_not_agree_and_how_long(
    sara: Person, operator: Person, gateway: httpx.AsyncClient, settings: Settings
) -> None:
    payment = await a_paid_payment(sara, gateway)
    body = {
        "merchant_id": settings.zarinpal_merchant_id.get_secret_value(),
        "authority": payment["authority"],
    }
    await gateway.post("/pg/v4/payment/reverse.json", json=body)

    found = (await operator.call("POST", f"/ops/payments/{payment['id']}/reconcile/")).json()

    assert found["gateway"] == "REVERSED"
    [finding] = found["findings"]
    assert (finding["kind"], finding["amount"]) == ("gateway_differs", f"{AMOUNT}.00")
    assert finding["subject"] == f"payment:{payment['id']}"
    assert finding["cleared_at"] is None
    assert 0 <= finding["age_seconds"] < 60


async def test_a_gateway_that_is_away_leaves_the_question_open(
    sara: Person, operator: Person, gateway: httpx.AsyncClient
) -> None:
    payment = await a_paid_payment(sara, gateway)
    await fault(gateway, operation="inquiry", behaviour="outage", times=None)

    found = (await operator.call("POST", f"/ops/payments/{payment['id']}/reconcile/")).json()

    assert (found["gateway"], found["findings"]) == (None, [])


async def test_operators_see_everybodys_payments_by_what_they_ask(
    sara: Person, omid: Person, operator: Person, sessions: Sessions
) -> None:
    mine = [
        await given.a_payment(sessions, user_id=UUID(sara.id), status=status)
        for status in (PaymentStatus.FAILED, PaymentStatus.PAID, PaymentStatus.PAID)
    ]
    await given.a_payment(sessions, user_id=UUID(omid.id))

    shown = await operator.get("/ops/payments/", user_id=sara.id, limit=2)
    assert [item["id"] for item in shown["items"]] == [str(mine[2].id), str(mine[1].id)]
    rest = await operator.get("/ops/payments/", user_id=sara.id, cursor=shown["next"])
    assert [item["id"] for item in rest["items"]] == [str(mine[0].id)]
    assert rest["next"] is None
    failed = await operator.get("/ops/payments/", user_id=sara.id, status="failed")
    assert [item["id"] for item in failed["items"]] == [str(mine[0].id)]
    assert len((await operator.get("/ops/payments/"))["items"]) > 3


async def test_operators_see_everybodys_tickets_by_what_they_ask(
    sara: Person, omid: Person, operator: Person, sessions: Sessions
) -> None:
    asset = await sara.lists()
    ticket = await omid.post("/tickets/", {"asset_id": asset["id"], "days": 1})
    payment = await given.a_payment(
        sessions, user_id=UUID(omid.id), ticket_id=UUID(ticket["id"]), status=PaymentStatus.EXPIRED
    )

    for query in ({"user_id": sara.id}, {"user_id": omid.id}, {"asset_id": asset["id"]}):
        shown = await operator.get("/ops/tickets/", **query, status="pending")
        assert [item["id"] for item in shown["items"]] == [ticket["id"]]
        assert (await operator.get("/ops/tickets/", **query, status="active"))["items"] == []
    assert shown["items"][0]["allowed_actions"] == []
    paid_for = await operator.get("/ops/payments/", ticket_id=ticket["id"])
    assert [item["id"] for item in paid_for["items"]] == [str(payment.id)]


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/ops/payments/"),
        ("GET", "/ops/tickets/"),
        ("GET", "/ops/findings/"),
        ("POST", "/ops/payments/{id}/reverse/"),
        ("POST", "/ops/payments/{id}/reconcile/"),
    ],
)
async def test_users_may_do_none_of_this(sara: Person, method: str, path: str) -> None:
    path = path.format(id=uuid4())

    problem(await sara.call(method, path, WHY if "reverse" in path else None), 403, "forbidden")

    problem(await sara.http.request(method, f"/api/v1{path}"), 401, "not_authenticated")


@pytest.mark.parametrize("action", ["reverse", "reconcile"])
async def test_an_unknown_payment_is_not_found(operator: Person, action: str) -> None:
    for name in (uuid4(), "nonsense"):
        path = f"/ops/payments/{name}/{action}/"
        body = WHY if action == "reverse" else {}
        problem(await operator.call("POST", path, body), 404, "not_found")


@pytest.mark.parametrize("body", [{}, {"reason": " "}, {"reason": "x", "amount": 1}])
async def test_a_reversal_needs_a_reason_and_nothing_else(operator: Person, body: Any) -> None:
    answer = await operator.call("POST", f"/ops/payments/{uuid4()}/reverse/", body)

    problem(answer, 422, "validation_error")
