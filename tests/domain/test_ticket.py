"""Every action in every status by everyone: only what the design lists is possible."""

import itertools
from uuid import uuid4

import pytest

from domain.errors import AssetUnavailable, DomainError, Forbidden, IllegalTransition
from domain.ticket import (
    AT_DEADLINE,
    CLOSED,
    REASONS,
    TABLE,
    Action,
    CancelReason,
    Role,
    TicketStatus,
    allowed_actions,
    check,
)
from tests.given import a_ticket

# The design's table, written a second time and by hand: status, action, who, status after.
DESIGN = {
    ("pending", "accept", "lender"): "accepted",
    ("pending", "decline", "lender"): "cancelled",
    ("pending", "cancel", "borrower"): "cancelled",
    ("pending", "expire", "system"): "cancelled",
    ("pending", "yield_asset", "system"): "cancelled",
    ("accepted", "pay", "borrower"): "escrow",
    ("accepted", "cancel", "borrower"): "cancelled",
    ("accepted", "cancel", "lender"): "cancelled",
    ("accepted", "expire", "system"): "cancelled",
    ("escrow", "handover", "borrower"): "active",
    ("escrow", "handover", "system"): "active",
    ("escrow", "cancel", "borrower"): "cancelled",
    ("escrow", "cancel", "lender"): "cancelled",
    ("escrow", "expire", "system"): "cancelled",
    ("active", "complete", "lender"): "completed",
    ("active", "complete", "system"): "completed",
    ("active", "remind", "system"): "active",
}
EVERYTHING = list(itertools.product(TicketStatus, Action, [*Role, None]))


@pytest.mark.parametrize(("status", "action", "role"), EVERYTHING)
def test_the_table_allows_what_the_design_lists_and_nothing_else(
    status: TicketStatus, action: Action, role: Role | None
) -> None:
    ticket = a_ticket(status=status)
    expected = DESIGN.get((status.value, action.value, role.value if role else ""))

    if expected:
        assert check(ticket, action, role).target == expected
        return
    with pytest.raises(DomainError) as refused:
        check(ticket, action, role)
    may_ever = any((a, r) == (action.value, role) for _, a, r in DESIGN)
    assert isinstance(refused.value, IllegalTransition if may_ever else Forbidden)


@pytest.mark.parametrize(("status", "role"), list(itertools.product(TicketStatus, Role)))
def test_allowed_actions_are_those_that_check_allows(status: TicketStatus, role: Role) -> None:
    expected = {action for at, action, who in DESIGN if (at, who) == (status.value, role.value)}

    assert set(allowed_actions(status, role)) == expected


def test_a_refusal_names_the_status() -> None:
    with pytest.raises(IllegalTransition) as refused:
        check(a_ticket(status=TicketStatus.ACTIVE), Action.PAY, Role.BORROWER)

    assert refused.value.facts == {"status": "active"}


def test_accepting_after_the_asset_went_to_another_says_so() -> None:
    ticket = a_ticket(status=TicketStatus.CANCELLED, cancel_reason=CancelReason.ASSET_TAKEN)

    with pytest.raises(AssetUnavailable):
        check(ticket, Action.ACCEPT, Role.LENDER)


def test_every_open_status_ends_by_itself() -> None:
    assert set(AT_DEADLINE) == set(TicketStatus) - CLOSED


def test_every_way_to_cancel_has_a_reason() -> None:
    cancelling = {a for (_, a), rule in TABLE.items() if rule.target is TicketStatus.CANCELLED}

    assert set(REASONS) == cancelling


def test_a_ticket_knows_its_parties() -> None:
    ticket = a_ticket()

    assert ticket.role_of(ticket.borrower_id) is Role.BORROWER
    assert ticket.role_of(ticket.lender_id) is Role.LENDER
    assert ticket.role_of(uuid4()) is None
