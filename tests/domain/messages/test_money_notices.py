"""What people are told of their top-ups, transfers and withdrawals."""

from decimal import Decimal
from uuid import UUID, uuid4

import pytest

from domain.messages import money_notices
from domain.messages.notice import Notice
from domain.messages.notice import NoticeKind as K
from domain.payment import PaymentStatus
from domain.transfer import NewTransfer
from domain.withdrawal import WithdrawalStatus
from tests.given import NOW
from tests.notices import a_payment, a_withdrawal


@pytest.mark.parametrize("ticket_id", [None, uuid4()])
def test_a_payer_is_told_of_money_that_came_and_where_it_goes(ticket_id: UUID | None) -> None:
    payment = a_payment(ticket_id=ticket_id)

    [notice] = money_notices.paid(payment, "123")

    assert (notice.kind, notice.user_id, notice.ticket_id) == (
        K.PAYMENT_PAID, payment.user_id, ticket_id,
    )  # fmt: skip
    assert (notice.facts["amount"], notice.facts["ref_id"]) == ("250000", "123")
    assert notice.facts.get("outcome") == ("goes_on" if ticket_id else None)
    assert money_notices.kept(payment)[0].facts["outcome"] == "kept"


@pytest.mark.parametrize(
    ("status", "authority", "reasons"),
    [
        (PaymentStatus.EXPIRED, "S1", ["payment_expired"]),
        (PaymentStatus.FAILED, "S1", ["payment_failed"]),
        (PaymentStatus.CANCELLED, "S1", []),  # the payer's own click
        (PaymentStatus.FAILED, None, []),  # the gateway never opened it: the payer was answered so
    ],
)
def test_a_payer_is_told_of_a_payment_that_came_to_nothing(
    status: PaymentStatus, authority: str | None, reasons: list[str]
) -> None:
    payment = a_payment(authority=authority)

    assert [one.facts["reason"] for one in money_notices.unpaid(payment, status)] == reasons


def test_a_transfer_is_told_without_the_senders_words() -> None:
    new = NewTransfer(uuid4(), uuid4(), uuid4(), Decimal(5), "Visit evil.example", NOW)

    assert money_notices.received(new) == (
        Notice(K.TRANSFER_RECEIVED, new.receiver_id, facts={"amount": "5"}),
    )


@pytest.mark.parametrize(
    ("status", "kind", "reason"),
    [
        (WithdrawalStatus.REQUESTED, K.WITHDRAWAL_ASKED, None),
        (WithdrawalStatus.APPROVED, None, None),
        (WithdrawalStatus.PAID, K.WITHDRAWAL_PAID, None),
        (WithdrawalStatus.REJECTED, K.WITHDRAWAL_RETURNED, "withdrawal_rejected"),
        (WithdrawalStatus.FAILED, K.WITHDRAWAL_RETURNED, "withdrawal_failed"),
    ],
)
def test_an_owner_is_told_where_a_withdrawal_is(
    status: WithdrawalStatus, kind: K | None, reason: str | None
) -> None:
    withdrawal = a_withdrawal(status)

    notices = money_notices.withdrawn(withdrawal)

    assert [notice.kind for notice in notices] == ([kind] if kind else [])
    for notice in notices:
        assert notice.user_id == withdrawal.user_id
        assert (notice.facts["amount"], notice.facts["iban_end"]) == ("400000", "0001")
        assert notice.facts.get("reason") == reason
