"""Borrowing for longer over HTTP: the offer, its answer, its price."""

from datetime import datetime
from typing import Any
from uuid import uuid4

import pytest

from models.database import Sessions
from settings import Settings
from tests.api.conftest import Enrich
from tests.api.loans import DAY, Cast, Loan, forget_outcomes, later
from tests.api.people import Person, problem

pytestmark = pytest.mark.usefixtures("worker")


def instant(text: str) -> datetime:
    return datetime.fromisoformat(text)


async def test_a_loan_becomes_longer_for_the_price_of_the_added_days(cast: Cast) -> None:
    loan = await cast.loan_at("active")

    answer = await loan.take("borrower", "extend")

    assert answer.status_code == 201
    offered = answer.json()
    extension = offered["extension"]
    assert (extension["number"], extension["status"]) == (1, "offered")
    assert extension["fee"] == "200000.00"
    assert instant(extension["ends_at"]) == instant(loan.asked["ends_at"]) + 2 * DAY
    assert instant(extension["expires_at"]) - instant(extension["offered_at"]) == DAY
    # Until it is answered, the loan is what it was.
    assert (offered["ends_at"], offered["fee"]) == (loan.asked["ends_at"], "300000.00")
    assert offered["allowed_actions"] == ["dispute"]
    before = await loan.postings()

    accepted = (await loan.take("lender", "accept_extension")).json()

    assert (accepted["fee"], accepted["total"]) == ("500000.00", "1000000.00")
    assert accepted["ends_at"] == extension["ends_at"]
    assert accepted["commission"] == "25000.00"
    assert instant(accepted["deadline_at"]) == instant(accepted["ends_at"]) + 2 * DAY
    assert accepted["extension"] == extension | {"status": "accepted"}
    paid, escrowed = (await loan.postings())[len(before) :]
    assert (paid["account"], paid["type"], paid["amount"]) == ("user_wallet", "debit", "200000.00")
    assert (escrowed["account"], escrowed["owner_id"]) == ("ticket_escrow", str(loan.id))

    done = (await loan.take("lender", "complete")).json()
    assert (done["status"], done["extension"]["status"]) == ("completed", "accepted")


async def test_there_is_one_offer_at_a_time_and_a_declined_one_makes_room(cast: Cast) -> None:
    loan = await cast.loan_at("offered")

    problem(await loan.take("borrower", "extend"), 409, "offer_pending")
    declined = (await loan.take("lender", "decline_extension")).json()
    may_again = (await loan.seen_by("borrower"))["allowed_actions"]
    again = (await loan.take("borrower", "extend", ends_at=later(loan.asked, DAY))).json()

    assert (declined["extension"]["status"], declined["fee"]) == ("declined", "300000.00")
    assert may_again == ["extend", "dispute"]
    assert (again["extension"]["number"], again["extension"]["fee"]) == (2, "100000.00")


async def test_without_the_money_an_offer_stands(
    cast: Cast, sara: Person, omid: Person, enrich: Enrich, sessions: Sessions, settings: Settings
) -> None:
    await enrich(omid, 999_999)
    people = {"lender": sara, "borrower": omid}
    loan = await Cast(cast.http, cast.sessions, people).loan_at("offered")
    before, key = await loan.everything(), str(uuid4())
    asked = await loan.updates(settings)

    async def accept(key: str) -> Any:
        path = f"{loan.path}/extension/answer/"
        answer = await sara.call("PATCH", path, {"answer": "accept"}, key=key)
        return problem(answer, 409, "insufficient_funds")

    early = await accept(key)
    assert await loan.updates(settings) == asked
    # An attempt that was begun before is not refused by what can be seen, but by the engine.
    await forget_outcomes(sessions, [key])
    by_the_engine = await accept(key)

    assert await loan.updates(settings) == asked + 1
    assert await loan.everything() == before
    for refused in (early, by_the_engine):
        # The lender does not learn what is in the borrower's wallet.
        assert refused["detail"] == "The borrower's wallet does not hold the extra fee."
        assert "facts" not in refused
    await enrich(omid, 1)
    assert (await loan.take("lender", "accept_extension")).status_code == 200
    assert (await omid.get("/wallet/"))["balance"] == "0.00"


async def test_time_that_another_loan_holds_cannot_be_added(cast: Cast) -> None:
    loan = await cast.loan_at("active")
    wish = {"starts_at": later(loan.asked, DAY), "days": 1, "asset_id": loan.asked["asset_id"]}
    other = Loan(cast, await cast.people["borrower"].post("/tickets/", wish))
    assert (await other.take("lender", "accept")).status_code == 200

    problem(await loan.take("borrower", "extend"), 409, "asset_unavailable")

    beside = await loan.take("borrower", "extend", ends_at=later(loan.asked, DAY))
    assert beside.status_code == 201


@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        ({}, "/ends_at"),
        ({"ends_at": "soon"}, "/ends_at"),
        ({"ends_at": "2000-01-01T00:00:00Z"}, "/ends_at"),
        ({"ends_at": "2199-12-31T00:00:00Z"}, "/ends_at"),
        ({"ends_at": 1999999999}, "/ends_at"),
        ({"ends_at": "2030-01-01T00:00:00"}, "/ends_at"),
        ({"ends_at": "2199-12-31T00:00:00Z", "fee": "1"}, "/fee"),
    ],
)
async def test_an_end_that_breaks_a_rule_is_422(cast: Cast, body: Any, pointer: str) -> None:
    loan = await cast.loan_at("active")

    answer = await cast.call("borrower", "POST", f"{loan.path}/extension/", body)

    [error] = problem(answer, 422, "validation_error")["errors"]
    assert error["pointer"] == pointer


@pytest.mark.parametrize("body", [{}, {"answer": "perhaps"}, {"answer": None}, {"accept": True}])
async def test_an_answer_is_yes_or_no(cast: Cast, body: Any) -> None:
    loan = await cast.loan_at("offered")

    answer = await cast.call("lender", "PATCH", f"{loan.path}/extension/answer/", body)

    problem(answer, 422, "validation_error")


async def test_each_step_can_be_repeated_also_when_the_loan_has_ended(
    cast: Cast, sessions: Sessions, forgetful: Cast
) -> None:
    loan = await cast.loan_at("active")
    borrower, lender = cast.people["borrower"], cast.people["lender"]
    offer, answer = str(uuid4()), str(uuid4())
    wish, yes = {"ends_at": later(loan.asked, DAY)}, {"answer": "accept"}
    asked = await borrower.post(f"{loan.path}/extension/", wish, key=offer)
    taken = await lender.patch(f"{loan.path}/extension/answer/", yes, key=answer)
    assert (await loan.take("lender", "complete")).status_code == 200
    lines = await loan.timeline()

    again = await borrower.call("POST", f"{loan.path}/extension/", wish, key=offer)
    assert (again.json(), again.headers["idempotency-replayed"]) == (asked, "true")
    # As after a crash between the work and the note of its outcome; the engine knows it still.
    await forget_outcomes(sessions, [offer, answer])
    assert await borrower.post(f"{loan.path}/extension/", wish, key=offer) == asked
    assert await lender.patch(f"{loan.path}/extension/answer/", yes, key=answer) == taken
    # And when the engine has forgotten it, the row knows that it was done, and how it ended.
    await forget_outcomes(sessions, [offer, answer])
    borrower, lender = forgetful.people["borrower"], forgetful.people["lender"]
    late = [
        await borrower.post(f"{loan.path}/extension/", wish, key=offer),
        await lender.patch(f"{loan.path}/extension/answer/", yes, key=answer),
    ]
    never = await lender.call("PATCH", f"{loan.path}/complete/", {}, key=str(uuid4()))
    problem(never, 409, "illegal_transition")

    assert [ticket["status"] for ticket in (asked, taken, *late)] == ["active"] * 2 + [
        "completed"
    ] * 2
    assert await loan.timeline() == lines
