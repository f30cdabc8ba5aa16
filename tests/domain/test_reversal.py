"""Who may take back what, and when: one asks, another one agrees, in time and once."""

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from uuid import UUID, uuid4

import pytest

from domain.errors import DomainError, Forbidden, IllegalTransition, NotReversible
from domain.ledger import TransactionKind
from domain.payment import CardReversal, Payment, PaymentStatus
from domain.reversal import (
    INSTEAD,
    REVERSIBLE,
    Reversal,
    ReversalDecision,
    ReversalStatus,
    check_kind,
    check_payment,
    decided,
    is_repeat,
)
from tests.given import NOW

ASKER, OTHER = uuid4(), uuid4()
WISH = Reversal(
    id=uuid4(),
    transaction_id=uuid4(),
    kind=TransactionKind.TRANSFER,
    amount=Decimal(1000),
    reason="twice",
    status=ReversalStatus.REQUESTED,
    requested_by=ASKER,
    decided_by=None,
    decided_at=None,
    note=None,
    created_at=NOW,
    expires_at=NOW + timedelta(days=7),
)


def answer(by: UUID | None, *, approved: bool, after: timedelta = timedelta(0)) -> ReversalDecision:
    return ReversalDecision(WISH.id, by, approved, "a note", NOW + after)


@pytest.mark.parametrize("kind", TransactionKind)
def test_every_kind_can_be_taken_back_or_the_refusal_says_what_to_do(kind: TransactionKind) -> None:
    assert (kind in REVERSIBLE) is not (kind in INSTEAD)
    if kind in INSTEAD:
        with pytest.raises(NotReversible) as refused:
            check_kind(kind)
        assert INSTEAD[kind] in str(refused.value)
        assert refused.value.facts == {"status": "posted", "kind": kind.value}
    else:
        check_kind(kind)


def test_another_operator_decides_and_signs() -> None:
    granted = decided(WISH, answer(OTHER, approved=True))
    refused = decided(WISH, answer(OTHER, approved=False))

    assert granted == replace(
        WISH, status=ReversalStatus.POSTED, decided_by=OTHER, decided_at=NOW, note="a note"
    )
    assert refused == replace(granted, status=ReversalStatus.REJECTED)


def test_nobody_approves_their_own_wish_but_anybody_withdraws_it() -> None:
    with pytest.raises(Forbidden):
        decided(WISH, answer(ASKER, approved=True))

    assert decided(WISH, answer(ASKER, approved=False)).status is ReversalStatus.REJECTED


@pytest.mark.parametrize("status", sorted(set(ReversalStatus) - {ReversalStatus.REQUESTED}))
@pytest.mark.parametrize("approved", [True, False])
def test_what_is_decided_stays_decided(status: ReversalStatus, *, approved: bool) -> None:
    closed = replace(WISH, status=status)

    with pytest.raises(IllegalTransition) as refused:
        decided(closed, answer(OTHER, approved=approved))

    assert refused.value.facts == {"status": status.value}
    assert decided(closed, answer(None, approved=False)) == closed


def test_a_wish_lapses_at_its_deadline_not_before() -> None:
    last = timedelta(days=7) - timedelta(microseconds=1)

    assert decided(WISH, answer(OTHER, approved=True, after=last)).status is ReversalStatus.POSTED
    with pytest.raises(IllegalTransition) as late:
        decided(WISH, answer(OTHER, approved=True, after=timedelta(days=7)))
    assert late.value.facts == {"status": "expired"}
    lapsed = decided(WISH, answer(None, approved=False, after=timedelta(days=7)))
    assert lapsed == replace(WISH, status=ReversalStatus.EXPIRED)


def test_a_repeat_is_the_same_decision_of_the_same_operator_at_any_time() -> None:
    first = answer(OTHER, approved=True)
    after = decided(WISH, first)

    assert is_repeat(after, first)
    assert is_repeat(after, answer(OTHER, approved=True, after=timedelta(seconds=1)))
    for other in (
        answer(OTHER, approved=False),
        answer(uuid4(), approved=True),
        answer(None, approved=True),
    ):
        assert not is_repeat(after, other)
    assert not is_repeat(WISH, answer(None, approved=False))


@pytest.mark.parametrize(
    ("status", "reversal", "error"),
    [
        (PaymentStatus.PAID, None, None),
        (PaymentStatus.PAID, CardReversal.REFUSED, None),
        (PaymentStatus.PAID, CardReversal.ASKED, NotReversible),
        (PaymentStatus.REVERSED, CardReversal.DONE, NotReversible),
        (PaymentStatus.REVERSED, None, NotReversible),
        (PaymentStatus.PENDING, None, NotReversible),
    ],
)
def test_a_deposit_is_taken_back_only_while_its_payment_is_paid_and_stays(
    status: PaymentStatus, reversal: CardReversal | None, error: type[DomainError] | None
) -> None:
    payment = Payment(
        id=uuid4(),
        user_id=uuid4(),
        ticket_id=None,
        amount=Decimal(1000),
        currency="IRR",
        status=status,
        authority=None,
        redirect_url=None,
        ref_id=None,
        card_pan=None,
        fee=None,
        created_at=NOW,
        paid_at=NOW,
        reversal=reversal,
    )

    if error is None:
        check_payment(payment)
    else:
        with pytest.raises(error):
            check_payment(payment)
