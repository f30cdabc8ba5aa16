"""The same request gives the first outcome again, crash or no crash."""

import asyncio
from typing import Any
from uuid import uuid4

import httpx
import pytest
from sqlalchemy import select, update

from api.idempotency import ANONYMOUS
from models.database import Sessions
from models.idempotency import IdempotentRequest
from sandbox.temporal import TemporalServer
from tests import given
from tests.api.conftest import Enrich, serving, settings_of, working
from tests.api.people import PASSWORD, Person, join, problem

ASSET = {"title": "Drill", "daily_fee": "100000", "deposit": "500000"}


def a_key() -> str:
    return f"key-{uuid4()}"


async def rows(sessions: Sessions, key: str) -> list[IdempotentRequest]:
    async with sessions() as session:
        found = await session.scalars(select(IdempotentRequest).where(IdempotentRequest.key == key))
        return list(found)


async def forget_outcome(sessions: Sessions, key: str) -> None:
    """Leave a request as a crash leaves it: done, perhaps, but nobody wrote down how it went."""
    async with sessions.begin() as session:
        await session.execute(
            update(IdempotentRequest)
            .where(IdempotentRequest.key == key)
            .values(status=None, body=None)
        )


async def test_a_repeat_gives_the_same_bytes_and_makes_nothing_new(sara: Person) -> None:
    key = a_key()

    first = await sara.call("POST", "/assets/", ASSET, key=key)
    again = await sara.call("POST", "/assets/", dict(reversed(ASSET.items())), key=key)

    assert (first.status_code, again.status_code) == (201, 201)
    assert first.content == again.content
    assert "idempotency-replayed" not in first.headers
    assert again.headers["idempotency-replayed"] == "true"
    assert again.headers["content-type"] == "application/json"
    assert len((await sara.get("/assets/", owner="me"))["items"]) == 1


async def test_a_key_names_one_body(sara: Person) -> None:
    key = a_key()
    await sara.post("/assets/", ASSET, key=key)

    other = await sara.call("POST", "/assets/", ASSET | {"title": "Saw"}, key=key)

    problem(other, 422, "idempotency_key_reused")


async def test_a_key_is_its_callers_and_its_paths_own(sara: Person, omid: Person) -> None:
    key = a_key()

    first = await sara.post("/assets/", ASSET, key=key)
    others = await omid.post("/assets/", ASSET, key=key)
    changed = await sara.patch(f"/assets/{first['id']}/", {"title": "Saw"}, key=key)

    assert first["id"] != others["id"]
    assert changed["title"] == "Saw"


async def test_twenty_repeats_at_once_make_one_object(sara: Person) -> None:
    key = a_key()

    answers = await asyncio.gather(
        *(sara.call("POST", "/assets/", ASSET, key=key) for _ in range(20))
    )

    assert {answer.status_code for answer in answers} == {201}
    assert len({answer.content for answer in answers}) == 1
    assert len((await sara.get("/assets/", owner="me"))["items"]) == 1


async def test_registering_twice_with_one_key_makes_one_account(
    http: httpx.AsyncClient, sessions: Sessions
) -> None:
    key = a_key()
    body = {"email": f"{uuid4()}@example.test", "password": PASSWORD, "full_name": "Sara"}

    async def register() -> httpx.Response:
        headers = {"Idempotency-Key": key}
        return await http.post("/api/v1/auth/register/", json=body, headers=headers)

    answers = await asyncio.gather(*(register() for _ in range(5)))

    assert {answer.status_code for answer in answers} == {201}
    assert len({answer.content for answer in answers}) == 1
    [row] = await rows(sessions, key)
    assert row.caller == ANONYMOUS
    assert PASSWORD.encode() not in (row.body or b"") + row.fingerprint
    await forget_outcome(sessions, key)
    assert (await register()).json()["id"] == answers[0].json()["id"]


async def test_a_refusal_by_a_rule_is_an_outcome_and_a_bad_request_is_not(
    sara: Person, omid: Person
) -> None:
    asset, key = await sara.lists(), a_key()

    first = await sara.call("POST", "/tickets/", {"asset_id": asset["id"], "days": 1}, key=key)
    again = await sara.call("POST", "/tickets/", {"asset_id": asset["id"], "days": 1}, key=key)
    problem(first, 409, "own_asset")
    problem(again, 409, "own_asset")
    assert first.content == again.content
    assert again.headers["idempotency-replayed"] == "true"

    other = a_key()
    problem(await omid.call("POST", "/assets/", {}, key=other), 422, "validation_error")
    assert (await omid.call("POST", "/assets/", ASSET, key=other)).status_code == 201


@pytest.mark.parametrize("key", ["a" * 256, "two words", "tab\t", "é", " "])
async def test_a_key_is_visible_ascii(sara: Person, key: str) -> None:
    headers = [
        (b"Authorization", f"Bearer {sara.token}".encode()),
        (b"Idempotency-Key", key.encode()),
    ]

    answer = await sara.http.post("/api/v1/assets/", json=ASSET, headers=headers)

    [error] = problem(answer, 422, "validation_error")["errors"]
    assert error["pointer"] == "/header/Idempotency-Key"


async def test_an_attempt_that_crashed_is_done_again_with_the_same_id(
    sara: Person, sessions: Sessions
) -> None:
    key = a_key()
    first = await sara.post("/assets/", ASSET, key=key)
    await forget_outcome(sessions, key)

    again = await sara.post("/assets/", ASSET, key=key)

    assert again == first
    assert len((await sara.get("/assets/", owner="me"))["items"]) == 1


@pytest.mark.usefixtures("worker")
async def test_every_step_of_a_loan_can_be_repeated_after_a_crash(
    sara: Person, omid: Person, sessions: Sessions, enrich: Enrich
) -> None:
    asset = await sara.lists()
    await enrich(omid, 600_000)

    async def twice(person: Person, method: str, path: str, body: Any) -> Any:
        key = a_key()
        first = await person.call(method, path, body, key=key)
        assert first.status_code in {200, 201}, first.text
        await forget_outcome(sessions, key)
        again = await person.call(method, path, body, key=key)
        assert again.status_code == first.status_code, again.text
        assert "idempotency-replayed" not in again.headers
        replayed = await person.call(method, path, body, key=key)
        assert replayed.content == again.content
        return again.json()

    asked = {"asset_id": asset["id"], "days": 1}
    ticket = await twice(omid, "POST", "/tickets/", asked)
    path = f"/tickets/{ticket['id']}"
    await twice(sara, "PATCH", f"{path}/accept/", {})
    await twice(omid, "PATCH", f"{path}/pay/", {})
    done = await twice(sara, "PATCH", f"{path}/complete/", {})

    assert done["status"] == "completed"
    assert (await omid.get("/wallet/"))["balance"] == "500000.00"
    assert len((await omid.get("/tickets/"))["items"]) == 1
    assert len((await omid.get(f"{path}/timeline/"))["items"]) == 5


@pytest.mark.usefixtures("worker")
async def test_twenty_repeats_of_one_request_to_borrow_make_one_ticket(
    sara: Person, omid: Person
) -> None:
    asset, key = await sara.lists(), a_key()
    body = {"asset_id": asset["id"], "days": 1}

    answers = await asyncio.gather(
        *(omid.call("POST", "/tickets/", body, key=key) for _ in range(20))
    )

    assert {answer.status_code for answer in answers} == {201}
    assert len({answer.content for answer in answers}) == 1
    assert len((await omid.get("/tickets/"))["items"]) == 1


async def test_a_slow_outcome_is_answered_202_and_kept_when_it_comes(
    database_url: str,
    temporal: TemporalServer,
    sessions: Sessions,
    gateway: httpx.AsyncClient,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("api.idempotency.PATIENCE_S", 0.2)
    # Nobody works on this queue at first, so nothing can be known in time.
    settings = settings_of(database_url, temporal.address, task_queue="slow")
    async with serving(settings) as http:
        sara, omid = await join(http), await join(http)
        body, key = {"asset_id": (await sara.lists())["id"], "days": 1}, a_key()

        early = await omid.call("POST", "/tickets/", body, key=key)

        assert early.status_code == 202
        [row] = await rows(sessions, key)
        poll = f"/api/v1/tickets/{row.resource_id}/"
        assert early.json() == {"status": "processing", "poll": poll}
        async with working(settings, sessions, gateway):
            await given.eventually(lambda: is_kept(sessions, key))

        late = await omid.call("POST", "/tickets/", body, key=key)
        assert late.status_code == 201
        assert late.headers["idempotency-replayed"] == "true"
        assert late.json()["id"] == str(row.resource_id)
        assert (await omid.get(poll.removeprefix("/api/v1")))["status"] == "pending"


async def is_kept(sessions: Sessions, key: str) -> bool:
    return [row.status for row in await rows(sessions, key)] == [201]
