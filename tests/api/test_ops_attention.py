"""What operators see of workflows that cannot go on, and what they decide about them."""

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID, uuid4

import httpx
import pytest

from activities.attention import PostgresAttentionSteps
from domain.attention import Need, Trouble
from models.database import Sessions
from settings import Settings
from tests import given
from tests.api.conftest import serving
from tests.api.loans import forget_outcomes
from tests.api.people import Person, problem

AMOUNT = 250_000
WHY = "The bank says that the amounts agree."
RETRY = {"action": "retry", "note": WHY}
IBAN = "IR062960000000100324200001"
pytestmark = pytest.mark.usefixtures("worker")


@pytest.fixture(autouse=True)
async def honest(gateway: httpx.AsyncClient) -> AsyncIterator[None]:
    yield
    await gateway.delete("/control/")


@pytest.fixture
async def parked(sara: Person, operator: Person, gateway: httpx.AsyncClient) -> Any:
    """A payment for which the gateway took another amount than ours."""
    payment = await sara.post("/payments/initiate/", {"amount": AMOUNT})
    wish = {"operation": "verify", "behaviour": "wrong_amount"}
    (await gateway.post("/control/", json=wish)).raise_for_status()
    paid = await gateway.post(f"/control/pay/{payment['authority']}", json={"outcome": "pay"})
    paid.raise_for_status()
    query = {"Authority": payment["authority"], "Status": "OK"}
    coming_back = asyncio.create_task(sara.http.get("/api/v1/payments/verify/", params=query))
    await given.eventually(lambda: is_listed(operator, payment))
    yield payment
    await coming_back


async def listed(operator: Person) -> list[Any]:
    items: list[Any] = (await operator.get("/ops/attention/", limit=100))["items"]
    return items


async def is_listed(operator: Person, payment: Any) -> bool:
    return name_of(payment) in {item["workflow_id"] for item in await listed(operator)}


def name_of(payment: Any) -> str:
    return f"payment:{payment['id']}"


async def decide(
    operator: Person, workflow_id: str, body: object = RETRY, key: str | None = None
) -> httpx.Response:
    return await operator.call("POST", f"/ops/workflows/{workflow_id}/decide/", body, key=key)


async def is_paid(person: Person, payment: Any) -> bool:
    return bool((await person.get(f"/payments/{payment['id']}/"))["status"] == "paid")


async def test_a_parked_payment_is_listed_with_why_and_what_to_do(
    operator: Person, parked: Any
) -> None:
    [item] = [one for one in await listed(operator) if one["workflow_id"] == name_of(parked)]

    assert (item["kind"], item["workflow_type"], item["amount"]) == ("parked", "TopUp", "250000.00")
    assert "250,000 rials" in item["cause"]
    assert "`abort`" in item["todo"]
    assert 0 <= item["age_seconds"] < 60
    ui = "http://localhost:8233/namespaces/default/workflows"
    assert item["url"] == f"{ui}/{name_of(parked)}"
    await decide(operator, name_of(parked))


async def test_a_decision_is_taken_once_and_is_in_the_log_with_who_and_where_from(
    operator: Person, sara: Person, parked: Any, sessions: Sessions
) -> None:
    answer = await decide(operator, name_of(parked), key="go-on")

    assert answer.status_code == 200, answer.text
    assert answer.json() == {"workflow_id": name_of(parked), **RETRY}
    assert not await is_listed(operator, parked)
    await given.eventually(lambda: is_paid(sara, parked))
    again = await decide(operator, name_of(parked), key="go-on")
    assert (again.json(), again.headers["idempotency-replayed"]) == (answer.json(), "true")
    other = {"action": "abort", "note": WHY}
    problem(await decide(operator, name_of(parked), other, "go-on"), 422, "idempotency_key_reused")
    # Its outcome was not kept, as after a crash; and the workflow has ended meanwhile.
    await forget_outcomes(sessions, ["go-on"])
    assert (await decide(operator, name_of(parked), key="go-on")).json() == answer.json()
    [line] = (await operator.get("/ops/audit/", object=name_of(parked)))["items"]
    assert (line["action"], line["actor_id"]) == ("workflow_retried", operator.id)
    assert line["request_id"] == answer.headers["x-request-id"]
    assert line["session_id"]
    assert line["details"]["note"] == WHY
    assert "actor" not in line["details"]


async def test_a_payment_can_be_given_up(operator: Person, sara: Person, parked: Any) -> None:
    answer = await decide(operator, name_of(parked), {"action": "abort", "note": "forged"})

    assert answer.status_code == 200, answer.text
    await given.eventually(lambda: is_failed(sara, parked))
    body = problem(await decide(operator, name_of(parked)), 409, "illegal_transition")
    assert body["facts"]["status"] in {"ended", "not parked"}


async def is_failed(person: Person, payment: Any) -> bool:
    return bool((await person.get(f"/payments/{payment['id']}/"))["status"] == "failed")


async def test_operators_who_decide_together_decide_once(operator: Person, parked: Any) -> None:
    answers = await asyncio.gather(*(decide(operator, name_of(parked)) for _ in range(4)))

    assert sorted(answer.status_code for answer in answers) == [200, 409, 409, 409]
    lines = (await operator.get("/ops/audit/", object=name_of(parked)))["items"]
    assert len(lines) == 1


async def test_what_is_not_parked_takes_no_decision(
    operator: Person, sara: Person, sessions: Sessions
) -> None:
    payment = await sara.post("/payments/initiate/", {"amount": AMOUNT})
    await given.money_in_wallet(sessions, UUID(sara.id), Decimal(AMOUNT))
    wish = {"amount": AMOUNT, "iban": IBAN}
    withdrawal = await sara.post("/wallet/withdrawals/", wish)

    for name in (name_of(payment), f"withdrawal:{withdrawal['id']}"):  # the latter never is
        body = problem(await decide(operator, name), 409, "illegal_transition")
        assert body["facts"] == {"status": "not parked"}
        assert (await operator.get("/ops/audit/", object=name))["items"] == []


NOBODY = "payment:01a20000-0000-7000-8000-000000000000"


@pytest.mark.parametrize(
    "name", [NOBODY, "deliver-messages", "payment:", "payment:../../x", "%00", "a b"]
)
async def test_what_is_not_there_is_not_found(operator: Person, name: str) -> None:
    problem(await decide(operator, name), 404, "not_found")


@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        ({"action": "retry"}, "/note"),
        ({"action": "retry", "note": "  "}, "/note"),
        ({"action": "retry", "note": "nul \x00"}, "/note"),
        ({"action": "retry", "note": 2001 * "x"}, "/note"),
        ({"action": "guess", "note": WHY}, "/action"),
        ({"action": "retry", "note": WHY, "actor": "somebody else"}, "/actor"),
    ],
)
async def test_a_decision_says_what_and_why_and_nothing_else(
    operator: Person, body: object, pointer: str
) -> None:
    answer = problem(await decide(operator, f"payment:{uuid4()}", body), 422, "validation_error")
    assert [error["pointer"] for error in answer["errors"]] == [pointer]


async def test_the_list_has_pages_and_the_oldest_comes_first(
    operator: Person, sessions: Sessions
) -> None:
    steps, now = PostgresAttentionSteps(sessions), datetime.now(UTC)
    needs = [
        Need(
            id=uuid4(),
            workflow_id=f"ticket:{uuid4()}",
            workflow_type="TicketLoan",
            kind=Trouble.STUCK,
            cause="The step “Ticket: pay” has been failing.",
            todo="Mend the cause.",
            amount=Decimal(800_000),
            since=now - timedelta(days=days),
        )
        for days in (400, 402, 401)
    ]
    for need in needs:
        await steps.list_need(need)

    first = await operator.get("/ops/attention/", limit=2)
    second = await operator.get("/ops/attention/", limit=1, cursor=first["next"])
    for need in needs:
        await steps.clear_need(need)

    ids = [item["id"] for item in first["items"] + second["items"]]
    assert ids == [str(needs[number].id) for number in (1, 2, 0)]
    assert first["items"][0]["kind"] == "stuck"
    assert first["items"][0]["age_seconds"] >= 402 * 86_400
    problem(await operator.call("GET", "/ops/attention/", cursor="no"), 422, "validation_error")
    assert not {item["id"] for item in await listed(operator)} & set(ids)


async def test_without_an_engine_the_list_is_read_and_nothing_is_decided(
    settings: Settings, operator: Person
) -> None:
    away = settings.model_copy(update={"temporal_address": "127.0.0.1:1", "temporal_ui_url": None})
    async with serving(away) as http:
        alone = Person(http, operator.id, operator.email, operator.token, operator.refresh_token)

        assert "items" in await alone.get("/ops/attention/")
        problem(await decide(alone, f"payment:{uuid4()}"), 503, "engine_unavailable")
