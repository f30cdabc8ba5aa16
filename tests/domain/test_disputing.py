"""How a disputed escrow is divided: by the claim, by silence, by an operator."""

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from uuid import uuid4

import pytest
from hypothesis import given as property_of
from hypothesis import strategies as st

from domain.actions import Move, Terms, act
from domain.deadlines import Windows, reminder_at
from domain.dispute import Claim, DisputeStatus, Division
from domain.errors import IllegalTransition, ValidationFailed
from domain.extension import ExtensionStatus
from domain.ledger import PLATFORM_REVENUE, Entry, Side, TransactionKind, wallet
from domain.plan import Plan
from domain.ticket import Action, Stage, Ticket, TicketStatus
from tests.given import DAY, NOW, a_ticket_at

W = Windows()
TOTAL = Decimal(800_000)
rials = st.decimals(min_value=0, max_value=TOTAL, places=2)


def move(ticket: Ticket, action: Action, by: str, terms: Terms | None = None) -> Plan:
    people = {"borrower": ticket.borrower_id, "lender": ticket.lender_id, "operator": uuid4()}
    return act(ticket, Move(action, people[by], NOW + DAY, terms), W)


def received(plan: Plan) -> dict[str, Decimal]:
    """Who got how much out of the escrow."""
    names = {
        wallet(plan.ticket.lender_id): "lender",
        wallet(plan.ticket.borrower_id): "borrower",
        PLATFORM_REVENUE: "platform",
    }
    assert plan.posting
    assert plan.posting.kind is TransactionKind.RELEASE
    entries: tuple[Entry, ...] = plan.posting.entries
    return {names[e.account]: e.amount for e in entries if e.side is Side.CREDIT}


@property_of(rials.filter(bool))
def test_an_accepted_claim_gives_the_opener_what_was_claimed_and_the_other_the_rest(
    claim: Decimal,
) -> None:
    for opener, other in (("lender", "borrower"), ("borrower", "lender")):
        claimed = move(
            a_ticket_at(Stage.ACTIVE), Action.DISPUTE, opener, Claim(claim, "Broken.")
        ).ticket

        plan = move(claimed, Action.ACCEPT_CLAIM, other)

        parts = {opener: claim, other: TOTAL - claim}
        assert received(plan) == {name: part for name, part in parts.items() if part}
        assert plan.ticket.status is TicketStatus.COMPLETED


@property_of(rials)
def test_an_operator_divides_the_whole_escrow_to_the_rial(to_lender: Decimal) -> None:
    split = Division(to_lender, TOTAL - to_lender)

    plan = move(a_ticket_at(Stage.CONTESTED), Action.RESOLVE, "operator", split)

    parts = {"lender": split.to_lender, "borrower": split.to_borrower}
    assert received(plan) == {name: part for name, part in parts.items() if part}
    assert plan.ticket.dispute
    assert plan.ticket.dispute.status is DisputeStatus.RESOLVED


@pytest.mark.parametrize(
    "split",
    [
        Division(TOTAL, Decimal("0.01")),
        Division(TOTAL - 1, Decimal(0)),
        Division(TOTAL + 1, Decimal(-1)),
    ],
)
def test_a_split_that_is_not_the_escrow_is_refused(split: Division) -> None:
    with pytest.raises(ValidationFailed):
        move(a_ticket_at(Stage.CONTESTED), Action.RESOLVE, "operator", split)


@pytest.mark.parametrize("claim", [Decimal(0), Decimal(-1), TOTAL + Decimal("0.01")])
def test_a_claim_is_a_part_of_the_escrow(claim: Decimal) -> None:
    with pytest.raises(ValidationFailed) as refused:
        move(a_ticket_at(Stage.ACTIVE), Action.DISPUTE, "lender", Claim(claim, "No."))

    assert refused.value.facts["pointer"] == "/claim"


def test_a_claim_freezes_the_return_and_gives_the_other_party_time_to_answer() -> None:
    ticket = a_ticket_at(Stage.OFFERED)

    claimed = move(ticket, Action.DISPUTE, "borrower", Claim(Decimal(1), "Dirty.")).ticket

    assert claimed.stage is Stage.CLAIMED
    assert claimed.deadline_at == NOW + DAY + W.claim
    assert claimed.extension
    assert claimed.extension.status is ExtensionStatus.LAPSED
    assert reminder_at(claimed, W.reminder) is None
    with pytest.raises(IllegalTransition):
        act(claimed, Move(Action.COMPLETE, None, NOW + 90 * DAY), W)


def test_silence_accepts_a_claim_when_its_time_is_over_and_not_before() -> None:
    claimed = a_ticket_at(Stage.CLAIMED)
    assert claimed.deadline_at

    with pytest.raises(IllegalTransition):
        act(claimed, Move(Action.ACCEPT_CLAIM, None, claimed.deadline_at - timedelta(seconds=1)), W)
    plan = act(claimed, Move(Action.ACCEPT_CLAIM, None, claimed.deadline_at), W)

    assert received(plan) == {"lender": Decimal(400_000), "borrower": Decimal(400_000)}
    assert plan.transitions[0].by is None


def test_a_contested_claim_has_no_deadline() -> None:
    contested = move(a_ticket_at(Stage.CLAIMED), Action.CONTEST_CLAIM, "borrower").ticket

    assert (contested.stage, contested.deadline_at) == (Stage.CONTESTED, None)


def test_a_claim_on_an_extended_loan_may_reach_the_added_fee() -> None:
    extended = replace(a_ticket_at(Stage.ACTIVE), fee=Decimal(500_000))

    claim = Claim(Decimal(1_000_000), "Gone.")
    claimed = move(extended, Action.DISPUTE, "lender", claim).ticket

    assert received(move(claimed, Action.ACCEPT_CLAIM, "borrower")) == {"lender": claim.claim}


def test_the_timeline_tells_the_claim_and_who_received_what() -> None:
    ticket = a_ticket_at(Stage.ACTIVE)
    claimed = move(ticket, Action.DISPUTE, "lender", Claim(Decimal("0.50"), "A scratch."))
    accepted = move(claimed.ticket, Action.ACCEPT_CLAIM, "borrower")

    assert claimed.transitions[0].details == {"claim": "0.50"}
    assert accepted.transitions[0].details == {"to_lender": "0.50", "to_borrower": "799999.50"}


@pytest.mark.parametrize(
    ("stage", "action", "by"),
    [
        (Stage.ACTIVE, Action.EXTEND, "borrower"),
        (Stage.ACTIVE, Action.DISPUTE, "lender"),
        (Stage.CONTESTED, Action.RESOLVE, "operator"),
    ],
)
def test_an_action_without_its_terms_is_a_refusal_and_no_crash(
    stage: Stage, action: Action, by: str
) -> None:
    with pytest.raises(ValidationFailed):
        move(a_ticket_at(stage), action, by)
