"""What a step of a top-up, a transfer or a withdrawal tells, and that it tells it once."""

import asyncio
import base64
from collections.abc import Callable
from dataclasses import replace
from decimal import Decimal
from uuid import UUID

import pytest
from temporalio.exceptions import ApplicationError
from temporalio.testing import ActivityEnvironment

from activities.contracts.payments import MarkPayment
from activities.payments import PostgresPaymentSteps
from activities.transfers import PostgresTransferSteps
from activities.withdrawals import PostgresWithdrawalSteps
from domain import ids
from domain.messages.notice import NoticeKind
from domain.payment import PaymentStatus
from domain.ticket import Action, Stage
from domain.transfer import NewTransfer, TransferLimits
from domain.withdrawal import NewWithdrawal, PayoutResult, WithdrawalDecision
from models.base import new_id
from models.database import Sessions
from models.encrypted import EncryptedColumn
from models.withdrawal import IBAN_COLUMN
from tests import given
from tests.conftest import KEYS
from tests.given import NOW
from tests.lending import Lending
from tests.messages import forget, kinds, told
from tests.topups import opened, settle, steps_of

run = ActivityEnvironment().run
K = NoticeKind


@pytest.fixture
async def lending(sessions: Sessions) -> Lending:
    return await Lending.among_strangers(sessions)


@pytest.fixture
def topups(sessions: Sessions) -> PostgresPaymentSteps:
    return steps_of(sessions)


async def test_a_top_up_that_comes_late_is_told_once_for_each_news(
    topups: PostgresPaymentSteps, sessions: Sessions
) -> None:
    user = await given.a_user(sessions)
    payment_id = await opened(topups, user)

    for _ in range(2):
        await run(topups.mark_payment, MarkPayment(payment_id, PaymentStatus.EXPIRED))
    for _ in range(2):
        await settle(topups, payment_id)

    failed, paid = await told(sessions, user)
    assert (failed.kind, failed.facts["reason"]) == (K.PAYMENT_FAILED, "payment_expired")
    assert paid.kind is K.PAYMENT_PAID
    assert paid.facts == {"payment_id": str(payment_id), "amount": "900000", "ref_id": "20123"}


async def test_money_that_a_loan_cannot_take_is_told_once_more(
    topups: PostgresPaymentSteps, lending: Lending, sessions: Sessions
) -> None:
    loan = await lending.at(Stage.CANCELLED)
    await forget(sessions, loan)
    payment_id = await opened(topups, lending.borrower, loan.id)
    await settle(topups, payment_id)

    for _ in range(2):
        await run(topups.keep_in_wallet, payment_id)

    messages = await told(sessions, lending.borrower)
    assert [one.facts.get("outcome") for one in messages] == ["goes_on", "kept"]
    assert {one.facts["title"] for one in messages} == {"Camera"}


async def test_money_that_a_loan_took_is_told_as_that(
    topups: PostgresPaymentSteps, lending: Lending, sessions: Sessions
) -> None:
    loan = await lending.at(Stage.ACCEPTED)
    await forget(sessions, loan)
    payment_id = await opened(topups, lending.borrower, loan.id)
    await settle(topups, payment_id)
    await loan.take(Action.PAY, command_id=ids.payment_workflow(payment_id))

    await run(topups.keep_in_wallet, payment_id)

    [message] = await told(sessions, lending.borrower)
    assert (message.kind, message.facts["outcome"]) == (K.PAYMENT_PAID, "goes_on")
    assert await kinds(sessions, lending.lender) == [K.TICKET_PAID]


async def test_a_transfer_tells_its_receiver_once(sessions: Sessions) -> None:
    steps = PostgresTransferSteps(sessions, TransferLimits(Decimal(10**9), Decimal(10**9)))
    sender, receiver = await given.a_user(sessions), await given.a_user(sessions)
    await given.money_in_wallet(sessions, sender, Decimal(500_000))
    new = NewTransfer(new_id(), sender, receiver, Decimal(150_000), "Rent", NOW)
    too_much = replace(new, transfer_id=new_id(), amount=Decimal(500_000))

    await asyncio.gather(*(run(steps.transfer, new) for _ in range(4)))
    with pytest.raises(ApplicationError):
        await run(steps.transfer, too_much)

    [message] = await told(sessions, receiver)
    assert (message.kind, message.facts) == (K.TRANSFER_RECEIVED, {"amount": "150000"})
    assert await told(sessions, sender) == []


def paid(asked: NewWithdrawal, operator: UUID) -> PayoutResult:
    return PayoutResult(asked.withdrawal_id, operator, "REF-1", None, NOW)


def failed(asked: NewWithdrawal, operator: UUID) -> PayoutResult:
    return PayoutResult(asked.withdrawal_id, operator, None, "account closed", NOW)


@pytest.mark.parametrize(
    ("approved", "result", "kind", "fact"),
    [
        (True, paid, K.WITHDRAWAL_PAID, ("bank_reference", "REF-1")),
        (True, failed, K.WITHDRAWAL_RETURNED, ("reason", "withdrawal_failed")),
        (False, None, K.WITHDRAWAL_RETURNED, ("reason", "withdrawal_rejected")),
    ],
)
async def test_each_news_of_a_withdrawal_is_told_once(
    sessions: Sessions,
    approved: bool,
    result: Callable[[NewWithdrawal, UUID], PayoutResult] | None,
    kind: NoticeKind,
    fact: tuple[str, str],
) -> None:
    steps = PostgresWithdrawalSteps(sessions, Decimal(10_000))
    user, operator = await given.a_user(sessions), await given.a_user(sessions)
    await given.money_in_wallet(sessions, user, Decimal(500_000))
    withdrawal_id = new_id()
    sealed = EncryptedColumn(KEYS, IBAN_COLUMN).encrypt(withdrawal_id, "IR062960000000100324200001")
    iban = base64.b64encode(sealed).decode()
    asked = NewWithdrawal(withdrawal_id, user, Decimal(400_000), iban, "0001", NOW)
    decision = WithdrawalDecision(withdrawal_id, operator, approved, None, NOW)

    await asyncio.gather(*(run(steps.ask_withdrawal, asked) for _ in range(4)))
    for _ in range(2):
        await run(steps.decide_withdrawal, decision)
        if result:
            await run(steps.close_withdrawal, result(asked, operator))

    first, last = await told(sessions, user)
    assert (first.kind, first.facts) == (
        K.WITHDRAWAL_ASKED, {"amount": "400000", "iban_end": "0001"},
    )  # fmt: skip
    assert (last.kind, last.facts[fact[0]]) == (kind, fact[1])
