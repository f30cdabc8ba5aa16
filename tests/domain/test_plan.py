"""What each action does to the money and the deadline, for every state and any price."""

import itertools
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given as property_of
from hypothesis import strategies as st

from domain import cancellation
from domain.actions import Move, act
from domain.asset import Handover
from domain.cancellation import CancellationPolicy, CancellationTerms
from domain.deadlines import Windows
from domain.errors import DomainError, IllegalTransition, NotFound, OwnAsset, ValidationFailed
from domain.ledger import AccountKind, Entry, Posting, Side, Split, TransactionKind, settlement
from domain.plan import Plan, request
from domain.settlement import cancelled
from domain.ticket import Action, CancelReason, Role, Ticket, TicketStatus
from tests.given import DAY, NOW, a_ticket, a_wish, an_asset

HOUR = timedelta(hours=1)
W = Windows()
prices = st.decimals(min_value="0.01", max_value="100000000000", places=2)


def take(ticket: Ticket, action: Action, role: Role = Role.SYSTEM, at: Any = None) -> Plan:
    """Act at the deadline if it is the clock that acts, else now."""
    people = {Role.BORROWER: ticket.borrower_id, Role.LENDER: ticket.lender_id}
    usual = ticket.deadline_at if role is Role.SYSTEM and ticket.deadline_at else NOW
    return act(ticket, Move(action, people.get(role), at or usual), W)


def received(posting: Posting | None) -> list[Decimal]:
    assert posting
    return [entry.amount for entry in posting.entries if entry.side is Side.CREDIT]


# Money


@property_of(prices, prices, st.integers(0, 10_000), st.sampled_from(CancellationPolicy))
def test_whatever_happens_to_an_escrow_all_of_it_is_paid_out(
    fee: Decimal, deposit: Decimal, commission_bps: int, policy: CancellationPolicy
) -> None:
    for status, action, role in itertools.product(
        (TicketStatus.ESCROW, TicketStatus.ACTIVE), Action, Role
    ):
        ticket = a_ticket(
            status=status,
            fee=fee,
            deposit=deposit,
            commission_bps=commission_bps,
            cancellation_policy=policy,
        )
        try:
            plan = take(ticket, action, role, NOW + 25 * HOUR)
        except DomainError:
            continue
        if plan.ticket.is_closed:
            assert sum(received(plan.posting)) == fee + deposit


def test_paying_moves_fee_and_deposit_into_escrow() -> None:
    ticket = a_ticket(status=TicketStatus.ACCEPTED)

    posting = take(ticket, Action.PAY, Role.BORROWER).posting

    assert received(posting) == [ticket.fee + ticket.deposit]


def test_completing_pays_lender_platform_and_borrower() -> None:
    plan = take(a_ticket(status=TicketStatus.ACTIVE), Action.COMPLETE, Role.LENDER)

    assert received(plan.posting) == [Decimal(285_000), Decimal(15_000), Decimal(500_000)]


@pytest.mark.parametrize(
    ("policy", "before_start", "by", "kept"),
    [
        (CancellationPolicy.FLEXIBLE, 1 * HOUR, Role.BORROWER, 0),
        (CancellationPolicy.MODERATE, 25 * HOUR, Role.BORROWER, 0),
        (CancellationPolicy.MODERATE, 24 * HOUR, Role.BORROWER, 0),
        (CancellationPolicy.MODERATE, 23 * HOUR, Role.BORROWER, 150_000),
        (CancellationPolicy.STRICT, 49 * HOUR, Role.BORROWER, 0),
        (CancellationPolicy.STRICT, 47 * HOUR, Role.BORROWER, 300_000),
        (CancellationPolicy.STRICT, 1 * HOUR, Role.LENDER, 0),
    ],
)
def test_a_cancelled_loan_follows_its_policy(
    policy: CancellationPolicy, before_start: timedelta, by: Role, kept: int
) -> None:
    ticket = a_ticket(
        status=TicketStatus.ESCROW, handover=Handover.CONFIRMED, cancellation_policy=policy
    )

    plan = take(ticket, Action.CANCEL, by, ticket.starts_at - before_start)

    assert plan.posting
    to_borrower = plan.posting.entries[-1]
    assert to_borrower.amount == ticket.total - kept
    assert plan.posting.kind is TransactionKind.REFUND


def test_acceptance_pins_the_terms_of_cancellation(monkeypatch: pytest.MonkeyPatch) -> None:
    """A new version is for those who are accepted after it; who was before keeps the old one."""
    gentle = {policy: CancellationTerms(48 * HOUR, 1_000) for policy in CancellationPolicy}
    strict = CancellationPolicy.STRICT
    before = take(a_ticket(cancellation_policy=strict), Action.ACCEPT, Role.LENDER).ticket
    monkeypatch.setitem(cancellation.VERSIONS, 2, gentle)
    monkeypatch.setattr("domain.actions.CURRENT", 2)
    after = take(a_ticket(cancellation_policy=strict), Action.ACCEPT, Role.LENDER).ticket

    kept = [
        cancelled(ticket, ticket.starts_at - HOUR, by_borrower=True) for ticket in (before, after)
    ]

    assert [ticket.cancellation_version for ticket in (before, after)] == [1, 2]
    assert [split.lender + split.platform for split in kept] == [300_000, 30_000]


def test_terms_that_were_in_force_are_never_edited() -> None:
    """Tickets are under them: a change of terms is a new version, and a new line here."""
    shares = {
        version: {policy: (terms.window, terms.share_bps) for policy, terms in all_terms.items()}
        for version, all_terms in cancellation.VERSIONS.items()
    }

    assert shares == {
        1: {
            "flexible": (0 * HOUR, 0),
            "moderate": (24 * HOUR, 5_000),
            "strict": (48 * HOUR, 10_000),
        }
    }


@pytest.mark.parametrize("action", [Action.ACCEPT, Action.DECLINE])
def test_nothing_moves_before_the_payment(action: Action) -> None:
    assert take(a_ticket(), action, Role.LENDER).posting is None


def test_an_unbalanced_posting_cannot_be_made() -> None:
    ticket = a_ticket()
    split = Split(Decimal(1), Decimal(1), Decimal(1))
    good = settlement(
        ticket.id, ticket.lender_id, ticket.borrower_id, split, TransactionKind.RELEASE, "Settled"
    )

    with pytest.raises(ValueError, match="unbalanced"):
        Posting(good.key, good.kind, good.ref, good.description, good.entries[:-1])


def test_an_entry_of_zero_cannot_be_posted() -> None:
    ticket = a_ticket(status=TicketStatus.ACTIVE, commission_bps=0)

    posting = take(ticket, Action.COMPLETE).posting

    assert posting
    kinds = [entry.account.kind for entry in posting.entries]
    assert AccountKind.PLATFORM_REVENUE not in kinds
    with pytest.raises(ValueError, match="not positive"):
        Posting("k", posting.kind, "r", "d", tuple(_zero(e) for e in posting.entries))


def _zero(entry: Entry) -> Entry:
    return Entry(entry.account, entry.side, Decimal(0))


# Status, timeline, deadline


def test_an_instant_handover_happens_with_the_payment_by_the_system() -> None:
    plan = take(a_ticket(status=TicketStatus.ACCEPTED), Action.PAY, Role.BORROWER)

    assert plan.ticket.status is TicketStatus.ACTIVE
    assert [(t.action, t.by is None) for t in plan.transitions] == [
        (Action.PAY, False),
        (Action.HANDOVER, True),
    ]


def test_every_cancelled_ticket_has_a_reason_and_no_deadline() -> None:
    for status, action, role in itertools.product(TicketStatus, Action, Role):
        try:
            after = take(a_ticket(status=status), action, role).ticket
        except DomainError:
            continue
        assert (after.status is TicketStatus.CANCELLED) == (after.cancel_reason is not None)
        assert after.is_closed == (after.deadline_at is None)


def test_declining_is_not_withdrawing() -> None:
    declined = take(a_ticket(), Action.DECLINE, Role.LENDER).ticket

    assert declined.cancel_reason is CancelReason.DECLINED


@pytest.mark.parametrize(
    ("starts_in", "days", "deadline_in"),
    [
        (10 * DAY, 3, 48 * HOUR),  # the lender's time
        (6 * HOUR, 3, 6 * HOUR),  # or until the loan should start
        (timedelta(0), 3, 48 * HOUR),  # a loan from now has only its end to wait for
        (timedelta(0), 1, 24 * HOUR),
    ],
)
def test_a_request_waits_until(starts_in: timedelta, days: int, deadline_in: timedelta) -> None:
    asset = an_asset()
    wish = a_wish(asset, starts_at=NOW + starts_in, ends_at=NOW + starts_in + days * DAY)

    assert request(wish, asset, 500, W).ticket.deadline_at == NOW + deadline_in


@pytest.mark.parametrize(
    ("status", "action", "role", "handover", "expected"),
    [
        (TicketStatus.PENDING, Action.ACCEPT, Role.LENDER, Handover.INSTANT, NOW + 24 * HOUR),
        (
            TicketStatus.ACCEPTED,
            Action.PAY,
            Role.BORROWER,
            Handover.CONFIRMED,
            NOW + DAY + 24 * HOUR,
        ),
        (
            TicketStatus.ACCEPTED,
            Action.PAY,
            Role.BORROWER,
            Handover.INSTANT,
            NOW + 4 * DAY + 48 * HOUR,
        ),
    ],
)
def test_each_status_has_its_own_deadline(
    status: TicketStatus, action: Action, role: Role, handover: Handover, expected: Any
) -> None:
    plan = take(a_ticket(status=status, handover=handover), action, role)

    assert plan.ticket.deadline_at == expected


def test_a_reminder_changes_neither_status_nor_deadline() -> None:
    ticket = a_ticket(status=TicketStatus.ACTIVE)

    plan = take(ticket, Action.REMIND)

    assert (plan.ticket.status, plan.ticket.deadline_at) == (ticket.status, ticket.deadline_at)


@pytest.mark.parametrize(
    ("status", "action"),
    [
        (TicketStatus.PENDING, Action.EXPIRE),
        (TicketStatus.ACCEPTED, Action.EXPIRE),
        (TicketStatus.ESCROW, Action.EXPIRE),
        (TicketStatus.ACTIVE, Action.COMPLETE),
    ],
)
def test_the_clock_does_nothing_before_the_deadline(status: TicketStatus, action: Action) -> None:
    ticket = a_ticket(status=status)
    assert ticket.deadline_at

    with pytest.raises(IllegalTransition):
        take(ticket, action, at=ticket.deadline_at - timedelta(microseconds=1))

    assert take(ticket, action, at=ticket.deadline_at).ticket.is_closed


def test_a_lender_confirms_the_return_whenever_it_happens() -> None:
    ticket = a_ticket(status=TicketStatus.ACTIVE)

    assert take(ticket, Action.COMPLETE, Role.LENDER, NOW).ticket.is_closed


# Requests


@pytest.mark.parametrize(("hours", "fee"), [(1, 1), (24, 1), (25, 2), (72, 3), (73, 4)])
def test_a_day_begun_is_a_day_paid(hours: int, fee: int) -> None:
    asset = an_asset()
    wish = a_wish(asset, ends_at=NOW + DAY + hours * HOUR)

    assert request(wish, asset, 500, W).ticket.fee == fee * asset.daily_fee


def test_owners_cannot_borrow_their_own_asset() -> None:
    asset = an_asset()

    with pytest.raises(OwnAsset):
        request(a_wish(asset, asset.owner_id), asset, 500, W)


def test_an_unlisted_asset_is_not_there() -> None:
    asset = an_asset(is_listed=False)

    with pytest.raises(NotFound):
        request(a_wish(asset), asset, 500, W)


@pytest.mark.parametrize(
    ("changes", "pointer"),
    [
        ({"starts_at": NOW - 2 * timedelta(minutes=1)}, "/starts_at"),
        ({"ends_at": NOW + DAY}, "/ends_at"),
        ({"ends_at": NOW + DAY + 31 * DAY}, "/ends_at"),
    ],
)
def test_a_period_that_breaks_a_rule_is_named(changes: dict[str, Any], pointer: str) -> None:
    asset = an_asset()

    with pytest.raises(ValidationFailed) as refused:
        request(a_wish(asset, **changes), asset, 500, W)

    assert refused.value.facts == {"pointer": pointer}


def test_a_loan_cannot_cost_more_than_an_amount_can_hold() -> None:
    asset = an_asset(daily_fee=Decimal("9999999999999999.99"))

    with pytest.raises(ValidationFailed):
        request(a_wish(asset), asset, 500, W)
