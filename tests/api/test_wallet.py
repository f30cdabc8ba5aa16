"""What a wallet holds and how it changed."""

from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest

from tests.api.conftest import Enrich
from tests.api.people import Person, problem


async def test_a_new_wallet_is_empty(sara: Person) -> None:
    empty = {"balance": "0.00", "held": "0.00", "currency": "IRR"}

    assert await sara.get("/wallet/") == empty
    assert await sara.get("/wallet/entries/") == {"items": [], "next": None}


async def test_entries_are_listed_newest_first_and_in_pages(sara: Person, enrich: Enrich) -> None:
    for amount in (10_000, 20_000, 30_000):
        await enrich(sara, amount)

    first = await sara.get("/wallet/entries/", limit=2)
    second = await sara.get("/wallet/entries/", limit=2, cursor=first["next"])

    entries = first["items"] + second["items"]
    assert [entry["amount"] for entry in entries] == ["30000.00", "20000.00", "10000.00"]
    assert [entry["balance_after"] for entry in entries] == ["60000.00", "30000.00", "10000.00"]
    assert second["next"] is None
    assert {entry["type"] for entry in entries} == {"credit"}
    assert set(entries[0]) == {
        "id", "transaction_id", "type", "amount", "balance_after", "ref", "description",
        "created_at",
    }  # fmt: skip


async def test_entries_can_be_asked_for_by_time(sara: Person, enrich: Enrich) -> None:
    await enrich(sara, 10_000)
    now = datetime.now(UTC)

    async def count(**query: Any) -> int:
        return len((await sara.get("/wallet/entries/", **query))["items"])

    early, late = (now - timedelta(hours=1)).isoformat(), (now + timedelta(hours=1)).isoformat()
    assert await count(**{"from": early, "to": late}) == 1
    assert await count(to=early) == 0
    assert await count(**{"from": late}) == 0


@pytest.mark.parametrize(
    "query",
    [
        {"from": "yesterday"},
        {"to": "2026-01-01T00:00:00"},
        {"cursor": "OTk5OTk5OTk5OTk5OTk5OTk5OTk5"},
    ],
)
async def test_a_bad_filter_is_422(sara: Person, query: dict[str, str]) -> None:
    problem(await sara.call("GET", "/wallet/entries/", **query), 422, "validation_error")


async def test_a_wallet_needs_a_login(http: httpx.AsyncClient) -> None:
    problem(await http.get("/api/v1/wallet/"), 401, "not_authenticated")
    problem(await http.get("/api/v1/wallet/entries/"), 401, "not_authenticated")
