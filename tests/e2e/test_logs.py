"""What API and worker write down: one JSON object a line, found by the request that caused it."""

import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
import psycopg
import pytest

from sandbox.gateway.envelope import CARD_NUMBER
from sandbox.gateway.operations import CARD_HASH, CARD_PAN
from sandbox.home import Home
from tests import given
from tests.api.people import Person, join, problem
from tests.e2e import loans
from tests.e2e.dev import Dev
from tests.e2e.gateway import begin, call_back, pay_at, top_up
from tests.e2e.pair import Pair, beside

RIALS = 250_000


@pytest.fixture
async def pair(dev: Dev, tmp_path: Path) -> AsyncIterator[Pair]:
    async with beside(dev, tmp_path, LOG_LEVEL="debug") as pair:
        yield pair


def lines(dev: Dev, name: str, **having: str) -> list[dict[str, Any]]:
    """Read the log of a program, and keep the lines that have these fields."""
    text = (Home.at(dev.home).logs / f"{name}.log").read_text()
    read = [json.loads(line) for line in text.splitlines()]
    return [line for line in read if all(line.get(n) == v for n, v in having.items())]


async def said_with(request_id: str, who: Person, method: str, path: str, body: Any) -> Any:
    headers = {"Authorization": f"Bearer {who.token}", "X-Request-ID": request_id}
    return await who.http.request(method, f"/api/v1{path}", json=body, headers=headers)


async def test_a_request_is_found_in_both_logs_and_in_the_audit_log_by_its_id(
    dev: Dev, http: httpx.AsyncClient, gateway: httpx.AsyncClient, omid: Person
) -> None:
    operator = await join(http)
    with psycopg.connect(dev.info.superuser_url, autocommit=True) as database:
        database.execute("UPDATE users SET role = 'operator' WHERE id = %s", [operator.id])
    await top_up(gateway, omid, RIALS)
    wish = {"amount": 100_000, "iban": "IR062960000000100324200001"}
    withdrawal = await omid.post("/wallet/withdrawals/", wish)
    name = f"at-three-in-the-morning-{uuid4()}"
    path = f"/ops/withdrawals/{withdrawal['id']}/reject/"

    answer = await said_with(name, operator, "PATCH", path, {"note": "Not their account."})

    assert answer.status_code == 200, answer.text
    [request] = lines(dev, "api", event="request", request_id=name)
    assert (request["status"], request["actor"]) == (200, operator.id)
    steps = lines(dev, "worker", event="step", request_id=name)
    assert {step["workflow_id"] for step in steps} == {f"withdrawal:{withdrawal['id']}"}
    [decided] = [step for step in steps if step["activity"] == "decide_withdrawal"]
    assert decided["actor"] == operator.id
    assert (decided["path"], decided["attempt"]) == ("fast", 1)
    with psycopg.connect(dev.info.superuser_url) as database:
        query = "SELECT actor_id::text FROM audit_log WHERE request_id = %s"
        assert database.execute(query, [name]).fetchall() == [(operator.id,)]


async def test_what_the_clock_does_is_done_by_the_system(
    dev: Dev, sara: Person, omid: Person
) -> None:
    loan = await loans.requested(sara, omid)
    await loan.accept()

    [opened] = lines(dev, "worker", activity="open_ticket", workflow_id=f"ticket:{loan.id}")
    [moved] = lines(dev, "worker", activity="move_ticket", workflow_id=f"ticket:{loan.id}")
    assert (opened["actor"], moved["actor"]) == (omid.id, sara.id)
    assert opened["request_id"] != moved["request_id"]
    [seal] = lines(dev, "worker", activity="seal_ledger")[:1]
    assert seal["actor"] == "system"
    assert "request_id" not in seal


async def test_a_refused_step_is_one_line(dev: Dev, sara: Person, omid: Person) -> None:
    name = f"penniless-{uuid4()}"
    wish = {"to": sara.id, "amount": 100_000}

    refused = await said_with(name, omid, "POST", "/wallet/transfer/", wish)

    problem(refused, 409, "insufficient_funds")
    [line] = lines(dev, "worker", request_id=name)
    assert (line["event"], line["refusal"]) == ("step refused", "insufficient_funds")
    assert line["level"] == "info"


async def test_a_step_that_fails_is_told_of_in_our_words(
    dev: Dev, gateway: httpx.AsyncClient, omid: Person
) -> None:
    await gateway.post("/control/", json={"operation": "verify", "behaviour": "html"})
    payment = await begin(omid, RIALS)
    await pay_at(gateway, payment["authority"], callback=False)
    await call_back(omid, payment["authority"])

    def failed() -> list[dict[str, Any]]:
        return lines(dev, "worker", event="step failed", workflow_id=f"payment:{payment['id']}")

    async def is_told() -> bool:
        return bool(failed())

    await given.eventually(is_told)
    [line] = failed()
    assert (line["activity"], line["error"]) == ("verify_at_gateway", "OutcomeUnknown")
    assert line["level"] == "warning"
    assert any(place.startswith("gateways/zarinpal.py:") for place in line["where"])


async def test_every_line_is_one_object(dev: Dev, sara: Person, omid: Person) -> None:
    """Those of the server and of the engine's library as well; `lines` reads no other."""
    await loans.accepted(sara, omid)

    for name in ("api", "worker"):
        read = lines(dev, name)
        assert all({"event", "level", "timestamp"} <= line.keys() for line in read)
    assert lines(dev, "api", logger="uvicorn.error")
    assert not lines(dev, "api", logger="uvicorn.access")  # it would quote whole URLs


async def test_no_log_holds_card_data_or_the_merchant_id(
    pair: Pair, gateway: httpx.AsyncClient
) -> None:
    async with httpx.AsyncClient(base_url=pair.url, timeout=30, trust_env=False) as http:
        omid = await join(http)
        paid = [await whole_payment(gateway, omid, fault) for fault in FAULTS]
        await gateway.post("/control/", json={"operation": "request", **REFUSED})
        refused = await omid.call("POST", "/payments/initiate/", {"amount": RIALS})

    problem(refused, 502, "gateway_refused")
    assert [payment["card_pan"] for payment in paid] == [CARD_PAN, None, CARD_PAN]
    logs = pair.logs
    assert '"logger": "temporalio.activity", "level": "debug"' in logs["worker"]
    assert '"route": "/api/v1/payments/{payment_id}/"' in logs["api"]
    for payment in paid:
        assert f"payment:{payment['id']}" in logs["worker"]
    for name, text in logs.items():
        for secret in (CARD_NUMBER, CARD_PAN, CARD_HASH, pair.merchant_id):
            assert secret.lower() not in text.lower(), f"{secret} in the log of the {name}"


REFUSED: dict[str, Any] = {"behaviour": "code", "code": -9}
FAULTS: list[dict[str, Any] | None] = [
    None,
    {"behaviour": "odd_shape", "shape": "bare_card"},
    {"behaviour": "html"},
]


async def whole_payment(
    gateway: httpx.AsyncClient, who: Person, fault: dict[str, Any] | None
) -> Any:
    """Open, pay and come back, and read the payment as its payer does."""
    payment = await begin(who, RIALS)
    if fault:
        await gateway.post("/control/", json={"operation": "verify", **fault})
    await pay_at(gateway, payment["authority"], callback=False)
    assert (await call_back(who, payment["authority"]))["status"] == "paid"
    return await who.get(f"/payments/{payment['id']}/")
