"""What an offer to lend for longer costs, when it is refused, and what its answers change."""

from dataclasses import replace
from datetime import datetime, timedelta
from decimal import Decimal

import pytest
from hypothesis import given as property_of
from hypothesis import strategies as st

from domain.actions import Move, act
from domain.deadlines import Windows
from domain.errors import IllegalTransition, ValidationFailed
from domain.extension import Extension, ExtensionStatus, Offer
from domain.ledger import Side
from domain.money import MAX_AMOUNT
from domain.plan import Plan, days_begun
from domain.ticket import Action, Stage, Ticket
from tests.given import DAY, NOW, a_ticket_at

W = Windows()
LATER = NOW + 2 * DAY


def offered(ticket: Ticket, ends_at: datetime, at: datetime = LATER) -> Extension:
    plan = act(ticket, Move(Action.EXTEND, ticket.borrower_id, at, Offer(ends_at)), W)
    assert plan.posting is None
    assert plan.ticket.deadline_at == ticket.deadline_at
    assert plan.ticket.extension
    return plan.ticket.extension


def accepted(ticket: Ticket) -> Plan:
    return act(ticket, Move(Action.ACCEPT_EXTENSION, ticket.lender_id, LATER), W)


@property_of(st.integers(1, 60 * 24 * 60), st.integers(1, 60 * 24 * 60))
def test_a_loan_that_was_extended_costs_what_it_would_have_cost_at_once(
    minutes: int, more: int
) -> None:
    """Whatever the steps were, each day begun is charged once."""
    ticket = a_ticket_at(Stage.ACTIVE)
    ends_at = ticket.starts_at + timedelta(minutes=minutes)
    ticket = replace(
        ticket, ends_at=ends_at, fee=ticket.daily_fee * days_begun(ticket.starts_at, ends_at)
    )
    end = ends_at + timedelta(minutes=more)

    extension = offered(ticket, end, ticket.starts_at)

    assert ticket.fee + extension.fee == ticket.daily_fee * days_begun(ticket.starts_at, end)
    assert extension.fee >= 0


def test_the_price_is_the_one_the_loan_was_asked_for_at() -> None:
    ticket = a_ticket_at(Stage.ACTIVE, daily_fee=Decimal("90000.50"), fee=Decimal("270001.50"))

    assert offered(ticket, ticket.ends_at + DAY).fee == Decimal("90000.50")


def test_within_a_day_that_is_paid_for_an_extension_is_free_and_posts_nothing() -> None:
    ticket = a_ticket_at(Stage.ACTIVE)
    ticket = replace(ticket, ends_at=ticket.ends_at - timedelta(hours=6))
    free = replace(ticket, extension=offered(ticket, ticket.ends_at + timedelta(hours=5)))

    plan = accepted(free)

    assert plan.posting is None
    assert (plan.ticket.fee, plan.ticket.ends_at) == (ticket.fee, free.ends_at + timedelta(hours=5))


def test_an_accepted_offer_posts_its_fee_under_its_own_number() -> None:
    plan = accepted(a_ticket_at(Stage.OFFERED))

    assert plan.posting
    assert plan.posting.key == f"ticket:{plan.ticket.id}:extend:1"
    assert [entry.amount for entry in plan.posting.entries] == [Decimal(200_000)] * 2
    assert plan.ticket.total == Decimal(1_000_000)
    assert plan.ticket.deadline_at == plan.ticket.ends_at + W.confirm_return


@pytest.mark.parametrize(
    ("ends_at", "at"),
    [
        (NOW + 4 * DAY, LATER),  # no later than the loan
        (NOW + 5 * DAY, NOW + 6 * DAY),  # in the past
        (NOW + 4000 * DAY, LATER),  # too long
    ],
)
def test_a_new_end_that_makes_no_sense_is_refused(ends_at: datetime, at: datetime) -> None:
    with pytest.raises(ValidationFailed) as refused:
        offered(a_ticket_at(Stage.ACTIVE), ends_at, at)

    assert refused.value.facts["pointer"] == "/ends_at"


def test_a_price_that_the_books_cannot_hold_is_refused() -> None:
    with pytest.raises(ValidationFailed):
        offered(a_ticket_at(Stage.ACTIVE, daily_fee=MAX_AMOUNT / 3), NOW + 9 * DAY)


def test_an_offer_lapses_after_its_window_or_with_the_loan() -> None:
    ticket = a_ticket_at(Stage.ACTIVE, deadline_at=NOW + 6 * DAY)
    assert ticket.deadline_at
    late = ticket.deadline_at - timedelta(hours=1)

    assert offered(ticket, NOW + 9 * DAY).expires_at == LATER + W.extension
    assert offered(ticket, NOW + 9 * DAY, late).expires_at == ticket.deadline_at


def test_the_clock_does_not_end_an_offer_before_its_time() -> None:
    ticket = a_ticket_at(Stage.OFFERED)
    assert ticket.extension
    due = ticket.extension.expires_at

    with pytest.raises(IllegalTransition):
        act(ticket, Move(Action.LAPSE_EXTENSION, None, due - timedelta(seconds=1)), W)
    lapsed = act(ticket, Move(Action.LAPSE_EXTENSION, None, due), W).ticket

    assert lapsed.extension
    assert lapsed.extension.status is ExtensionStatus.LAPSED
    assert lapsed.deadline_at == ticket.deadline_at


def test_completing_a_loan_leaves_its_offer_behind() -> None:
    ticket = a_ticket_at(Stage.OFFERED)

    plan = act(ticket, Move(Action.COMPLETE, ticket.lender_id, LATER), W)

    assert plan.ticket.extension
    assert plan.ticket.extension.status is ExtensionStatus.LAPSED
    assert plan.posting
    assert sum(e.amount for e in plan.posting.entries if e.side is Side.CREDIT) == ticket.total


def test_the_timeline_tells_the_new_end_and_its_price() -> None:
    ticket = a_ticket_at(Stage.ACTIVE)

    plan = act(ticket, Move(Action.EXTEND, ticket.borrower_id, LATER, Offer(NOW + 6 * DAY)), W)

    assert plan.transitions[0].details == {"ends_at": "2026-11-28T12:00:00Z", "fee": "200000.00"}
