"""Money from one user to another over HTTP: who may receive it, how much, and once."""

import asyncio
from dataclasses import replace
from decimal import Decimal
from typing import Any
from uuid import UUID, uuid4

import httpx
import pytest
from sqlalchemy import update

from domain import ids
from domain.transfer import NewTransfer
from engine.client import connect
from models.database import Sessions
from models.user import User
from sandbox.temporal import TemporalServer
from settings import Settings
from tests import given
from tests.api.conftest import Enrich, serving, settings_of, working
from tests.api.people import Person, join, problem
from tests.api.test_idempotency import forget_outcome, rows
from tests.conftest import KEYS
from workflows.transfer import WalletTransfer

pytestmark = pytest.mark.usefixtures("worker")
PATH = "/wallet/transfer/"
NOWHERE = "127.0.0.1:1"


def a_key() -> str:
    return f"key-{uuid4()}"


async def balance(person: Person) -> str:
    return str((await person.get("/wallet/"))["balance"])


async def test_money_is_sent_by_id_or_by_address_in_any_case(
    sara: Person, omid: Person, enrich: Enrich
) -> None:
    await enrich(sara, 1_000_000)

    first = await sara.post(PATH, {"to": omid.id.upper(), "amount": 250_000})
    second = await sara.post(
        PATH, {"to": f" {omid.email.upper()} ", "amount": "0.50", "description": " For tea "}
    )

    assert set(first) == {"transaction_id", "amount", "to", "balance", "created_at"}
    assert (first["amount"], first["to"], first["balance"]) == (
        "250000.00", omid.id, "750000.00",
    )  # fmt: skip
    assert (second["to"], second["balance"]) == (omid.id, "749999.50")
    assert (await balance(sara), await balance(omid)) == ("749999.50", "250000.50")
    newest, oldest = (await omid.get("/wallet/entries/"))["items"]
    assert [entry["description"] for entry in (newest, oldest)] == ["For tea", "Transfer"]
    assert oldest["transaction_id"] == first["transaction_id"]
    assert oldest["created_at"] == first["created_at"]
    assert (oldest["type"], oldest["amount"]) == ("credit", "250000.00")


async def test_nobody_sends_to_themselves(sara: Person, enrich: Enrich) -> None:
    await enrich(sara, 1000)

    for to in (sara.id, sara.email.upper()):
        answer = await sara.call("POST", PATH, {"to": to, "amount": 1})
        [error] = problem(answer, 422, "validation_error")["errors"]
        assert error["pointer"] == "/to"
    assert await balance(sara) == "1000.00"


async def test_unknown_and_inactive_receivers_are_refused_in_the_same_words(
    sara: Person, omid: Person, enrich: Enrich, sessions: Sessions
) -> None:
    await enrich(sara, 1000)
    async with sessions.begin() as session:
        closing = update(User).where(User.id == UUID(omid.id)).values(is_active=False)
        await session.execute(closing)

    answers = [
        await sara.call("POST", PATH, {"to": to, "amount": 1})
        for to in (omid.id, omid.email, str(uuid4()), "nobody@example.test")
    ]

    assert len({problem(answer, 404, "not_found")["detail"] for answer in answers}) == 1
    assert await balance(sara) == "1000.00"


@pytest.mark.parametrize(
    ("changes", "pointer"),
    [
        ({"to": "nobody"}, "/to"),
        ({"to": "\x00@example.test"}, "/to"),
        ({"to": 7}, "/to"),
        ({"to": None}, "/to"),
        ({"to": "x" * 5000 + "@example.test"}, "/to"),
        ({"amount": "0"}, "/amount"),
        ({"amount": "-1"}, "/amount"),
        ({"amount": "1e3"}, "/amount"),
        ({"amount": 1.5}, "/amount"),
        ({"amount": "0.001"}, "/amount"),
        ({"description": "x" * 201}, "/description"),
        ({"description": "\x00"}, "/description"),
        ({"description": 7}, "/description"),
        ({"from": "me"}, "/from"),
    ],
)
async def test_a_transfer_that_makes_no_sense_names_the_field(
    sara: Person, omid: Person, changes: dict[str, Any], pointer: str
) -> None:
    answer = await sara.call("POST", PATH, {"to": omid.id, "amount": 1} | changes)

    [error] = problem(answer, 422, "validation_error")["errors"]
    assert error["pointer"] == pointer


@pytest.mark.parametrize("nothing", ["", "   ", None])
async def test_a_transfer_without_words_is_called_one(
    sara: Person, omid: Person, enrich: Enrich, nothing: str | None
) -> None:
    await enrich(sara, 1)

    await sara.post(PATH, {"to": omid.id, "amount": 1, "description": nothing})

    [entry] = (await omid.get("/wallet/entries/"))["items"]
    assert entry["description"] == "Transfer"


async def test_too_little_money_is_refused_and_moves_nothing(
    sara: Person, omid: Person, enrich: Enrich
) -> None:
    await enrich(sara, 1000)

    answer = await sara.call("POST", PATH, {"to": omid.id, "amount": "1000.01"})

    assert problem(answer, 409, "insufficient_funds")["facts"] == {"missing": "0.01"}
    assert (await balance(sara), await balance(omid)) == ("1000.00", "0.00")


async def test_the_limits_are_settings_and_say_what_is_left(
    database_url: str, temporal: TemporalServer, sessions: Sessions, gateway: httpx.AsyncClient,
    enrich: Enrich,
) -> None:  # fmt: skip
    settings = settings_of(
        database_url, temporal.address, task_queue="limits",
        transfer_limit=400_000, transfer_daily_limit=700_000,
    )  # fmt: skip
    async with serving(settings) as http, working(settings, sessions, gateway):
        sara, omid = await join(http), await join(http)
        await enrich(sara, 10_000_000)

        big = await sara.call("POST", PATH, {"to": omid.id, "amount": 400_001})
        many = await asyncio.gather(
            *(sara.call("POST", PATH, {"to": omid.id, "amount": 200_000}) for _ in range(6))
        )
        rest = await sara.call("POST", PATH, {"to": omid.id, "amount": 100_001})
        await sara.post(PATH, {"to": omid.id, "amount": 100_000})

        assert sorted(answer.status_code for answer in many) == [201] * 3 + [422] * 3
        for answer, left in ((big, "400000.00"), (rest, "100000.00")):
            body = problem(answer, 422, "validation_error")
            assert body["errors"][0]["pointer"] == "/amount"
            assert body["facts"] == {"left": left}
        assert await balance(omid) == "700000.00"


async def test_twenty_repeats_at_once_send_once(sara: Person, omid: Person, enrich: Enrich) -> None:
    await enrich(sara, 1000)
    key, body = a_key(), {"to": omid.id, "amount": 100}

    answers = await asyncio.gather(*(sara.call("POST", PATH, body, key=key) for _ in range(20)))

    assert {answer.status_code for answer in answers} == {201}
    assert len({answer.content for answer in answers}) == 1
    assert await balance(sara) == "900.00"


async def test_a_repeat_after_a_crash_hears_the_same_answer(
    sara: Person, omid: Person, enrich: Enrich, sessions: Sessions
) -> None:
    await enrich(sara, 1000)
    key, body = a_key(), {"to": omid.email, "amount": 1000}
    first = await sara.post(PATH, body, key=key)
    await forget_outcome(sessions, key)
    async with sessions.begin() as session:  # by now it would be refused
        closing = update(User).where(User.id == UUID(omid.id)).values(is_active=False)
        await session.execute(closing)

    again = await sara.call("POST", PATH, body, key=key)

    assert again.status_code == 201
    assert again.json() == first
    assert "idempotency-replayed" not in again.headers
    assert await balance(sara) == "0.00"


async def test_a_repeat_after_a_crash_hears_the_same_refusal(
    sara: Person, omid: Person, enrich: Enrich, sessions: Sessions
) -> None:
    await enrich(sara, 1000)
    key, body = a_key(), {"to": omid.id, "amount": 1001}
    first = problem(await sara.call("POST", PATH, body, key=key), 409, "insufficient_funds")
    await forget_outcome(sessions, key)
    await enrich(sara, 1000)  # enough, but too late for this one

    again = problem(await sara.call("POST", PATH, body, key=key), 409, "insufficient_funds")

    assert again["facts"] == first["facts"] == {"missing": "1.00"}
    assert await balance(omid) == "0.00"


async def test_a_repeat_of_what_was_posted_needs_no_engine(
    sara: Person, omid: Person, enrich: Enrich, sessions: Sessions, settings: Settings
) -> None:
    await enrich(sara, 1000)
    key, body = a_key(), {"to": omid.id, "amount": 1000}
    first = await sara.post(PATH, body, key=key)
    await forget_outcome(sessions, key)

    async with serving(settings.model_copy(update={"temporal_address": NOWHERE})) as http:
        again = await replace(sara, http=http).post(PATH, body, key=key)

    assert again == first


@pytest.mark.parametrize(("amount", "status"), [(1000, 201), (1001, 409)])
async def test_a_transfer_that_ended_unheard_is_found_by_the_repeat(
    sara: Person, omid: Person, enrich: Enrich, sessions: Sessions, settings: Settings,
    *, amount: int, status: int,
) -> None:  # fmt: skip
    """The API died when it had started the workflow, before the engine kept its question."""
    await enrich(sara, 1000)
    key, body = a_key(), {"to": omid.id, "amount": amount}
    async with serving(settings.model_copy(update={"temporal_address": NOWHERE})) as http:
        cut = await replace(sara, http=http).call("POST", PATH, body, key=key)
    problem(cut, 503, "engine_unavailable")
    [row] = await rows(sessions, key)
    await run_unheard(settings, row.resource_id, sara, omid, amount)
    await enrich(sara, 1000)  # enough, but too late for this one

    answer = await sara.call("POST", PATH, body, key=key)

    assert answer.status_code == status
    if status == 409:
        assert problem(answer, 409, "insufficient_funds")["facts"] == {"missing": "1.00"}
    assert await balance(omid) == ("1000.00" if status == 201 else "0.00")


async def run_unheard(
    settings: Settings, transfer_id: UUID, sender: Person, receiver: Person, amount: int
) -> None:
    client = await connect(settings.temporal_address, namespace="default", keys=KEYS)
    ended = await client.start_workflow(
        WalletTransfer.run,
        NewTransfer(
            transfer_id, UUID(sender.id), UUID(receiver.id), Decimal(amount), "Transfer", given.NOW
        ),
        id=ids.transfer_workflow(transfer_id),
        task_queue=settings.task_queue,
    )
    await ended.result()


async def test_a_transfer_can_be_looked_up_by_its_sender_alone(
    sara: Person, omid: Person, operator: Person, enrich: Enrich, sessions: Sessions
) -> None:
    await enrich(sara, 1000)
    key = a_key()
    sent = await sara.post(PATH, {"to": omid.id, "amount": 1000}, key=key)
    [row] = await rows(sessions, key)
    path = f"{PATH}{row.resource_id}/"

    assert await sara.get(path) == await operator.get(path) == sent
    problem(await omid.call("GET", path), 404, "not_found")
    problem(await sara.call("GET", f"{PATH}{uuid4()}/"), 404, "not_found")
    problem(await sara.call("GET", f"{PATH}no-id/"), 404, "not_found")


async def test_without_a_login_nothing_is_sent(http: httpx.AsyncClient, omid: Person) -> None:
    answer = await http.post(f"/api/v1{PATH}", json={"to": omid.id, "amount": 1})

    problem(answer, 401, "not_authenticated")
