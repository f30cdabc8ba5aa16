"""Loans over HTTP, each step through the real engine."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import httpx
import pytest

from tests.api.conftest import Enrich
from tests.api.people import Person, join, problem

pytestmark = pytest.mark.usefixtures("worker")
DAY = timedelta(days=1)
Ask = Callable[..., Awaitable[Any]]


def iso(moment: datetime) -> str:
    return moment.isoformat()


@pytest.fixture
def ask(sara: Person, omid: Person) -> Ask:
    """Sara lists something and Omid asks for it."""

    async def it(*, asset: Any = None, **terms: Any) -> Any:
        asset = asset or await sara.lists(**terms)
        return await omid.post("/tickets/", {"asset_id": asset["id"], "days": 3, "note": "Please"})

    return it


async def test_a_loan_from_request_to_completion(
    sara: Person, omid: Person, ask: Ask, enrich: Enrich
) -> None:
    ticket = await ask()
    path = f"/tickets/{ticket['id']}"
    await enrich(omid, 1_000_000)

    assert ticket["status"] == "pending"
    assert (ticket["borrower_id"], ticket["lender_id"]) == (omid.id, sara.id)
    assert (ticket["fee"], ticket["deposit"]) == ("300000.00", "500000.00")
    assert (ticket["total"], ticket["commission"]) == ("800000.00", "15000.00")
    assert ticket["allowed_actions"] == ["cancel"]
    assert ticket["note"] == "Please"
    assert ticket["dispute"] is ticket["extension"] is ticket["cancel_reason"] is None
    assert {
        name for name in ticket if name.endswith("_at") and not ticket[name].endswith("Z")
    } == set()
    assert await omid.get(f"{path}/") == ticket
    assert (await sara.get(f"{path}/"))["allowed_actions"] == ["accept", "decline"]

    assert (await sara.patch(f"{path}/accept/", {}))["status"] == "accepted"
    active = await omid.patch(f"{path}/pay/", {})
    assert active["status"] == "active"
    held = {"balance": "200000.00", "held": "800000.00", "currency": "IRR"}
    assert await omid.get("/wallet/") == held
    done = await sara.patch(f"{path}/complete/", {})

    assert (done["status"], done["deadline_at"], done["allowed_actions"]) == ("completed", None, [])
    assert (await omid.get("/wallet/"))["balance"] == "700000.00"
    assert (await sara.get("/wallet/"))["balance"] == "285000.00"
    timeline = (await sara.get(f"{path}/timeline/"))["items"]
    story = [(line["from"], line["to"], line["action"], line["actor_id"]) for line in timeline]
    assert story == [
        (None, "pending", "request", omid.id),
        ("pending", "accepted", "accept", sara.id),
        ("accepted", "escrow", "pay", omid.id),
        ("escrow", "active", "handover", "system"),
        ("active", "completed", "complete", sara.id),
    ]


async def test_a_confirmed_handover_waits_for_the_borrower(
    sara: Person, omid: Person, ask: Ask, enrich: Enrich
) -> None:
    ticket = await ask(handover="confirmed")
    path = f"/tickets/{ticket['id']}"
    await enrich(omid, 800_000)
    await sara.patch(f"{path}/accept/", None)

    assert (await omid.patch(f"{path}/pay/", None))["status"] == "escrow"
    assert (await omid.patch(f"{path}/handover/", None))["status"] == "active"


async def test_a_request_can_be_declined_or_withdrawn(sara: Person, omid: Person, ask: Ask) -> None:
    first, second = await ask(), await ask()

    declined = await sara.patch(f"/tickets/{first['id']}/decline/", {})
    withdrawn = await omid.patch(f"/tickets/{second['id']}/cancel/", {"reason": "No need"})

    assert (declined["status"], declined["cancel_reason"]) == ("cancelled", "declined")
    assert (withdrawn["status"], withdrawn["cancel_reason"]) == ("cancelled", "withdrawn")


async def test_who_may_never_do_it_gets_403_and_who_may_not_now_409(
    sara: Person, omid: Person, ask: Ask
) -> None:
    path = f"/tickets/{(await ask())['id']}"

    problem(await omid.call("PATCH", f"{path}/accept/", {}), 403, "forbidden")
    early = await sara.call("PATCH", f"{path}/complete/", {})
    facts = problem(early, 409, "illegal_transition")
    assert facts["facts"] == {"status": "pending"}
    assert "pending" in facts["detail"]

    await sara.patch(f"{path}/decline/", {})
    late = await sara.call("PATCH", f"{path}/accept/", {})
    assert problem(late, 409, "illegal_transition")["facts"] == {"status": "cancelled"}


async def test_too_little_money_says_how_much_is_missing(
    sara: Person, omid: Person, ask: Ask, enrich: Enrich
) -> None:
    path = f"/tickets/{(await ask())['id']}"
    await sara.patch(f"{path}/accept/", {})
    await enrich(omid, 300_000)

    short = problem(await omid.call("PATCH", f"{path}/pay/", {}), 409, "insufficient_funds")

    assert short["facts"] == {"missing": "500000.00"}
    await enrich(omid, 500_000)
    assert (await omid.patch(f"{path}/pay/", {}))["status"] == "active"


async def test_a_strangers_ticket_is_not_there(
    stranger: Person, operator: Person, ask: Ask
) -> None:
    ticket = await ask()
    path = f"/tickets/{ticket['id']}/"

    problem(await stranger.call("GET", path), 404, "not_found")
    problem(await stranger.call("GET", f"{path}timeline/"), 404, "not_found")
    problem(await stranger.call("PATCH", f"{path}accept/", {}), 404, "not_found")
    assert (await stranger.get("/tickets/"))["items"] == []
    assert (await operator.get(path))["allowed_actions"] == []
    problem(await operator.call("PATCH", f"{path}accept/", {}), 403, "forbidden")


@pytest.mark.parametrize("name", ["accept", "decline", "cancel", "pay", "handover", "complete"])
async def test_an_unknown_ticket_is_404(omid: Person, name: str) -> None:
    for unknown in (uuid4(), "no-id", "%00"):
        answer = await omid.call("PATCH", f"/tickets/{unknown}/{name}/", {})
        problem(answer, 404, "not_found")


async def test_an_asset_that_is_not_on_offer_cannot_be_asked_for(
    sara: Person, omid: Person
) -> None:
    asset = await sara.lists()
    own = await sara.call("POST", "/tickets/", {"asset_id": asset["id"], "days": 1})
    await sara.call("DELETE", f"/assets/{asset['id']}/")

    problem(own, 409, "own_asset")
    for asset_id in (asset["id"], str(uuid4())):
        answer = await omid.call("POST", "/tickets/", {"asset_id": asset_id, "days": 1})
        problem(answer, 404, "not_found")


NOW = datetime.now(UTC)


@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        ({}, ""),
        ({"days": 1, "ends_at": iso(NOW + DAY)}, ""),
        ({"days": 0}, "/days"),
        ({"days": 1.5}, "/days"),
        ({"days": 10**30}, "/days"),
        ({"days": 31}, "/ends_at"),
        ({"ends_at": iso(NOW - DAY)}, "/ends_at"),
        ({"ends_at": (NOW + DAY).replace(tzinfo=None).isoformat()}, "/ends_at"),
        ({"ends_at": 1999999999}, "/ends_at"),
        ({"ends_at": "9999-12-31T23:59:59-23:59"}, "/ends_at"),
        ({"starts_at": iso(NOW - DAY), "days": 3}, "/starts_at"),
        ({"starts_at": "2199-12-31T00:00:00Z", "ends_at": iso(NOW + DAY)}, "/ends_at"),
        ({"days": 1, "note": "x" * 2001}, "/note"),
        ({"days": 1, "note": "\x00"}, "/note"),
        ({"days": 1, "fee": "1"}, "/fee"),
    ],
)
async def test_a_period_that_breaks_a_rule_is_422(
    sara: Person, omid: Person, body: dict[str, Any], pointer: str
) -> None:
    asset = await sara.lists()

    answer = await omid.call("POST", "/tickets/", {"asset_id": asset["id"], **body})

    [error] = problem(answer, 422, "validation_error")["errors"]
    assert error["pointer"] == pointer


async def test_a_later_period_is_kept_to_the_second_in_utc(sara: Person, omid: Person) -> None:
    asset = await sara.lists()
    body = {
        "asset_id": asset["id"],
        "starts_at": "2190-01-01T12:30:00+03:30",
        "ends_at": "2190-01-02T12:30:01+03:30",
    }

    ticket = await omid.post("/tickets/", body)

    assert ticket["starts_at"] == "2190-01-01T09:00:00Z"
    assert ticket["ends_at"] == "2190-01-02T09:00:01Z"
    assert ticket["fee"] == "200000.00"  # two days begun


async def test_tickets_are_listed_by_side_status_and_asset(
    sara: Person, omid: Person, ask: Ask
) -> None:
    first, second, third = await ask(), await ask(), await ask()
    await sara.patch(f"/tickets/{second['id']}/decline/", {})

    async def listed(person: Person, **query: Any) -> list[str]:
        return [item["id"] for item in (await person.get("/tickets/", **query))["items"]]

    everything = [third["id"], second["id"], first["id"]]
    assert await listed(omid) == await listed(omid, role="borrower") == everything
    assert await listed(sara, role="lender") == everything
    assert await listed(omid, role="lender") == []
    assert await listed(omid, status="cancelled") == [second["id"]]
    assert await listed(omid, asset_id=first["asset_id"]) == [first["id"]]
    page = await omid.get("/tickets/", limit=2)
    assert await listed(omid, limit=2, cursor=page["next"]) == [first["id"]]
    problem(await omid.call("GET", "/tickets/", status="lost"), 422, "validation_error")


async def test_of_fifty_overlapping_requests_one_is_accepted(
    http: httpx.AsyncClient, sara: Person
) -> None:
    asset = await sara.lists()
    borrowers = [await join(http) for _ in range(5)]
    body = {"asset_id": asset["id"], "days": 3}
    asked = [await borrowers[n % 5].post("/tickets/", body) for n in range(50)]

    async def accept(ticket: Any) -> httpx.Response:
        """Accept it, and go on asking while that is under way."""
        path, key = f"/tickets/{ticket['id']}/accept/", str(uuid4())
        while (answer := await sara.call("PATCH", path, {}, key=key)).status_code == 202:
            pass
        return answer

    answers = await asyncio.gather(*(accept(ticket) for ticket in asked))

    refused = [answer for answer in answers if answer.status_code != 200]
    assert len(refused) == 49
    for answer in refused:
        problem(answer, 409, "asset_unavailable")
    late = await borrowers[0].call("POST", "/tickets/", body)
    problem(late, 409, "asset_unavailable")


async def test_of_fifty_payments_of_one_ticket_one_moves_money(
    sara: Person, omid: Person, ask: Ask, enrich: Enrich
) -> None:
    path = f"/tickets/{(await ask())['id']}"
    await sara.patch(f"{path}/accept/", {})
    await enrich(omid, 5_000_000)

    answers = await asyncio.gather(*(omid.call("PATCH", f"{path}/pay/", {}) for _ in range(50)))

    assert sorted(answer.status_code for answer in answers) == [200] + [409] * 49
    assert (await omid.get("/wallet/"))["balance"] == "4200000.00"
