"""What a preview promises is what happens, for every action in every stage that allows it."""

import itertools
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest

from activities.contracts.tickets import MoveTicket
from activities.tickets import PostgresTicketSteps
from domain.deadlines import Windows
from domain.plan import LoanRequest
from domain.ticket import Action
from models.base import new_id
from models.database import Sessions
from settings import Settings
from tests.api.conftest import Enrich
from tests.api.loans import CALLS, DAY, SPLIT, WAYS, Cast, Loan, later
from tests.api.people import Person, problem
from tests.api.test_matrix import ALLOWED, CALLERS, STEPS

pytestmark = pytest.mark.usefixtures("worker")
KEPT = ("status", "cancel_reason", "ends_at", "fee", "total")


async def check_promise(loan: Loan, who: str, action: str, **terms: Any) -> Any:
    """Preview an action, take it, and compare; return the preview."""
    before = await loan.everything()
    posted, asked_at = len(await loan.postings()), datetime.now(UTC)

    answer = await loan.preview(who, action, **terms)

    assert answer.status_code == 200, answer.text
    preview = answer.json()
    assert asked_at <= moment(preview["at"]) <= datetime.now(UTC)
    assert await loan.everything() == before
    taken = await loan.take(who, action, **terms)
    assert taken.status_code in {200, 201}, taken.text
    outcome = taken.json()
    assert preview["action"] == action
    assert {name: preview[name] for name in KEPT} == {name: outcome[name] for name in KEPT}
    assert preview["entries"] == (await loan.postings())[posted:]
    passed = moment(outcome["updated_at"]) - moment(preview["at"])
    assert_same_moment(preview["deadline_at"], outcome["deadline_at"], passed)
    for part, moments in (("extension", ("offered_at", "expires_at")), ("dispute", ("opened_at",))):
        promised, real = preview[part] or {}, outcome[part] or {}
        assert promised.keys() == real.keys()
        for name, value in promised.items():
            if name in moments:
                assert_same_moment(value, real[name], passed)
            else:
                assert value == real[name], name
    return preview


def moment(text: str) -> datetime:
    return datetime.fromisoformat(text)


def assert_same_moment(promised: str | None, real: str | None, passed: timedelta) -> None:
    """Compare an instant that is fixed, or that is as far away from now as it was then."""
    if promised is None or real is None:
        assert promised is real
        return
    assert moment(real) - moment(promised) in {timedelta(0), passed}


@pytest.mark.parametrize(("stage", "who", "action"), STEPS)
async def test_a_preview_is_the_outcome(cast: Cast, stage: str, who: str, action: str) -> None:
    loan = await cast.loan_at(stage)

    preview = await check_promise(loan, who, action)

    assert preview["status"] == ALLOWED[stage][who, action]


@pytest.mark.parametrize("policy", ["flexible", "moderate", "strict"])
@pytest.mark.parametrize("days_ahead", [0, 10])
@pytest.mark.parametrize("who", ["borrower", "lender"])
async def test_what_cancelling_costs_is_known_before(
    cast: Cast, policy: str, days_ahead: int, who: str
) -> None:
    starts_at = datetime.now(UTC) + days_ahead * DAY
    terms = {"cancellation_policy": policy}
    loan = await cast.loan_at("escrow", asset=terms, starts_at=starts_at.isoformat(), days=3)

    preview = await check_promise(loan, who, "cancel")

    keeps = {"flexible": 0, "moderate": 150_000, "strict": 300_000}[policy]
    if who == "lender" or days_ahead:
        keeps = 0
    received = {entry["owner_id"]: entry["amount"] for entry in preview["entries"][1:]}
    lender = cast.people["lender"].id
    # The platform takes five percent of what the lender keeps.
    assert received.get(lender) == (f"{keeps * 95 // 100}.00" if keeps else None)
    assert received.get(None) == (f"{keeps * 5 // 100}.00" if keeps else None)
    assert received[cast.people["borrower"].id] == f"{800_000 - keeps}.00"


async def test_an_extension_within_a_paid_day_costs_nothing(cast: Cast) -> None:
    now = datetime.now(UTC)
    loan = await cast.loan_at("active", ends_at=(now + 2.5 * DAY).isoformat())
    terms = {"ends_at": later(loan.asked, DAY / 4)}

    offered = await check_promise(loan, "borrower", "extend", **terms)
    accepted = await check_promise(loan, "lender", "accept_extension")

    assert offered["extension"]["fee"] == "0.00"
    assert (accepted["entries"], accepted["fee"]) == ([], "300000.00")
    assert moment(accepted["ends_at"]) == moment(terms["ends_at"])


async def test_a_claim_and_a_split_may_leave_one_party_nothing(cast: Cast) -> None:
    claimed = await cast.loan_at("active")
    await check_promise(claimed, "lender", "dispute", claim="800000")
    granted = await check_promise(claimed, "borrower", "accept_claim")
    contested = await cast.loan_at("contested")
    split = {"to_lender": "0", "to_borrower": "800000"}
    resolved = await check_promise(contested, "operator", "resolve", **split)

    assert [entry["owner_id"] for entry in granted["entries"][1:]] == [cast.people["lender"].id]
    assert [entry["owner_id"] for entry in resolved["entries"][1:]] == [cast.people["borrower"].id]


@pytest.mark.parametrize("stage", WAYS)
async def test_what_would_be_refused_is_refused_in_the_same_words(cast: Cast, stage: str) -> None:
    loan = await cast.loan_at(stage)

    for who, action in itertools.product(CALLERS, CALLS):
        if (who, action) not in ALLOWED[stage]:
            await same_refusal(loan, who, action)


async def same_refusal(loan: Loan, who: str, action: str, **terms: Any) -> Any:
    """Check that a preview is refused as the action is; return the refusal."""
    preview = await loan.preview(who, action, **terms)
    taken = await loan.take(who, action, **terms)
    own = ("request_id", "errors")
    promised, real = (
        {name: value for name, value in problem(answer, taken.status_code, code).items()
         if name not in own}
        for answer, code in ((preview, taken.json()["code"]), (taken, taken.json()["code"]))
    )  # fmt: skip
    assert promised == real
    pointers = [error["pointer"] for error in taken.json().get("errors", [])]
    assert [error["pointer"] for error in preview.json().get("errors", [])] == [
        f"/query{pointer}" for pointer in pointers
    ]
    return taken.json()


@pytest.mark.parametrize(
    ("stage", "who", "action", "terms"),
    [
        ("active", "lender", "dispute", {"claim": "800000.01"}),
        ("active", "lender", "dispute", {"claim": "0"}),
        ("active", "lender", "dispute", {"claim": "1.005"}),
        ("contested", "operator", "resolve", SPLIT | {"to_lender": "250000"}),
        ("contested", "operator", "resolve", SPLIT | {"to_lender": "-1"}),
        ("active", "borrower", "extend", {"ends_at": "2001-01-01T00:00:00Z"}),
        ("active", "borrower", "extend", {"ends_at": "2199-01-01T00:00:00Z"}),
        ("active", "borrower", "extend", {"ends_at": "tomorrow"}),
    ],
)
async def test_terms_that_break_a_rule_are_422_in_both_and_the_engine_is_not_asked(
    cast: Cast, stage: str, who: str, action: str, terms: dict[str, str], settings: Settings
) -> None:
    loan = await cast.loan_at(stage)

    refused = await same_refusal(loan, who, action, **terms)

    assert refused["code"] == "validation_error"
    assert await loan.updates(settings) == 1 + len(WAYS[stage])


async def test_terms_that_are_missing_or_unknown_are_422(cast: Cast) -> None:
    loan = await cast.loan_at("active")
    path = f"{loan.path}/preview"

    for action, query, pointer in (
        ("extend", {}, "/query/ends_at"),
        ("dispute", {"reason": "Broken."}, "/query/claim"),
        ("resolve", {"to_lender": "1"}, "/query/to_borrower"),
        ("complete", {"ends_with": "x"}, "/query/ends_with"),
    ):
        answer = await cast.call("lender", "GET", f"{path}/{action}/", **query)
        [error] = problem(answer, 422, "validation_error")["errors"]
        assert error["pointer"] == pointer


@pytest.mark.parametrize(
    "action", ["request", "expire", "remind", "lapse_extension", "yield_asset", "steal", "%00"]
)
async def test_what_nobody_takes_cannot_be_previewed(cast: Cast, action: str) -> None:
    loan = await cast.loan_at("pending")

    for who in ("borrower", "operator"):
        answer = await cast.call(who, "GET", f"{loan.path}/preview/{action}/")
        problem(answer, 404, "not_found")


async def test_too_little_money_is_foreseen_and_the_engine_is_not_asked(
    cast: Cast, sara: Person, omid: Person, enrich: Enrich, settings: Settings
) -> None:
    poor = Cast(cast.http, cast.sessions, {"lender": sara, "borrower": omid})
    loan = await poor.loan_at("accepted")
    await enrich(omid, 799_999)

    short = await same_refusal(loan, "borrower", "pay")
    await enrich(omid, 1)
    await check_promise(loan, "borrower", "pay")
    await loan.take("borrower", "extend")
    too_dear = await same_refusal(loan, "lender", "accept_extension")

    assert (short["code"], short["facts"]) == ("insufficient_funds", {"missing": "1.00"})
    # How much the borrower has is not the lender's business.
    assert (too_dear["code"], "facts" in too_dear) == ("insufficient_funds", False)
    assert "200000" not in too_dear["detail"]
    # The request, the acceptance, the payment that succeeded, and the offer.
    assert await loan.updates(settings) == 4
    await enrich(omid, 200_000)
    await check_promise(loan, "lender", "accept_extension")


async def test_a_taken_asset_is_foreseen_and_the_engine_is_not_asked(
    cast: Cast, settings: Settings
) -> None:
    loan = await cast.loan_at("active")
    wish = {"starts_at": later(loan.asked, DAY), "days": 3, "asset_id": loan.asked["asset_id"]}
    next_one = Loan(cast, await cast.people["borrower"].post("/tickets/", wish))
    offer = await loan.take("borrower", "extend", ends_at=later(loan.asked, 2 * DAY))
    assert offer.status_code == 201, offer.text
    assert (await next_one.take("lender", "accept")).status_code == 200

    taken = await same_refusal(loan, "lender", "accept_extension")
    await loan.take("lender", "decline_extension")
    too_late = await same_refusal(loan, "borrower", "extend")

    assert taken["code"] == too_late["code"] == "asset_unavailable"
    assert await loan.updates(settings) == 5  # with the offer, and that it was declined
    before = {"ends_at": later(loan.asked, DAY)}
    await check_promise(loan, "borrower", "extend", **before)
    await check_promise(loan, "lender", "accept_extension")


async def test_a_request_for_time_that_was_given_away_cannot_be_accepted(
    cast: Cast, sara: Person, omid: Person, sessions: Sessions
) -> None:
    """Without workflows, which would have cancelled the second request at once."""
    steps = PostgresTicketSteps(sessions, Windows(), 500)
    asset, now = await sara.lists(), datetime.now(UTC)
    first, second = (
        LoanRequest(new_id(), UUID(asset["id"]), UUID(omid.id), now, now + DAY, None, now)
        for _ in range(2)
    )
    for wish in (first, second):
        await steps.open_ticket(wish)
    path = f"/tickets/{second.ticket_id}/preview/accept/"

    assert (await sara.get(path))["status"] == "accepted"
    await steps.move_ticket(
        MoveTicket(first.ticket_id, Action.ACCEPT, UUID(sara.id), "accept", now)
    )

    problem(await sara.call("GET", path), 409, "asset_unavailable")
