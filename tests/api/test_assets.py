"""What people lend."""

from typing import Any
from uuid import uuid4

import httpx
import pytest

from tests.api.people import Person, problem

TERMS = {
    "title": "Cordless drill",
    "description": "18 V",
    "category": "tools",
    "daily_fee": "150000.5",
    "deposit": 2000000,
    "max_days": 14,
    "handover": "confirmed",
    "cancellation_policy": "strict",
}
DAY_1, DAY_2 = "2026-11-23T00:00:00Z", "2026-11-24T00:00:00Z"


async def test_a_listed_asset_is_seen_by_anyone(http: httpx.AsyncClient, sara: Person) -> None:
    made = await sara.post("/assets/", TERMS)

    assert made == TERMS | {
        "id": made["id"],
        "created_at": made["created_at"],
        "owner_id": sara.id,
        "daily_fee": "150000.50",
        "deposit": "2000000.00",
        "is_listed": True,
    }
    assert (await http.get(f"/api/v1/assets/{made['id']}/")).json() == made


@pytest.mark.parametrize("name", ["daily_fee", "deposit"])
@pytest.mark.parametrize(
    "amount",
    [
        "0", 0, "0.00", -1, "-1", "1.005", 1.5, 1.0, True, None, "", " 1", "1e3", "NaN", "Infinity",
        "99999999999999999", 10**17, "٣", "1_000", [], "1\n",
    ],
)  # fmt: skip
async def test_an_amount_that_is_none_is_refused(sara: Person, name: str, amount: Any) -> None:
    answer = await sara.call("POST", "/assets/", TERMS | {name: amount})

    errors = problem(answer, 422, "validation_error")["errors"]
    assert [error["pointer"] for error in errors] == [f"/{name}"]


@pytest.mark.parametrize("raw", ["NaN", "Infinity", "1e400", "-0.0"])
async def test_an_amount_that_json_does_not_know_is_refused(sara: Person, raw: str) -> None:
    answer = await sara.http.post(
        "/api/v1/assets/",
        content=f'{{"title": "x", "deposit": "1", "daily_fee": {raw}}}',
        headers={"Authorization": f"Bearer {sara.token}", "Content-Type": "application/json"},
    )

    problem(answer, 422, "validation_error")


@pytest.mark.parametrize(
    "change",
    [
        {"title": ""},
        {"title": "x" * 201},
        {"description": "x" * 5001},
        {"category": "\x00"},
        {"max_days": 0},
        {"max_days": "5"},
        {"max_days": 3651},
        {"handover": "later"},
        {"is_listed": "yes"},
        {"owner_id": str(uuid4())},
    ],
)
async def test_terms_that_break_a_rule_are_refused(sara: Person, change: dict[str, Any]) -> None:
    answer = await sara.call("POST", "/assets/", TERMS | change)

    [error] = problem(answer, 422, "validation_error")["errors"]
    assert error["pointer"] == f"/{next(iter(change))}"


async def test_only_the_owner_changes_an_asset(sara: Person, omid: Person) -> None:
    made = await sara.post("/assets/", TERMS)
    path = f"/assets/{made['id']}/"

    changed = await sara.patch(path, {"daily_fee": "1", "title": "Drill"})

    assert changed == made | {"daily_fee": "1.00", "title": "Drill"}
    assert await sara.patch(path, {}) == changed
    problem(await omid.call("PATCH", path, {"daily_fee": "2"}), 404, "not_found")
    problem(await omid.call("PATCH", path, {}), 404, "not_found")
    problem(await omid.call("DELETE", path), 404, "not_found")
    problem(await sara.call("PATCH", path, {"title": None}), 422, "validation_error")


async def test_an_unlisted_asset_is_its_owners_and_can_come_back(
    http: httpx.AsyncClient, sara: Person, omid: Person, operator: Person
) -> None:
    made = await sara.post("/assets/", TERMS)
    path = f"/assets/{made['id']}/"

    assert (await sara.call("DELETE", path)).status_code == 204
    assert (await sara.call("DELETE", path)).status_code == 204

    problem(await http.get(f"/api/v1{path}"), 404, "not_found")
    problem(await omid.call("GET", path), 404, "not_found")
    assert (await sara.get(path))["is_listed"] is False
    assert (await operator.get(path))["is_listed"] is False
    listed = await sara.get("/assets/", owner="me")
    assert [item["id"] for item in listed["items"]] == [made["id"]]
    await sara.patch(path, {"is_listed": True})
    assert (await http.get(f"/api/v1{path}")).status_code == 200


async def test_an_edit_that_is_sent_again_is_answered_again(sara: Person) -> None:
    path = f"/assets/{(await sara.post('/assets/', TERMS))['id']}/"

    first = await sara.call("PATCH", path, {"daily_fee": "1"}, key="edit")
    await sara.patch(path, {"daily_fee": "2"})
    again = await sara.call("PATCH", path, {"daily_fee": "1"}, key="edit")
    other = await sara.call("PATCH", path, {"daily_fee": "3"}, key="edit")

    assert again.json() == first.json()
    assert again.headers["Idempotency-Replayed"] == "true"
    problem(other, 422, "idempotency_key_reused")
    assert (await sara.get(path))["daily_fee"] == "2.00"


async def test_assets_are_found_by_category_and_words(
    http: httpx.AsyncClient, sara: Person
) -> None:
    word = uuid4().hex
    drill = await sara.lists(title=f"Drill {word}", category=word)
    tents = {"category": f"tents {word}", "description": f"100% {word.upper()}_dry ۱۸v"}
    tent = await sara.lists(title="چادر كوه‌نوردی", **tents)

    async def found(**query: str) -> list[str]:
        answer = await http.get("/api/v1/assets/", params=query)
        assert answer.status_code == 200, answer.text
        return [item["id"] for item in answer.json()["items"]]

    assert await found(q=word) == [tent["id"], drill["id"]]
    assert await found(q=word[:20]) == [tent["id"], drill["id"]]
    assert await found(category=word) == [drill["id"]]
    assert await found(q=f"  {word} کوه 18V ") == [tent["id"]]
    assert await found(q=f"{word} کوهنوردي") == [tent["id"]]
    assert await found(q=f"{word}%", category=word) == [drill["id"]]
    assert await found(q="%") == await found(q=f"_{word[1:]}") == []
    for nothing in ("", "  "):
        assert await found(q=nothing, category=tents["category"]) == [tent["id"]]
    problem(await http.get("/api/v1/assets/", params={"q": "\x00"}), 422, "validation_error")


async def test_a_search_goes_on_page_by_page(http: httpx.AsyncClient, sara: Person) -> None:
    word = uuid4().hex
    made = [(await sara.lists(title=f"Tent {word}"))["id"] for _ in range(3)]

    first = (await http.get("/api/v1/assets/", params={"q": word, "limit": 2})).json()
    query = {"q": word, "limit": 2, "cursor": first["next"]}
    second = (await http.get("/api/v1/assets/", params=query)).json()

    assert [item["id"] for item in first["items"] + second["items"]] == made[::-1]
    assert second["next"] is None


async def test_pages_follow_one_another_without_gaps(sara: Person) -> None:
    made = [(await sara.lists())["id"] for _ in range(5)]

    seen: list[str] = []
    cursor: dict[str, Any] = {}
    for _ in range(3):
        page = await sara.get("/assets/", owner="me", limit=2, **cursor)
        seen += [item["id"] for item in page["items"]]
        cursor = {"cursor": page["next"]}

    assert seen == made[::-1]
    assert cursor == {"cursor": None}


@pytest.mark.parametrize(
    "query",
    [
        {"limit": 0}, {"limit": 101}, {"limit": "x"}, {"cursor": "nonsense"}, {"cursor": "é"},
        {"cursor": ""}, {"cursor": "MTIz"}, {"owner": "you"}, {"category": ""}, {"q": "x" * 201},
        {"available_to": DAY_2, "available_from": DAY_2},
        {"available_to": DAY_1, "available_from": DAY_2},
        {"available_to": "2028-01-01T00:00:00Z", "available_from": DAY_1},
        {"available_to": "soon", "available_from": DAY_1},
        {"available_to": "2026-11-23", "available_from": DAY_1},
    ],
)  # fmt: skip
async def test_a_bad_query_is_422(sara: Person, query: dict[str, Any]) -> None:
    answer = await sara.call("GET", "/assets/", **query)

    [error] = problem(answer, 422, "validation_error")["errors"]
    assert error["pointer"] == f"/query/{next(iter(query))}"


@pytest.mark.parametrize(
    ("given", "missing"), [("available_from", "available_to"), ("available_to", "available_from")]
)
async def test_half_a_period_is_422(sara: Person, given: str, missing: str) -> None:
    answer = await sara.call("GET", "/assets/", **{given: DAY_1})

    [error] = problem(answer, 422, "validation_error")["errors"]
    assert error["pointer"] == f"/query/{missing}"


async def test_ones_own_assets_need_a_login(http: httpx.AsyncClient) -> None:
    answer = await http.get("/api/v1/assets/", params={"owner": "me"})

    problem(answer, 401, "not_authenticated")
    problem(await http.post("/api/v1/assets/", json=TERMS), 401, "not_authenticated")
