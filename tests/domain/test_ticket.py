"""Every action in every status by everyone: only what the design lists is possible."""

import itertools
from dataclasses import replace
from uuid import uuid4

import pytest

from domain.errors import (
    AssetUnavailable,
    DomainError,
    Forbidden,
    IllegalTransition,
    OfferPending,
)
from domain.ticket import CLOSED, Action, CancelReason, Role, Stage, TicketStatus
from domain.transitions import AT_DEADLINE, REASONS, TABLE, acting_as, allowed_actions, check
from tests.given import a_ticket, a_ticket_at

# The design's table, written a second time and by hand: stage, action, who, status after.
# The claim of a disputed one is the lender's, so the borrower answers it.
ACTIVE = {
    ("complete", "lender"): "completed",
    ("complete", "system"): "completed",
    ("dispute", "borrower"): "active",
    ("dispute", "lender"): "active",
    ("remind", "system"): "active",
}
STAGES = {
    "pending": {
        ("accept", "lender"): "accepted",
        ("decline", "lender"): "cancelled",
        ("cancel", "borrower"): "cancelled",
        ("expire", "system"): "cancelled",
        ("yield_asset", "system"): "cancelled",
    },
    "accepted": {
        ("pay", "borrower"): "escrow",
        ("cancel", "borrower"): "cancelled",
        ("cancel", "lender"): "cancelled",
        ("expire", "system"): "cancelled",
    },
    "escrow": {
        ("handover", "borrower"): "active",
        ("handover", "system"): "active",
        ("cancel", "borrower"): "cancelled",
        ("cancel", "lender"): "cancelled",
        ("expire", "system"): "cancelled",
    },
    "active": ACTIVE | {("extend", "borrower"): "active"},
    "offered": ACTIVE
    | {
        ("accept_extension", "lender"): "active",
        ("decline_extension", "lender"): "active",
        ("lapse_extension", "system"): "active",
    },
    "claimed": {
        ("accept_claim", "borrower"): "completed",
        ("accept_claim", "system"): "completed",
        ("contest_claim", "borrower"): "active",
    },
    "contested": {("resolve", "operator"): "completed"},
}
DESIGN = {
    (Stage[stage.upper()], Action(action), Role(who)): after
    for stage, rules in STAGES.items()
    for (action, who), after in rules.items()
}
EVERYTHING = list(itertools.product(Stage, Action, [*Role, None]))


@pytest.mark.parametrize(("stage", "action", "role"), EVERYTHING)
def test_the_table_allows_what_the_design_lists_and_nothing_else(
    stage: Stage, action: Action, role: Role | None
) -> None:
    expected = DESIGN.get((stage, action, role)) if role else None

    if expected:
        assert check(a_ticket_at(stage), action, role).target == expected
        return
    with pytest.raises(DomainError) as refused:
        check(a_ticket_at(stage), action, role)
    assert type(refused.value) is refusal(stage, action, role)


def refusal(stage: Stage, action: Action, role: Role | None) -> type[DomainError]:
    """What who may never is told, what who made the claim, and what who may at another time."""
    answers = action in {Action.ACCEPT_CLAIM, Action.CONTEST_CLAIM}
    disputed = stage in {Stage.CLAIMED, Stage.CONTESTED}
    may_ever = (answers and role is Role.LENDER) or any(
        (named, who) == (action, role) for _, named, who in DESIGN
    )
    if not may_ever or (answers and disputed and role is Role.LENDER):
        return Forbidden
    return OfferPending if (stage, action) == (Stage.OFFERED, Action.EXTEND) else IllegalTransition


@pytest.mark.parametrize(("stage", "role"), list(itertools.product(Stage, Role)))
def test_allowed_actions_are_those_that_check_allows(stage: Stage, role: Role) -> None:
    expected = {action for at, action, who in DESIGN if (at, who) == (stage, role)}

    assert set(allowed_actions(a_ticket_at(stage), role)) == expected


def test_who_made_a_claim_does_not_answer_it() -> None:
    claimed = a_ticket_at(Stage.CLAIMED)
    by_borrower = replace(
        claimed,
        dispute=replace(claimed.dispute, opened_by=claimed.borrower_id),  # type: ignore[type-var]
    )

    assert Action.ACCEPT_CLAIM in allowed_actions(by_borrower, Role.LENDER)
    assert allowed_actions(by_borrower, Role.BORROWER) == []
    with pytest.raises(Forbidden):
        check(by_borrower, Action.CONTEST_CLAIM, Role.BORROWER)


def test_an_operator_who_is_a_party_does_not_resolve_the_dispute() -> None:
    ticket = a_ticket_at(Stage.CONTESTED)

    assert acting_as(ticket, Action.RESOLVE, uuid4()) is Role.OPERATOR
    assert acting_as(ticket, Action.COMPLETE, uuid4()) is None
    with pytest.raises(Forbidden):
        check(ticket, Action.RESOLVE, acting_as(ticket, Action.RESOLVE, ticket.lender_id))


def test_a_refusal_names_the_status_and_says_more_in_words() -> None:
    with pytest.raises(IllegalTransition, match="pay a ticket that is active") as refused:
        check(a_ticket_at(Stage.CONTESTED), Action.PAY, Role.BORROWER)

    assert refused.value.facts == {"status": "active"}
    assert "contested claim" in str(refused.value)


def test_accepting_after_the_asset_went_to_another_says_so() -> None:
    ticket = a_ticket(status=TicketStatus.CANCELLED, cancel_reason=CancelReason.ASSET_TAKEN)

    with pytest.raises(AssetUnavailable):
        check(ticket, Action.ACCEPT, Role.LENDER)


def test_every_open_stage_ends_by_itself_but_the_one_that_waits_for_an_operator() -> None:
    closed = {Stage(status.value) for status in CLOSED}

    assert set(AT_DEADLINE) == set(Stage) - closed - {Stage.CONTESTED}


def test_every_way_to_cancel_has_a_reason() -> None:
    cancelling = {a for (_, a), rule in TABLE.items() if rule.target is TicketStatus.CANCELLED}

    assert set(REASONS) == cancelling


def test_a_ticket_knows_its_parties() -> None:
    ticket = a_ticket()

    assert ticket.role_of(ticket.borrower_id) is Role.BORROWER
    assert ticket.role_of(ticket.lender_id) is Role.LENDER
    assert ticket.role_of(uuid4()) is None
