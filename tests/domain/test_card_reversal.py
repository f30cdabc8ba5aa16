"""Which payments may go back to their card."""

from datetime import timedelta
from decimal import Decimal
from typing import Any
from uuid import uuid4

import pytest

from domain.card_reversal import WINDOW, check
from domain.errors import NotReversible
from domain.payment import CardReversal, Payment, PaymentStatus
from tests.given import NOW


def a_payment(**changes: Any) -> Payment:
    values: dict[str, Any] = {
        "id": uuid4(),
        "user_id": uuid4(),
        "ticket_id": None,
        "amount": Decimal(250_000),
        "currency": "IRR",
        "status": PaymentStatus.PAID,
        "authority": f"S{uuid4().hex}000",
        "redirect_url": None,
        "ref_id": "1",
        "card_pan": None,
        "fee": None,
        "created_at": NOW,
        "paid_at": NOW,
    }
    return Payment(**values | changes)


def test_a_paid_payment_may_go_back_until_the_window_closes() -> None:
    check(a_payment(), NOW)
    check(a_payment(), NOW + WINDOW)


@pytest.mark.parametrize(
    ("payment", "at", "reason"),
    [
        (a_payment(), NOW + WINDOW + timedelta(microseconds=1), "within 30 minutes"),
        (a_payment(reversal=CardReversal.ASKED), NOW, "tried before"),
        (a_payment(reversal=CardReversal.REFUSED), NOW, "tried before"),
        *(
            (a_payment(status=status, paid_at=None), NOW, f"is {status}")
            for status in PaymentStatus
            if status is not PaymentStatus.PAID
        ),
    ],
)
def test_others_may_not_and_the_refusal_says_why(payment: Payment, at: Any, reason: str) -> None:
    with pytest.raises(NotReversible, match=reason) as refused:
        check(payment, at)

    assert refused.value.code == "illegal_transition"
    assert refused.value.facts == {"status": payment.status}
