"""Money to a bank account over HTTP: asked by its owner, decided by an operator, shown to few."""

import asyncio
import base64
from dataclasses import replace
from typing import Any
from uuid import UUID, uuid4

import httpx
import pytest
from sqlalchemy import select

from engine.client import connect
from models.database import Sessions
from models.idempotency import IdempotentRequest
from models.user import User, UserRole
from models.withdrawal import WithdrawalRow
from settings import Settings
from tests.api.conftest import Enrich, serving
from tests.api.people import Person, join, problem
from tests.api.test_idempotency import forget_outcome
from tests.conftest import KEYS
from tests.payloads import texts_in
from workflows.messages import Ending

pytestmark = pytest.mark.usefixtures("worker")
PATH, OPS = "/wallet/withdrawals/", "/ops/withdrawals/"
IBAN = "IR062960000000100324200001"
WISH = {"amount": 400_000, "iban": "ir06 2960 0000 0010 0324 2000 ۰۱"}
SHOWN = "IR** **** ... 0001"
REFERENCE, WORDS = {"bank_reference": "R"}, {"note": "no"}
Decision = tuple[str, dict[str, str]]


def a_key() -> str:
    return f"key-{uuid4()}"


@pytest.fixture
async def rich(sara: Person, enrich: Enrich) -> Person:
    await enrich(sara, 1_000_000)
    return sara


async def balance(person: Person) -> str:
    return str((await person.get("/wallet/"))["balance"])


async def ask(person: Person) -> Any:
    return await person.post(PATH, WISH)


async def test_a_withdrawal_leaves_the_wallet_and_hides_the_account(
    rich: Person, sessions: Sessions
) -> None:
    asked = await ask(rich)

    assert asked == {
        "id": asked["id"],
        "amount": "400000.00",
        "currency": "IRR",
        "iban": SHOWN,
        "status": "requested",
        "bank_reference": None,
        "note": None,
        "created_at": asked["created_at"],
        "closed_at": None,
    }
    assert await balance(rich) == "600000.00"
    assert await rich.get(f"{PATH}{asked['id']}/") == asked
    assert (await rich.get(PATH))["items"] == [asked]
    async with sessions() as session:
        row = await session.get_one(WithdrawalRow, UUID(asked["id"]))
    assert IBAN[4:].encode() not in row.iban
    assert row.iban_end == "0001"


async def test_an_operator_finds_all_withdrawals_to_one_account(
    rich: Person, omid: Person, operator: Person, enrich: Enrich
) -> None:
    await enrich(omid, 1_000_000)
    iban = "IR830120010000001387998021"
    known = {one["id"] for one in (await operator.get(OPS, iban=iban, limit=100))["items"]}
    mine = await rich.post(PATH, WISH | {"iban": iban})
    theirs = await omid.post(PATH, WISH | {"iban": iban})
    await ask(rich)

    found = (await operator.get(OPS, iban="ir83 0120 0100 0000 1387 9980 ۲۱", limit=100))["items"]

    assert {one["id"] for one in found} - known == {mine["id"], theirs["id"]}
    assert {one["iban"] for one in found} == {iban}
    problem(await operator.call("GET", OPS, iban="IR00"), 422, "validation_error")


async def test_an_operator_sees_the_account_pays_and_records_it(
    rich: Person, operator: Person
) -> None:
    asked = await ask(rich)
    path = f"{OPS}{asked['id']}/"

    listed = await operator.get(OPS, status="requested", limit=1)
    [shown] = listed["items"]
    nobody = {"decided_by": None, "closed_by": None}
    assert shown == asked | {"iban": IBAN, "user_id": rich.id} | nobody
    assert await operator.get(path) == shown
    approved = await operator.patch(f"{path}approve/", {"note": "Checked"})
    assert (approved["status"], approved["note"], approved["iban"]) == (
        "approved", "Checked", SHOWN,
    )  # fmt: skip
    paid = await operator.patch(f"{path}paid/", {"bank_reference": "REF-1"})

    assert (paid["status"], paid["bank_reference"]) == ("paid", "REF-1")
    assert paid["closed_at"]
    of_operators = {name: paid.pop(name) for name in ("user_id", "decided_by", "closed_by")}
    assert list(of_operators.values()) == [rich.id, operator.id, operator.id]
    assert (await rich.get(PATH))["items"] == [paid]
    assert await balance(rich) == "600000.00"


async def test_approving_with_a_bank_reference_records_both(rich: Person, operator: Person) -> None:
    asked = await ask(rich)

    paid = await operator.patch(f"{OPS}{asked['id']}/approve/", {"bank_reference": "REF-1"})

    assert (paid["status"], paid["bank_reference"]) == ("paid", "REF-1")


@pytest.mark.parametrize("how", ["reject", "failed"])
async def test_a_no_returns_the_money(rich: Person, operator: Person, how: str) -> None:
    path = f"{OPS}{(await ask(rich))['id']}/"
    if how == "failed":
        answer = await operator.call("PATCH", f"{path}approve/")  # a yes needs no words
        assert answer.status_code == 200, answer.text

    ended = await operator.patch(f"{path}{how}/", {"note": " The account is closed. "})

    assert ended["status"] == {"reject": "rejected", "failed": "failed"}[how]
    assert ended["note"] == "The account is closed."
    assert await balance(rich) == "1000000.00"
    newest = (await rich.get("/wallet/entries/"))["items"][0]
    assert (newest["type"], newest["amount"]) == ("credit", "400000.00")


async def test_of_yes_and_no_at_once_one_is_taken(rich: Person, operator: Person) -> None:
    path = f"{OPS}{(await ask(rich))['id']}/"

    answers = await asyncio.gather(
        *(
            operator.call("PATCH", f"{path}{verb}/", {"note": "x"})
            for verb in ("approve", "reject") * 5
        )
    )

    assert sorted(answer.status_code for answer in answers) == [200] + [409] * 9
    [taken] = [answer.json() for answer in answers if answer.status_code == 200]
    for answer in answers:
        if answer.status_code == 409:
            body = problem(answer, 409, "illegal_transition")
            assert body["facts"] == {"status": taken["status"]}
    assert (
        await balance(rich) == {"approved": "600000.00", "rejected": "1000000.00"}[taken["status"]]
    )


async def test_an_action_in_the_wrong_status_names_it(rich: Person, operator: Person) -> None:
    path = f"{OPS}{(await ask(rich))['id']}/"
    early = await operator.call("PATCH", f"{path}paid/", REFERENCE)
    await operator.patch(f"{path}reject/", WORDS)
    late = [
        await operator.call("PATCH", f"{path}{verb}/", body)
        for verb, body in (
            ("approve", {}), ("reject", WORDS), ("paid", REFERENCE), ("failed", WORDS),
        )
    ]  # fmt: skip

    assert problem(early, 409, "illegal_transition")["facts"] == {"status": "requested"}
    for answer in late:
        body = problem(answer, 409, "illegal_transition")
        assert body["facts"] == {"status": "rejected"}
        assert "withdrawal that is rejected" in body["detail"]
    assert await balance(rich) == "1000000.00"


async def test_only_operators_decide_and_see(rich: Person, omid: Person) -> None:
    path = f"{OPS}{(await ask(rich))['id']}/"

    for person in (rich, omid):
        problem(await person.call("GET", OPS), 403, "forbidden")
        problem(await person.call("GET", path), 403, "forbidden")
        for verb, body in (
            ("approve", {}), ("reject", {"note": "x"}),
            ("paid", {"bank_reference": "x"}), ("failed", {"note": "x"}),
        ):  # fmt: skip
            problem(await person.call("PATCH", f"{path}{verb}/", body), 403, "forbidden")


async def test_an_operator_does_not_decide_about_their_own(
    operator: Person, http: httpx.AsyncClient, sessions: Sessions, enrich: Enrich
) -> None:
    await enrich(operator, 1_000_000)
    path = f"{OPS}{(await ask(operator))['id']}/"
    colleague = await join(http)
    async with sessions.begin() as session:
        (await session.get_one(User, UUID(colleague.id))).role = UserRole.ADMIN

    problem(await operator.call("PATCH", f"{path}approve/", {}), 403, "forbidden")
    problem(await operator.call("PATCH", f"{path}reject/", {"note": "x"}), 403, "forbidden")
    await colleague.patch(f"{path}approve/", {})
    answer = await operator.call("PATCH", f"{path}paid/", {"bank_reference": "x"})
    problem(answer, 403, "forbidden")

    assert (await colleague.get(path))["status"] == "approved"


async def test_another_users_withdrawal_is_not_there(
    rich: Person, omid: Person, operator: Person
) -> None:
    asked = await ask(rich)

    problem(await omid.call("GET", f"{PATH}{asked['id']}/"), 404, "not_found")
    assert (await omid.get(PATH))["items"] == []
    problem(await operator.call("GET", f"{OPS}{uuid4()}/"), 404, "not_found")
    problem(await operator.call("PATCH", f"{OPS}{uuid4()}/approve/", {}), 404, "not_found")
    problem(await operator.call("PATCH", f"{OPS}no-id/approve/", {}), 404, "not_found")


async def test_too_little_money_is_refused_and_stores_nothing(sara: Person, enrich: Enrich) -> None:
    await enrich(sara, 399_999)

    answer = await sara.call("POST", PATH, WISH)

    assert problem(answer, 409, "insufficient_funds")["facts"] == {"missing": "1.00"}
    assert (await sara.get(PATH))["items"] == []
    assert await balance(sara) == "399999.00"


@pytest.mark.parametrize(
    ("changes", "pointer", "why"),
    [
        ({"iban": IBAN[:-1]}, "/iban", "not 23"),
        ({"iban": IBAN[:-1] + "2"}, "/iban", "check digits"),
        ({"iban": "DE89370400440532013000"}, "/iban", "begins with IR"),
        ({"iban": IBAN[:-1] + "\x00"}, "/iban", "only digits"),
        ({"iban": None}, "/iban", "string"),
        ({"amount": "9999"}, "/amount", "at least 10,000"),
        ({"amount": "10000.50"}, "/amount", "whole rials"),
        ({"amount": 0}, "/amount", "greater than 0"),
        ({"bank": "x"}, "/bank", "not permitted"),
    ],
)
async def test_a_request_that_makes_no_sense_says_what_is_wrong(
    rich: Person, changes: dict[str, Any], pointer: str, why: str
) -> None:
    answer = await rich.call("POST", PATH, WISH | changes)

    [error] = problem(answer, 422, "validation_error")["errors"]
    assert error["pointer"] == pointer
    assert why in error["message"]
    assert await balance(rich) == "1000000.00"


@pytest.mark.parametrize(
    ("verb", "body", "pointer"),
    [
        ("paid", {"bank_reference": ""}, "/bank_reference"),
        ("paid", {"bank_reference": "x" * 65}, "/bank_reference"),
        ("failed", {"note": None}, "/note"),
        ("approve", {"iban": IBAN}, "/iban"),
    ],
)
async def test_a_decision_says_why_or_where(
    rich: Person, operator: Person, verb: str, body: dict[str, Any], pointer: str
) -> None:
    path = f"{OPS}{(await ask(rich))['id']}/"

    answer = await operator.call("PATCH", f"{path}{verb}/", body)

    [error] = problem(answer, 422, "validation_error")["errors"]
    assert error["pointer"] == pointer


async def test_lists_page_newest_first_and_by_status(rich: Person, operator: Person) -> None:
    body = WISH | {"amount": 10_000}
    asked = [(await rich.post(PATH, body))["id"] for _ in range(5)]
    await operator.patch(f"{OPS}{asked[0]}/reject/", {"note": "x"})

    first = await rich.get(PATH, limit=3)
    second = await rich.get(PATH, limit=3, cursor=first["next"])
    rejected = await operator.get(OPS, status="rejected", limit=1)
    waiting = await operator.get(OPS, status="requested", limit=4)

    assert [item["id"] for item in first["items"] + second["items"]] == asked[::-1]
    assert second["next"] is None
    assert [item["id"] for item in rejected["items"]] == asked[:1]
    assert [item["id"] for item in waiting["items"]] == asked[:0:-1]
    problem(await operator.call("GET", OPS, status="lost"), 422, "validation_error")
    problem(await rich.call("GET", PATH, cursor="x"), 422, "validation_error")


async def test_twenty_repeats_at_once_ask_once(rich: Person) -> None:
    key = a_key()

    answers = await asyncio.gather(*(rich.call("POST", PATH, WISH, key=key) for _ in range(20)))

    assert {answer.status_code for answer in answers} == {201}
    assert len({answer.content for answer in answers}) == 1
    assert await balance(rich) == "600000.00"


async def test_every_step_can_be_repeated_after_a_crash(
    rich: Person, operator: Person, sessions: Sessions
) -> None:
    async def twice(person: Person, method: str, path: str, body: Any) -> Any:
        key = a_key()
        first = await person.call(method, path, body, key=key)
        assert first.status_code in {200, 201}, first.text
        await forget_outcome(sessions, key)
        again = await person.call(method, path, body, key=key)
        assert again.content == first.content
        assert again.status_code == first.status_code
        return again.json()

    asked = await twice(rich, "POST", PATH, WISH)
    path = f"{OPS}{asked['id']}/"
    await twice(operator, "PATCH", f"{path}approve/", {})
    await twice(operator, "PATCH", f"{path}failed/", {"note": "closed"})
    other = await twice(rich, "POST", PATH, WISH)
    await twice(operator, "PATCH", f"{OPS}{other['id']}/reject/", {"note": "no"})

    assert await balance(rich) == "1000000.00"
    assert len((await rich.get(PATH))["items"]) == 2


@pytest.mark.parametrize(
    ("before", "mine", "taken", "status"),
    [
        ([], ("approve", REFERENCE), ("approve", REFERENCE), 200),
        ([], ("approve", REFERENCE), ("reject", WORDS), 409),
        ([], ("reject", WORDS), ("reject", WORDS), 200),
        ([], ("reject", WORDS), ("approve", REFERENCE), 409),
        ([("approve", {})], ("paid", REFERENCE), ("paid", REFERENCE), 200),
        ([("approve", {})], ("paid", REFERENCE), ("paid", {"bank_reference": "X"}), 409),
        ([("approve", {})], ("failed", WORDS), ("failed", WORDS), 200),
        ([("approve", {})], ("failed", WORDS), ("paid", REFERENCE), 409),
    ],
)
async def test_a_decision_that_was_cut_off_is_answered_by_what_the_row_says(
    rich: Person, operator: Person, settings: Settings, *,
    before: list[Decision], mine: Decision, taken: Decision, status: int,
) -> None:  # fmt: skip
    """The engine was away, and before the repeat came, this or another decision was taken."""
    path, key = f"{OPS}{(await ask(rich))['id']}/", a_key()
    for verb, body in before:
        await operator.patch(f"{path}{verb}/", body)
    away = settings.model_copy(update={"temporal_address": "127.0.0.1:1"})
    async with serving(away) as http:
        cut = replace(operator, http=http).call("PATCH", f"{path}{mine[0]}/", mine[1], key=key)
        problem(await cut, 503, "engine_unavailable")
    ended = await operator.patch(f"{path}{taken[0]}/", taken[1])

    answer = await operator.call("PATCH", f"{path}{mine[0]}/", mine[1], key=key)

    assert answer.status_code == status, answer.text
    assert answer.json()["code" if status == 409 else "id"] == (
        "illegal_transition" if status == 409 else ended["id"]
    )


async def test_the_engine_never_holds_the_account(
    rich: Person, operator: Person, settings: Settings
) -> None:
    asked = await ask(rich)
    await operator.patch(f"{OPS}{asked['id']}/approve/", {"bank_reference": "R"})
    client = await connect(settings.temporal_address, namespace="default", keys=KEYS)
    handle = client.get_workflow_handle(f"withdrawal:{asked['id']}", result_type=Ending)
    assert await handle.result() == Ending("paid")

    texts = await texts_in(handle)

    assert any(rich.id in text for text in texts)
    for text in texts:
        assert IBAN[4:] not in text
        assert base64.b64encode(IBAN.encode()).decode()[:20] not in text


async def test_the_account_is_in_no_log_and_in_no_stored_answer(
    rich: Person,
    operator: Person,
    sessions: Sessions,
    capsys: pytest.CaptureFixture[str],
    caplog: pytest.LogCaptureFixture,
) -> None:
    keys = [a_key() for _ in range(3)]
    asked = await rich.post(PATH, WISH, key=keys[0])
    await rich.call("POST", PATH, WISH | {"iban": IBAN[:-1]}, key=keys[1])
    await operator.get(OPS)
    await operator.patch(f"{OPS}{asked['id']}/approve/", {}, key=keys[2])

    async with sessions() as session:
        mine = IdempotentRequest.key.in_(keys)
        answers = (await session.scalars(select(IdempotentRequest.body).where(mine))).all()
    logged = capsys.readouterr()
    assert asked["id"] in b"".join(filter(None, answers)).decode()
    assert "/api/v1/wallet/withdrawals/" in logged.out
    for text in (logged.out, logged.err, caplog.text, *map(str, answers)):
        assert IBAN[4:] not in text
        assert IBAN[4:-1] not in text


async def test_a_rejection_needs_no_words(rich: Person, operator: Person) -> None:
    asked = await ask(rich)

    rejected = await operator.patch(f"{OPS}{asked['id']}/reject/", {})

    assert (rejected["status"], rejected["note"]) == ("rejected", None)
    assert (rejected["decided_by"], rejected["closed_by"]) == (operator.id, operator.id)
    assert await balance(rich) == "1000000.00"


async def test_an_account_that_cannot_be_read_hides_no_other(
    rich: Person, operator: Person, sessions: Sessions
) -> None:
    unreadable, readable = [(await ask(rich))["id"] for _ in range(2)]
    async with sessions.begin() as session:
        row = await session.get_one(WithdrawalRow, UUID(unreadable))
        row.iban = row.iban[:-1] + bytes([row.iban[-1] ^ 1])

    listed = await operator.get(OPS, limit=2)

    assert {item["id"]: item["iban"] for item in listed["items"]} == {
        unreadable: SHOWN,
        readable: IBAN,
    }
