"""What the gateway may say of a payment of ours, and what its list of unclaimed money means."""

from decimal import Decimal

import pytest

from domain.finding import FindingKind
from domain.payment import CardReversal, PaymentStatus
from domain.reconciliation import of_inquiry, of_unverified
from tests.domain.test_card_reversal import a_payment

WORDS = {"VERIFIED", "PAID", "IN_BANK", "FAILED", "REVERSED"}
_P, _R = PaymentStatus, CardReversal


@pytest.mark.parametrize(
    ("status", "reversal", "fine"),
    [
        (_P.PENDING, None, {"IN_BANK", "FAILED", "REVERSED"}),
        (_P.EXPIRED, None, {"IN_BANK", "FAILED", "REVERSED"}),
        (_P.CANCELLED, None, {"IN_BANK", "FAILED", "REVERSED"}),
        (_P.FAILED, None, {"IN_BANK", "FAILED", "REVERSED"}),
        (_P.PAID, None, {"VERIFIED"}),
        (_P.PAID, _R.ASKED, {"VERIFIED", "REVERSED"}),
        (_P.PAID, _R.REFUSED, {"VERIFIED"}),
        (_P.REVERSED, _R.DONE, {"REVERSED"}),
        (_P.REVERSED, None, {"VERIFIED"}),
        (_P.REVERSED, _R.REFUSED, {"VERIFIED"}),
    ],
)
def test_a_status_here_implies_what_the_gateway_may_say(
    status: PaymentStatus, reversal: CardReversal | None, fine: set[str]
) -> None:
    payment = a_payment(status=status, reversal=reversal)

    found = {word: of_inquiry(payment, word) for word in WORDS}

    assert {word for word, finding in found.items() if finding is None} == fine
    for word in WORDS - fine:
        finding = found[word]
        assert finding is not None
        assert finding.kind is FindingKind.GATEWAY_DIFFERS
        assert finding.subject == f"payment:{payment.id}"
        assert finding.amount == payment.amount
        assert word in finding.detail


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (_P.PENDING, FindingKind.NOT_CREDITED),
        (_P.EXPIRED, FindingKind.NOT_CREDITED),
        (_P.FAILED, FindingKind.FAILED_HERE),
        (_P.PAID, FindingKind.NOT_CLAIMED),
    ],
)
def test_unclaimed_money_of_ours_is_about_its_payment(
    status: PaymentStatus, kind: FindingKind
) -> None:
    payment = a_payment(status=status)

    finding = of_unverified("S1", Decimal(90_000), None, payment)

    assert (finding.kind, finding.subject) == (kind, f"payment:{payment.id}")
    assert finding.amount == Decimal(90_000)
    assert "Our row says 250,000" in finding.detail


def test_money_under_an_authority_of_nobody_is_about_that_authority() -> None:
    finding = of_unverified("S1", Decimal(90_000), "2026-11-22 12:00:00", None)

    assert (finding.kind, finding.subject) == (FindingKind.UNKNOWN_TO_US, "S1")
    assert "2026-11-22 12:00:00" in finding.detail
