"""When an asset is taken, who learns of it, and what is offered instead."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import httpx
import pytest

from domain.cancellation import CancellationPolicy
from domain.errors import AssetUnavailable
from models.database import Sessions
from models.queries import tickets
from tests.api.conftest import Enrich
from tests.api.people import Person, problem

pytestmark = pytest.mark.usefixtures("worker")
# Whole seconds, so that what comes back reads as it went in.
START = datetime.now(UTC).replace(microsecond=0) + timedelta(days=10)


def at(day: int) -> str:
    return (START + timedelta(days=day)).isoformat().replace("+00:00", "Z")


def span(starts: int, ends: int) -> dict[str, str]:
    return {"from": at(starts), "to": at(ends)}


async def ask(who: Person, asset: Any, starts: int, ends: int) -> httpx.Response:
    body = {"asset_id": asset["id"], "starts_at": at(starts), "ends_at": at(ends)}
    return await who.call("POST", "/tickets/", body)


async def lend(lender: Person, borrower: Person, asset: Any, starts: int, ends: int) -> Any:
    ticket = (await ask(borrower, asset, starts, ends)).json()
    return await lender.patch(f"/tickets/{ticket['id']}/accept/", {})


async def test_anyone_sees_when_an_asset_is_taken_and_nobody_by_whom(
    http: httpx.AsyncClient, sara: Person, omid: Person
) -> None:
    asset = await sara.lists()
    await lend(sara, omid, asset, 4, 6)
    await lend(sara, omid, asset, 0, 2)
    await ask(omid, asset, 8, 9)  # nobody has promised it for then

    answer = await http.get(f"/api/v1/assets/{asset['id']}/availability/")

    assert answer.json() == {"busy": [span(0, 2), span(4, 6)]}


async def test_the_period_that_is_asked_for_is_touched_by_all_that_is_shown(
    sara: Person, omid: Person
) -> None:
    asset = await sara.lists()
    path = f"/assets/{asset['id']}/availability/"
    await lend(sara, omid, asset, 0, 2)
    await lend(sara, omid, asset, 4, 6)

    assert await sara.get(path, **span(1, 5)) == {"busy": [span(0, 2), span(4, 6)]}
    assert await sara.get(path, **span(2, 4)) == {"busy": []}
    assert await sara.get(path, **{"from": at(5)}) == {"busy": [span(4, 6)]}
    assert await sara.get(path, to=at(1)) == {"busy": [span(0, 2)]}


@pytest.mark.parametrize(
    ("query", "pointer"),
    [
        ({"from": at(2), "to": at(2)}, "/query/to"),
        ({"from": at(2), "to": at(1)}, "/query/to"),
        ({"from": at(0), "to": at(401)}, "/query/to"),
        ({"to": "2020-01-01T00:00:00Z"}, "/query/to"),
        ({"from": "now"}, "/query/from"),
        ({"from": "2026-11-23T00:00:00"}, "/query/from"),
    ],
)
async def test_a_period_that_is_none_is_422(
    sara: Person, query: dict[str, str], pointer: str
) -> None:
    path = f"/assets/{(await sara.lists())['id']}/availability/"

    [error] = problem(await sara.call("GET", path, **query), 422, "validation_error")["errors"]

    assert error["pointer"] == pointer


async def test_the_calendar_of_what_one_may_not_see_is_not_there(
    http: httpx.AsyncClient, sara: Person, omid: Person
) -> None:
    asset = await sara.lists()
    await sara.call("DELETE", f"/assets/{asset['id']}/")
    path = f"/assets/{asset['id']}/availability/"

    problem(await http.get(f"/api/v1{path}"), 404, "not_found")
    problem(await omid.call("GET", path), 404, "not_found")
    problem(await omid.call("GET", f"/assets/{uuid4()}/availability/"), 404, "not_found")
    problem(await omid.call("GET", "/assets/x/availability/"), 404, "not_found")
    assert await sara.get(path) == {"busy": []}


async def test_a_taken_time_is_refused_with_the_nearest_free_ones(
    sara: Person, omid: Person, stranger: Person
) -> None:
    asset = await sara.lists()
    for starts, ends in [(0, 3), (4, 6), (7, 9)]:
        await lend(sara, omid, asset, starts, ends)

    refused = problem(await ask(stranger, asset, 5, 7), 409, "asset_unavailable")

    assert refused["free"] == [span(-2, 0), span(9, 11)]
    assert (await ask(stranger, asset, -2, 0)).status_code == 201
    assert (await ask(stranger, asset, 9, 11)).status_code == 201
    day = problem(await ask(stranger, asset, 5, 6), 409, "asset_unavailable")
    assert day["free"] == [span(3, 4), span(6, 7)]


async def test_the_past_is_not_offered(sara: Person, omid: Person, stranger: Person) -> None:
    asset = await sara.lists(max_days=60)
    await lend(sara, omid, asset, 0, 30)

    refused = problem(await ask(stranger, asset, 5, 20), 409, "asset_unavailable")

    assert refused["free"] == [span(30, 45)]  # there are only ten days before


async def test_a_request_that_the_engine_refuses_hears_the_free_times_too(
    sara: Person, omid: Person, stranger: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    asset = await sara.lists()
    real = tickets.is_taken
    looks = 0

    async def too_early(*args: Any) -> bool:
        """Let the first look be one of the moment before the acceptance."""
        nonlocal looks
        looks += 1
        return looks > 1 and await real(*args)

    await lend(sara, omid, asset, 4, 6)
    monkeypatch.setattr(tickets, "is_taken", too_early)
    refused = problem(await ask(stranger, asset, 5, 7), 409, "asset_unavailable")

    assert looks == 2
    assert refused["detail"] == str(AssetUnavailable())
    assert refused["free"] == [span(2, 4), span(6, 8)]


async def test_a_refusal_that_is_sent_again_names_the_same_times(
    sara: Person, omid: Person, stranger: Person
) -> None:
    asset = await sara.lists()
    await lend(sara, omid, asset, 4, 6)
    body = {"asset_id": asset["id"], "starts_at": at(4), "ends_at": at(6)}

    first = await stranger.call("POST", "/tickets/", body, key="wish")
    await lend(sara, omid, asset, 6, 7)
    again = await stranger.call("POST", "/tickets/", body, key="wish")

    assert problem(first, 409, "asset_unavailable")["free"] == [span(2, 4), span(6, 8)]
    assert again.json() == first.json()


async def test_what_is_free_in_a_period_is_found(
    http: httpx.AsyncClient, sara: Person, omid: Person
) -> None:
    word = uuid4().hex
    taken, free = [await sara.lists(title=f"Tent {word}", category=word) for _ in range(2)]
    await lend(sara, omid, taken, 4, 6)
    await ask(omid, free, 4, 6)

    async def found(starts: int, ends: int, **filters: str) -> list[str]:
        query = {"available_from": at(starts), "available_to": at(ends), "limit": "100"} | filters
        answer = await http.get("/api/v1/assets/", params=query)
        return [item["id"] for item in answer.json()["items"]]

    assert await found(5, 8, q=word) == [free["id"]]
    assert await found(6, 8, q=word) == [free["id"], taken["id"]]
    assert await found(5, 8, category=word) == [free["id"]]
    assert taken["id"] not in await found(5, 8)


async def test_new_terms_are_for_new_tickets_alone(
    sara: Person, omid: Person, stranger: Person, enrich: Enrich, sessions: Sessions
) -> None:
    asset = await sara.lists(handover="instant", cancellation_policy="flexible")
    path = f"/assets/{asset['id']}/"
    before = (await ask(omid, asset, 0, 2)).json()
    terms = {"handover": "confirmed", "cancellation_policy": "strict", "max_days": 1}

    await sara.patch(path, {"daily_fee": "7", "deposit": "9", **terms})
    await sara.call("DELETE", path)
    accepted = await sara.patch(f"/tickets/{before['id']}/accept/", {})

    money = ("fee", "deposit", "total", "commission", "starts_at", "ends_at")
    assert [accepted[name] for name in money] == [before[name] for name in money]
    assert before["total"] == "700000.00"
    await enrich(omid, 700_000)
    paid = await omid.patch(f"/tickets/{before['id']}/pay/", {})
    assert paid["status"] == "active"  # the hand-over was instant when it was asked for
    async with sessions() as session:
        ticket = await tickets.get(session, UUID(before["id"]))
    assert ticket.cancellation_policy is CancellationPolicy.FLEXIBLE
    await sara.patch(path, {"is_listed": True})
    new = (await ask(stranger, asset, 4, 5)).json()
    assert (new["fee"], new["deposit"]) == ("7.00", "9.00")
