"""Every action on a withdrawal in every status, and who may take it."""

from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from uuid import uuid4

import pytest

from domain.errors import Forbidden, IllegalTransition, ValidationFailed
from domain.transfer import TransferLimits, check_limits, check_parties
from domain.withdrawal import (
    PayoutResult,
    Withdrawal,
    WithdrawalAction,
    WithdrawalDecision,
    WithdrawalStatus,
    check,
    check_amount,
    closed,
    decided,
)

NOW = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
OPERATOR = uuid4()
ASKED = Withdrawal(
    id=uuid4(),
    user_id=uuid4(),
    amount=Decimal(500_000),
    iban_end="0001",
    status=WithdrawalStatus.REQUESTED,
    decided_by=None,
    decided_at=None,
    note=None,
    bank_reference=None,
    created_at=NOW,
    closed_at=None,
)
ALLOWED = {
    ("requested", "approve"),
    ("requested", "reject"),
    ("approved", "pay"),
    ("approved", "fail"),
}


@pytest.mark.parametrize("status", WithdrawalStatus)
@pytest.mark.parametrize("action", WithdrawalAction)
def test_each_action_is_for_one_status(status: WithdrawalStatus, action: WithdrawalAction) -> None:
    withdrawal = replace(ASKED, status=status)

    if (status, action) in ALLOWED:
        check(withdrawal, action, OPERATOR)
        return
    with pytest.raises(IllegalTransition, match=f"withdrawal that is {status}") as refused:
        check(withdrawal, action, OPERATOR)
    assert refused.value.facts == {"status": status}


@pytest.mark.parametrize("action", WithdrawalAction)
def test_nobody_decides_about_their_own(action: WithdrawalAction) -> None:
    with pytest.raises(Forbidden):
        check(ASKED, action, ASKED.user_id)


def test_a_yes_leaves_it_open_and_a_no_closes_it() -> None:
    yes = decided(ASKED, WithdrawalDecision(ASKED.id, OPERATOR, True, "ok", NOW))
    no = decided(ASKED, WithdrawalDecision(ASKED.id, OPERATOR, False, "no", NOW))

    assert (yes.status, yes.decided_by, yes.note, yes.is_closed) == (
        "approved", OPERATOR, "ok", False,
    )  # fmt: skip
    assert (no.status, no.closed_at, no.note) == ("rejected", NOW, "no")


def test_the_bank_closes_it_and_the_last_words_stay() -> None:
    approved = decided(ASKED, WithdrawalDecision(ASKED.id, OPERATOR, True, "ok", NOW))

    paid = closed(approved, PayoutResult(ASKED.id, None, "REF-1", None, NOW))
    failed = closed(approved, PayoutResult(ASKED.id, OPERATOR, None, "account closed", NOW))

    assert (paid.status, paid.bank_reference, paid.note) == ("paid", "REF-1", "ok")
    assert (failed.status, failed.bank_reference, failed.note) == (
        "failed", None, "account closed",
    )  # fmt: skip


@pytest.mark.parametrize("amount", ["9999", "10000.50", "0.01"])
def test_banks_take_whole_rials_and_not_too_few(amount: str) -> None:
    with pytest.raises(ValidationFailed) as refused:
        check_amount(Decimal(amount), Decimal(10_000))

    assert refused.value.facts == {"pointer": "/amount"}


def test_the_minimum_itself_is_enough() -> None:
    check_amount(Decimal("10000.00"), Decimal(10_000))


@pytest.mark.parametrize(
    ("amount", "sent", "left"),
    [
        (100, 0, None),
        (101, 0, "100.00"),
        (100, 150, None),
        (51, 200, "50.00"),
        (1, 250, "0.00"),
        (1, 300, "0.00"),
    ],
)
def test_a_transfer_is_refused_above_both_limits_and_says_what_is_left(
    amount: int, sent: int, left: str | None
) -> None:
    limits = TransferLimits(at_once=Decimal(100), daily=Decimal(250))

    if left is None:
        check_limits(Decimal(amount), Decimal(sent), limits)
        return
    with pytest.raises(ValidationFailed) as refused:
        check_limits(Decimal(amount), Decimal(sent), limits)
    assert refused.value.facts == {"pointer": "/amount", "left": left}
    assert str(Decimal(left).to_integral_value()) in str(refused.value)


def test_nobody_sends_to_themselves() -> None:
    with pytest.raises(ValidationFailed) as refused:
        check_parties(OPERATOR, OPERATOR)

    assert refused.value.facts == {"pointer": "/to"}
    check_parties(OPERATOR, ASKED.user_id)
