"""Every action in every stage by everybody, over HTTP: what the design says, and nothing else."""

import itertools
from typing import Final

import pytest

from settings import Settings
from tests.api.loans import CALLS, WAYS, Cast
from tests.api.people import problem

pytestmark = pytest.mark.usefixtures("worker")
CALLERS = ("borrower", "lender", "stranger", "operator", "anonymous")
# The design once more, by hand: in which stage who may do what, and the status after it.
# The claim of a claimed and of a contested loan is the lender's, if nothing else is said.
ALLOWED: Final[dict[str, dict[tuple[str, str], str]]] = {
    "pending": {
        ("lender", "accept"): "accepted",
        ("lender", "decline"): "cancelled",
        ("borrower", "cancel"): "cancelled",
    },
    "accepted": {
        ("borrower", "pay"): "active",  # through escrow, for it is handed over at once
        ("borrower", "cancel"): "cancelled",
        ("lender", "cancel"): "cancelled",
    },
    "escrow": {
        ("borrower", "handover"): "active",
        ("borrower", "cancel"): "cancelled",
        ("lender", "cancel"): "cancelled",
    },
    "active": {
        ("lender", "complete"): "completed",
        ("borrower", "extend"): "active",
        ("borrower", "dispute"): "active",
        ("lender", "dispute"): "active",
    },
    "offered": {
        ("lender", "complete"): "completed",
        ("lender", "accept_extension"): "active",
        ("lender", "decline_extension"): "active",
        ("borrower", "dispute"): "active",
        ("lender", "dispute"): "active",
    },
    "claimed": {
        ("borrower", "accept_claim"): "completed",
        ("borrower", "contest_claim"): "active",
    },
    "claimed by the borrower": {
        ("lender", "accept_claim"): "completed",
        ("lender", "contest_claim"): "active",
    },
    "contested": {("operator", "resolve"): "completed"},
    "completed": {},
    "cancelled": {},
}
MAY_EVER = set().union(*ALLOWED.values())
STATUS = {"offered": "active", "claimed": "active", "contested": "active"} | {
    "claimed by the borrower": "active"
}
CLAIMANTS = {"claimed": "lender", "contested": "lender", "claimed by the borrower": "borrower"}
STEPS = [(stage, *step) for stage, steps in ALLOWED.items() for step in steps]


def refusal(stage: str, who: str, action: str) -> tuple[int, str]:
    """Say how it is refused, by the manners of the contract."""
    if who == "anonymous":
        return 401, "not_authenticated"
    if who == "stranger":
        return 404, "not_found"
    is_own_claim = action in {"accept_claim", "contest_claim"} and CLAIMANTS.get(stage) == who
    if (who, action) not in MAY_EVER or is_own_claim:
        return 403, "forbidden"
    if (stage, action) == ("offered", "extend"):
        return 409, "offer_pending"
    return 409, "illegal_transition"


def test_the_matrix_is_whole() -> None:
    assert set(ALLOWED) == set(WAYS)
    assert {action for _, action in MAY_EVER} == set(CALLS)


@pytest.mark.parametrize("stage", ALLOWED)
async def test_what_the_design_does_not_list_is_refused_and_changes_nothing(
    cast: Cast, stage: str, settings: Settings
) -> None:
    loan = await cast.loan_at(stage)
    before = await loan.everything()

    for who, action in itertools.product(CALLERS, CALLS):
        if (who, action) in ALLOWED[stage]:
            continue
        answer = await loan.take(who, action)
        status, code = refusal(stage, who, action)
        body = problem(answer, status, code)
        if code == "illegal_transition":
            assert body["facts"] == {"status": STATUS.get(stage, stage)}
        assert await loan.everything() == before, (who, action)

    # The engine was not even asked: it knows of the request and of the way to here.
    assert await loan.updates(settings) == 1 + len(WAYS[stage])


@pytest.mark.parametrize(("stage", "who", "action"), STEPS)
async def test_what_the_design_lists_happens(cast: Cast, stage: str, who: str, action: str) -> None:
    loan = await cast.loan_at(stage)
    before = await loan.timeline()

    answer = await loan.take(who, action)

    assert answer.status_code == (201 if action in {"extend", "dispute"} else 200), answer.text
    after = ALLOWED[stage][who, action]
    assert answer.json()["status"] == after
    first, *by_itself = (await loan.timeline())[len(before) :]
    assert (first["action"], first["actor_id"]) == (action, loan.cast.people[who].id)
    assert [line["action"] for line in by_itself] == (["handover"] if action == "pay" else [])
    assert (first["from"], [first, *by_itself][-1]["to"]) == (STATUS.get(stage, stage), after)


@pytest.mark.parametrize("stage", ALLOWED)
async def test_everybody_is_told_what_they_may_do(cast: Cast, stage: str) -> None:
    loan = await cast.loan_at(stage)

    for who in ("borrower", "lender", "operator"):
        told = (await loan.seen_by(who))["allowed_actions"]
        assert set(told) == {action for person, action in ALLOWED[stage] if person == who}
