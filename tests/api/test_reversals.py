"""Two operators take back a ledger transaction over HTTP; nobody else does, and none twice."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID, uuid4

import httpx
import pytest
from sqlalchemy import update

from domain import ids, ledger
from models.database import Sessions
from models.idempotency import IdempotentRequest
from models.queries import ledger as ledger_queries
from models.user import User, UserRole
from tests import given
from tests.api.conftest import Enrich
from tests.api.people import Person, join, problem

pytestmark = pytest.mark.usefixtures("worker")
AMOUNT = 250_000
PATH = "/ops/ledger/reversals/"
Transfer = Callable[[], Awaitable[str]]


@pytest.fixture
async def colleague(http: httpx.AsyncClient, sessions: Sessions) -> Person:
    """A second operator."""
    person = await join(http)
    async with sessions.begin() as session:
        user = await session.get_one(User, UUID(person.id))
        user.role = UserRole.OPERATOR
    return person


@pytest.fixture
def transfer(sara: Person, omid: Person, enrich: Enrich, sessions: Sessions) -> Transfer:
    """Sara sends Omid money."""

    async def it() -> str:
        await enrich(sara, AMOUNT)
        people = UUID(sara.id), UUID(omid.id)
        posting = ledger.transfer(uuid4(), *people, Decimal(AMOUNT), "lunch")
        return str(await given.a_posting(sessions, posting))

    return it


def wish_for(transaction_id: str) -> dict[str, str]:
    return {"transaction_id": transaction_id, "reason": " Sent twice "}


async def balances(*people: Person) -> list[str]:
    return [(await person.get("/wallet/"))["balance"] for person in people]


async def test_a_transfer_is_taken_back_by_two_operators(
    sara: Person, omid: Person, operator: Person, colleague: Person, transfer: Transfer
) -> None:
    transaction = await transfer()

    asked = await operator.post(PATH, wish_for(transaction))

    created, expires = (
        datetime.fromisoformat(asked.pop(name)) for name in ("created_at", "expires_at")
    )
    assert expires - created == timedelta(days=7)
    assert asked == {
        "id": asked["id"],
        "transaction_id": transaction,
        "kind": "transfer",
        "amount": "250000.00",
        "reason": "Sent twice",
        "status": "requested",
        "requested_by": operator.id,
        "decided_by": None,
        "decided_at": None,
        "note": None,
    }
    assert await balances(sara, omid) == ["0.00", "250000.00"]

    granted = await colleague.patch(f"{PATH}{asked['id']}/approve/", {"note": "Both agree"})

    assert (granted["status"], granted["decided_by"]) == ("posted", colleague.id)
    assert (granted["note"], granted["decided_at"] is None) == ("Both agree", False)
    assert await operator.get(f"{PATH}{asked['id']}/") == granted
    assert await balances(sara, omid) == ["250000.00", "0.00"]
    [newest, *_] = (await omid.get("/wallet/entries/"))["items"]
    assert (newest["type"], newest["description"]) == ("debit", "Sent twice")


async def test_a_transaction_and_its_reversal_name_each_other(
    sara: Person, omid: Person, operator: Person, colleague: Person, transfer: Transfer
) -> None:
    transaction = await transfer()
    wish = await operator.post(PATH, wish_for(transaction))
    await colleague.patch(f"{PATH}{wish['id']}/approve/", None)

    before = await operator.get(f"/ops/ledger/transactions/{transaction}/")
    after = await operator.get(f"/ops/ledger/transactions/{before['reversed_by']}/")

    assert (before["kind"], after["kind"]) == ("transfer", "reversal")
    assert (before["reverses"], after["reverses"]) == (None, transaction)
    assert (after["reversed_by"], after["ref"]) == (None, f"reversal:{wish['id']}")
    sides = [
        {line["owner_id"]: (line["type"], line["amount"]) for line in shown["entries"]}
        for shown in (before, after)
    ]
    out, back = ("debit", "250000.00"), ("credit", "250000.00")
    assert sides == [{sara.id: out, omid.id: back}, {sara.id: back, omid.id: out}]
    assert {line["account"] for line in before["entries"]} == {"user_wallet"}


async def test_one_cannot_approve_but_can_withdraw_ones_own_wish(
    operator: Person, colleague: Person, transfer: Transfer
) -> None:
    transaction = await transfer()
    path = f"{PATH}{(await operator.post(PATH, wish_for(transaction)))['id']}"

    problem(await operator.call("PATCH", f"{path}/approve/", {}), 403, "forbidden")
    problem(await operator.call("PATCH", f"{path}/reject/", {"note": " "}), 422, "validation_error")
    withdrawn = await operator.patch(f"{path}/reject/", {"note": "My mistake"})

    assert (withdrawn["status"], withdrawn["decided_by"]) == ("rejected", operator.id)
    late = await colleague.call("PATCH", f"{path}/approve/", {})
    facts = problem(late, 409, "illegal_transition")
    assert (facts["facts"], facts["detail"]) == (
        {"status": "rejected"},
        "Cannot approve a reversal that is rejected.",
    )
    assert (await operator.post(PATH, wish_for(transaction)))["status"] == "requested"


async def test_a_transaction_has_one_wish_and_one_reversal(
    operator: Person, colleague: Person, transfer: Transfer
) -> None:
    transaction = await transfer()
    wish = await operator.post(PATH, wish_for(transaction))

    pending = await colleague.call("POST", PATH, wish_for(transaction))
    await colleague.patch(f"{PATH}{wish['id']}/approve/", {})
    posted = await colleague.call("POST", PATH, wish_for(transaction))

    assert problem(pending, 409, "illegal_transition")["facts"] == {
        "status": "requested",
        "reversal_id": wish["id"],
    }
    assert problem(posted, 409, "illegal_transition")["facts"]["status"] == "posted"


async def test_money_that_is_gone_does_not_come_back(
    omid: Person,
    operator: Person,
    colleague: Person,
    transfer: Transfer,
    enrich: Enrich,
    sessions: Sessions,
) -> None:
    path = f"{PATH}{(await operator.post(PATH, wish_for(await transfer())))['id']}"
    spent = ledger.transfer(uuid4(), UUID(omid.id), uuid4(), Decimal(AMOUNT), "spent")
    await given.a_posting(sessions, spent)

    refused = await colleague.call("PATCH", f"{path}/approve/", {})

    facts = problem(refused, 409, "insufficient_funds")["facts"]
    assert facts == {"missing": "250000.00"}
    assert (await operator.get(f"{path}/"))["status"] == "requested"
    await enrich(omid, AMOUNT)
    assert (await colleague.patch(f"{path}/approve/", {}))["status"] == "posted"


async def test_a_deposit_goes_back_with_its_payment(
    sara: Person, operator: Person, colleague: Person, sessions: Sessions
) -> None:
    payment = await given.a_paid_payment(sessions, UUID(sara.id), Decimal(AMOUNT))
    async with sessions() as session:
        deposit = await ledger_queries.by_key(session, ids.payment_posting(payment))
    assert deposit
    wish = await operator.post(PATH, wish_for(str(deposit.id)))

    await colleague.patch(f"{PATH}{wish['id']}/approve/", {})

    shown = await sara.get(f"/payments/{payment}/")
    assert (shown["status"], shown["paid_at"] is None) == ("reversed", False)
    assert await balances(sara) == ["0.00"]


async def test_two_colleagues_who_click_at_once_reverse_once(
    sara: Person, operator: Person, colleague: Person, transfer: Transfer
) -> None:
    path = f"{PATH}{(await operator.post(PATH, wish_for(await transfer())))['id']}"

    answers = await asyncio.gather(
        *(colleague.call("PATCH", f"{path}/approve/", {}) for _ in range(3)),
        *(operator.call("PATCH", f"{path}/reject/", {"note": "no"}) for _ in range(3)),
    )

    assert sorted(answer.status_code for answer in answers) == [200] + [409] * 5
    status = (await operator.get(f"{path}/"))["status"]
    assert await balances(sara) == ["250000.00" if status == "posted" else "0.00"]


@pytest.mark.parametrize("step", ["ask", "approve", "reject"])
async def test_a_repeat_after_a_crash_gives_the_first_outcome_again(
    operator: Person, colleague: Person, transfer: Transfer, sessions: Sessions, step: str
) -> None:
    key, other = str(uuid4()), str(uuid4())
    asking: dict[str, Any] = {
        "method": "POST",
        "path": PATH,
        "body": wish_for(await transfer()),
        "key": other,
    }
    asked = (await operator.call(**asking)).json()
    decision: dict[str, Any] = {
        "method": "PATCH",
        "path": f"{PATH}{asked['id']}/{step}/",
        "body": {"note": "seen"},
        "key": key,
    }
    if step == "ask":  # the wish is over when its request is repeated
        await colleague.patch(f"{PATH}{asked['id']}/reject/", {"note": "no"})
        person, call = operator, asking
    else:
        person, call = colleague, decision
        await colleague.call(**decision)
    async with sessions.begin() as session:  # as a crash leaves it: nobody wrote down how it went
        row = update(IdempotentRequest).where(IdempotentRequest.key == call["key"])
        await session.execute(row.values(status=None, body=None))

    again = await person.call(**call)

    assert again.status_code == (201 if step == "ask" else 200), again.text
    assert again.json()["id"] == asked["id"]
    assert again.json()["requested_by"] == operator.id


@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        ({"reason": "x"}, "/transaction_id"),
        ({"transaction_id": "x", "reason": "x"}, "/transaction_id"),
        ({"transaction_id": str(uuid4()), "reason": " \n"}, "/reason"),
        ({"transaction_id": str(uuid4()), "reason": "x" * 201}, "/reason"),
        ({"transaction_id": str(uuid4()), "reason": "x", "amount": 1}, "/amount"),
    ],
)
async def test_a_wish_names_a_transaction_and_a_reason(
    operator: Person, body: dict[str, Any], pointer: str
) -> None:
    [error] = problem(await operator.call("POST", PATH, body), 422, "validation_error")["errors"]

    assert error["pointer"] == pointer


async def test_what_does_not_exist_is_404(operator: Person) -> None:
    unknown = str(uuid4())

    problem(await operator.call("POST", PATH, wish_for(unknown)), 404, "not_found")
    problem(await operator.call("PATCH", f"{PATH}{unknown}/approve/", {}), 404, "not_found")
    for path in (f"{PATH}{unknown}/", f"/ops/ledger/transactions/{unknown}/"):
        problem(await operator.call("GET", path), 404, "not_found")


async def test_what_has_another_way_back_is_refused_with_it(
    sara: Person, operator: Person, enrich: Enrich, sessions: Sessions
) -> None:
    await enrich(sara, AMOUNT)
    out = ledger.withdrawal(f"withdrawal:{uuid4()}", UUID(sara.id), Decimal(AMOUNT), "to the bank")
    transaction = str(await given.a_posting(sessions, out))

    refused = problem(
        await operator.call("POST", PATH, wish_for(transaction)), 409, "illegal_transition"
    )

    assert "withdrawal is rejected" in refused["detail"]
    assert refused["facts"] == {"status": "posted", "kind": "withdrawal"}


async def test_wishes_are_listed_newest_first_by_status_and_in_pages(
    operator: Person, colleague: Person, transfer: Transfer
) -> None:
    wishes = [await operator.post(PATH, wish_for(await transfer())) for _ in range(3)]
    await colleague.patch(f"{PATH}{wishes[1]['id']}/reject/", {"note": "no"})

    async def listed(**query: Any) -> list[str]:
        return [wish["id"] for wish in (await colleague.get(PATH, **query))["items"]]

    first, second, third = (wish["id"] for wish in wishes)
    assert (await listed(limit=3)) == [third, second, first]
    assert (await listed(status="requested", limit=2)) == [third, first]
    assert (await listed(status="rejected", limit=1)) == [second]
    page = await colleague.get(PATH, limit=1)
    assert (await listed(limit=1, cursor=page["next"])) == [second]
    wrong = await colleague.call("GET", PATH, status="undone")
    problem(wrong, 422, "validation_error")


async def test_only_operators_see_or_take_back_the_ledger(
    http: httpx.AsyncClient, sara: Person, operator: Person, transfer: Transfer
) -> None:
    transaction = await transfer()
    wish = await operator.post(PATH, wish_for(transaction))
    calls: list[tuple[str, str, Any]] = [
        ("POST", PATH, wish_for(transaction)),
        ("GET", PATH, None),
        ("GET", f"{PATH}{wish['id']}/", None),
        ("GET", f"/ops/ledger/transactions/{transaction}/", None),
        ("PATCH", f"{PATH}{wish['id']}/approve/", {}),
        ("PATCH", f"{PATH}{wish['id']}/reject/", {"note": "no"}),
    ]

    for method, path, body in calls:
        problem(await sara.call(method, path, body), 403, "forbidden")
        anonymous = await http.request(method, f"/api/v1{path}", json=body)
        problem(anonymous, 401, "not_authenticated")
