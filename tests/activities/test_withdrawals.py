"""Money leaves the wallet with the request, and ends at the bank or back in the wallet, once."""

import asyncio
import base64
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from uuid import UUID

import pytest
from sqlalchemy import func, select
from temporalio.exceptions import ApplicationError
from temporalio.testing import ActivityEnvironment

from activities.contracts.wallet import PayoutAnswer, PayoutVerdict
from activities.payout import GatewayPayoutSteps
from activities.withdrawals import PostgresWithdrawalSteps
from domain.ledger import AccountKind, Side
from domain.withdrawal import (
    NewWithdrawal,
    PayoutResult,
    Withdrawal,
    WithdrawalDecision,
    WithdrawalStatus,
)
from gateways.errors import Declined, GatewayError, OutcomeUnknown, ResultClass, Unavailable
from gateways.payout import ManualPayout, Paid, PayoutGateway, PayoutRequest
from models.base import new_id
from models.database import Sessions
from models.encrypted import EncryptedColumn
from models.ledger import LedgerAccount, LedgerEntry
from models.queries import ledger, withdrawals
from models.withdrawal import IBAN_COLUMN
from tests import given
from tests.conftest import KEYS
from tests.given import NOW

MONEY, AMOUNT = Decimal(1_000_000), Decimal(400_000)
IBAN = "IR062960000000100324200001"
IBANS = EncryptedColumn(KEYS, IBAN_COLUMN)
LATER = NOW + timedelta(minutes=5)
run = ActivityEnvironment().run


@pytest.fixture
def steps(sessions: Sessions) -> PostgresWithdrawalSteps:
    return PostgresWithdrawalSteps(sessions, Decimal(10_000))


@pytest.fixture
async def operator(sessions: Sessions) -> UUID:
    return await given.a_user(sessions)


@pytest.fixture
async def new(sessions: Sessions) -> NewWithdrawal:
    user = await given.a_user(sessions)
    await given.money_in_wallet(sessions, user, MONEY)
    withdrawal_id = new_id()
    sealed = base64.b64encode(IBANS.encrypt(withdrawal_id, IBAN)).decode()
    return NewWithdrawal(withdrawal_id, user, AMOUNT, sealed, IBAN[-4:], NOW)


@pytest.fixture
async def asked(steps: PostgresWithdrawalSteps, new: NewWithdrawal) -> Withdrawal:
    return await run(steps.ask_withdrawal, new)


@pytest.fixture
async def approved(steps: PostgresWithdrawalSteps, asked: Withdrawal, operator: UUID) -> Withdrawal:
    return await run(steps.decide_withdrawal, yes(asked, operator))


def yes(withdrawal: Withdrawal, operator: UUID) -> WithdrawalDecision:
    return WithdrawalDecision(withdrawal.id, operator, True, None, NOW)


def no(withdrawal: Withdrawal, operator: UUID) -> WithdrawalDecision:
    return WithdrawalDecision(withdrawal.id, operator, False, "no such account", NOW)


async def wallet(sessions: Sessions, withdrawal: Withdrawal) -> Decimal:
    async with sessions() as session:
        return await ledger.balance(session, AccountKind.USER_WALLET, withdrawal.user_id)


async def on_its_way(sessions: Sessions, withdrawal: Withdrawal) -> Decimal:
    """What the ledger holds in payout clearing for one withdrawal."""
    async with sessions() as session:
        rows = await session.execute(
            select(LedgerEntry.type, func.sum(LedgerEntry.amount))
            .join(LedgerAccount, LedgerAccount.id == LedgerEntry.account_id)
            .where(
                LedgerAccount.kind == AccountKind.PAYOUT_CLEARING,
                LedgerEntry.ref == f"withdrawal:{withdrawal.id}",
            )
            .group_by(LedgerEntry.type)
        )
        sums = {row[0]: row[1] for row in rows}
    return sums.get(Side.CREDIT, Decimal(0)) - sums.get(Side.DEBIT, Decimal(0))


async def stored(sessions: Sessions, withdrawal: Withdrawal) -> Withdrawal:
    async with sessions() as session:
        return await withdrawals.get(session, withdrawal.id)


async def test_asking_twice_takes_the_money_once(
    steps: PostgresWithdrawalSteps, new: NewWithdrawal, sessions: Sessions
) -> None:
    answers = await asyncio.gather(*(run(steps.ask_withdrawal, new) for _ in range(5)))

    assert len(set(answers)) == 1
    assert answers[0].status is WithdrawalStatus.REQUESTED
    assert await wallet(sessions, answers[0]) == MONEY - AMOUNT
    assert await on_its_way(sessions, answers[0]) == AMOUNT
    async with sessions() as session:
        sealed = await withdrawals.sealed_ibans(session, [new.withdrawal_id])
    assert IBANS.decrypt(new.withdrawal_id, sealed[new.withdrawal_id]) == IBAN


async def test_a_request_without_the_money_leaves_no_trace(
    steps: PostgresWithdrawalSteps, new: NewWithdrawal, sessions: Sessions
) -> None:
    with pytest.raises(ApplicationError) as refused:
        await run(steps.ask_withdrawal, replace(new, amount=MONEY + 1))

    assert (refused.value.type, refused.value.details[0]) == (
        "insufficient_funds", {"missing": "1.00"},
    )  # fmt: skip
    async with sessions() as session:
        assert await withdrawals.find(session, new.withdrawal_id) is None
        assert await ledger.balance(session, AccountKind.USER_WALLET, new.user_id) == MONEY


@pytest.mark.parametrize("amount", ["9999", "10000.50"])
async def test_a_step_refuses_what_a_bank_would(
    steps: PostgresWithdrawalSteps, new: NewWithdrawal, amount: str
) -> None:
    with pytest.raises(ApplicationError) as refused:
        await run(steps.ask_withdrawal, replace(new, amount=Decimal(amount)))

    assert refused.value.details[0] == {"pointer": "/amount"}


async def test_a_rejected_request_returns_the_money_once(
    steps: PostgresWithdrawalSteps, asked: Withdrawal, operator: UUID, sessions: Sessions
) -> None:
    first, second = [await run(steps.decide_withdrawal, no(asked, operator)) for _ in range(2)]

    assert first == second == await stored(sessions, asked)
    assert (first.status, first.note) == ("rejected", "no such account")
    assert await wallet(sessions, asked) == MONEY
    assert await on_its_way(sessions, asked) == 0


async def test_a_paid_request_leaves_us_once(
    steps: PostgresWithdrawalSteps, approved: Withdrawal, operator: UUID, sessions: Sessions
) -> None:
    assert await on_its_way(sessions, approved) == AMOUNT
    result = PayoutResult(approved.id, operator, "REF-1", None, LATER)

    first, second = [await run(steps.close_withdrawal, result) for _ in range(2)]

    assert first == second == await stored(sessions, approved)
    assert (first.status, first.bank_reference, first.closed_at) == ("paid", "REF-1", LATER)
    assert await wallet(sessions, approved) == MONEY - AMOUNT
    assert await on_its_way(sessions, approved) == 0


async def test_a_failed_payout_returns_the_money_once(
    steps: PostgresWithdrawalSteps, approved: Withdrawal, sessions: Sessions
) -> None:
    result = PayoutResult(approved.id, None, None, "account closed", LATER)

    first, second = [await run(steps.close_withdrawal, result) for _ in range(2)]

    assert first == second
    assert (first.status, first.note) == ("failed", "account closed")
    assert await wallet(sessions, approved) == MONEY
    assert await on_its_way(sessions, approved) == 0


async def test_a_repeated_yes_does_not_undo_what_came_after_it(
    steps: PostgresWithdrawalSteps, approved: Withdrawal, operator: UUID
) -> None:
    await run(steps.close_withdrawal, PayoutResult(approved.id, operator, "REF-1", None, LATER))

    again = await run(steps.decide_withdrawal, yes(approved, operator))

    assert again.status is WithdrawalStatus.PAID


async def test_of_ten_decisions_at_once_one_is_made(
    steps: PostgresWithdrawalSteps, asked: Withdrawal, operator: UUID, sessions: Sessions
) -> None:
    decisions = [
        replace(made(asked, operator), at=NOW + timedelta(seconds=second))
        for second, made in enumerate((yes, no) * 5)
    ]

    outcomes = await asyncio.gather(
        *(run(steps.decide_withdrawal, decision) for decision in decisions),
        return_exceptions=True,
    )

    # One is made; those that say the same hear of it, the others are refused.
    heard = [outcome for outcome in outcomes if isinstance(outcome, Withdrawal)]
    made = heard[0]
    assert await stored(sessions, asked) == made
    returned = made.status is WithdrawalStatus.REJECTED
    assert await wallet(sessions, asked) == MONEY - (0 if returned else AMOUNT)
    for outcome in outcomes:
        assert outcome == made or getattr(outcome, "type", None) == "illegal_transition"


async def test_a_word_that_is_given_anew_at_another_time_finds_itself_taken(
    steps: PostgresWithdrawalSteps, asked: Withdrawal, operator: UUID, sessions: Sessions
) -> None:
    """A workflow task that died after the step's commit is begun anew, with another time."""
    later = NOW + timedelta(seconds=9)
    decision = yes(asked, operator)
    result = PayoutResult(asked.id, operator, None, "closed", NOW)

    decided = [
        await run(steps.decide_withdrawal, one) for one in (decision, replace(decision, at=later))
    ]
    closed = [await run(steps.close_withdrawal, one) for one in (result, replace(result, at=later))]

    assert decided[0] == decided[1]
    assert closed[0] == closed[1]
    assert await wallet(sessions, asked) == MONEY


async def test_of_ten_results_at_once_one_is_recorded(
    steps: PostgresWithdrawalSteps, approved: Withdrawal, operator: UUID, sessions: Sessions
) -> None:
    results = [
        PayoutResult(approved.id, operator, f"REF-{number}" if number % 2 else None, None, LATER)
        for number in range(10)
    ]

    outcomes = await asyncio.gather(
        *(run(steps.close_withdrawal, result) for result in results), return_exceptions=True
    )

    # The failures are one result to the second: they are repeats of each other.
    recorded = {outcome for outcome in outcomes if isinstance(outcome, Withdrawal)}
    assert recorded == {await stored(sessions, approved)}
    [ended] = recorded
    paid = ended.status is WithdrawalStatus.PAID
    assert await wallet(sessions, approved) == MONEY - (AMOUNT if paid else 0)
    assert await on_its_way(sessions, approved) == 0


async def test_nobody_decides_about_their_own(
    steps: PostgresWithdrawalSteps, asked: Withdrawal, sessions: Sessions
) -> None:
    for made in (yes, no):
        with pytest.raises(ApplicationError) as refused:
            await run(steps.decide_withdrawal, made(asked, asked.user_id))
        assert refused.value.type == "forbidden"

    assert await stored(sessions, asked) == asked


class Bank(PayoutGateway):
    """A payout gateway that answers what it is told to."""

    def __init__(self, answer: Paid | GatewayError) -> None:
        self.answer = answer
        self.asked: list[PayoutRequest] = []

    async def pay(self, request: PayoutRequest) -> Paid:
        self.asked.append(request)
        if isinstance(self.answer, GatewayError):
            raise self.answer
        return self.answer


def payout(sessions: Sessions, gateway: PayoutGateway) -> GatewayPayoutSteps:
    return GatewayPayoutSteps(gateway, sessions, IBANS)


async def test_the_bank_is_told_the_account_in_full(
    approved: Withdrawal, sessions: Sessions
) -> None:
    bank = Bank(Paid("REF-1"))

    answer = await run(payout(sessions, bank).pay_out, approved)

    assert answer == PayoutAnswer(PayoutVerdict.PAID, bank_reference="REF-1")
    assert bank.asked == [PayoutRequest(approved.id, AMOUNT, IBAN)]
    assert IBAN not in repr(bank.asked)


async def test_without_a_bank_a_person_pays(approved: Withdrawal, sessions: Sessions) -> None:
    answer = await run(payout(sessions, ManualPayout()).pay_out, approved)

    assert answer == PayoutAnswer(PayoutVerdict.BY_HAND)


@pytest.mark.parametrize(
    "result_class", [ResultClass.INPUT, ResultClass.FINAL, ResultClass.CONFIGURATION]
)
async def test_a_banks_no_is_an_answer(
    approved: Withdrawal, sessions: Sessions, result_class: ResultClass
) -> None:
    bank = Bank(Declined(7, "account closed", result_class))

    answer = await run(payout(sessions, bank).pay_out, approved)

    assert answer.verdict is PayoutVerdict.DECLINED
    assert "account closed" in (answer.note or "")


@pytest.mark.parametrize(
    "silence",
    [
        Unavailable("away"),
        OutcomeUnknown("cut"),
        Declined(1, "busy", ResultClass.RETRY),
        Declined(2, "not yet", ResultClass.PENDING),
        Declined(3, "hm", ResultClass.AMBIGUOUS),
    ],
    ids=repr,
)
async def test_what_says_nothing_is_asked_again(
    approved: Withdrawal, sessions: Sessions, silence: GatewayError
) -> None:
    """A step that fails with a plain error is one that Temporal takes again."""
    with pytest.raises(type(silence)):
        await run(payout(sessions, Bank(silence)).pay_out, approved)
