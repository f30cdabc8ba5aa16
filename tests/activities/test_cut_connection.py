"""The line to PostgreSQL is cut after a step's COMMIT, before its answer: money moves once."""

from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal
from uuid import UUID, uuid4

import pytest
from sqlalchemy import func, select
from sqlalchemy.exc import OperationalError
from temporalio.testing import ActivityEnvironment

from activities.card_reversals import PostgresCardReversalSteps
from activities.contracts.card_reversals import AskCardReversal, CloseCardReversal
from activities.contracts.payments import NewPayment, SettlePayment, Verified
from activities.contracts.tickets import MoveTicket
from activities.payments import PostgresPaymentSteps
from activities.reversals import PostgresReversalSteps
from activities.tickets import PostgresTicketSteps
from activities.transfers import PostgresTransferSteps
from activities.withdrawals import PostgresWithdrawalSteps
from domain.asset import Handover
from domain.deadlines import Windows
from domain.reversal import NewReversal, ReversalDecision
from domain.ticket import Action, Stage
from domain.transfer import NewTransfer, TransferLimits
from domain.withdrawal import NewWithdrawal, PayoutResult, WithdrawalDecision
from models.audit import AuditRow
from models.base import new_id
from models.database import Sessions, create_engine, sessions_of
from models.ledger import LedgerEntry, LedgerTransaction
from tests import given
from tests.e2e.proxy import Proxy
from tests.given import NOW
from tests.lending import Lending

AMOUNT = Decimal(250_000)
MONEY = Decimal(1_000_000)


class Steps:
    """Every step that moves money, over one line to the database."""

    def __init__(self, sessions: Sessions) -> None:
        self.sessions = sessions
        self.tickets = PostgresTicketSteps(sessions, Windows(), commission_bps=500)
        self.payments = PostgresPaymentSteps(sessions, timedelta(minutes=30), timedelta(minutes=2))
        self.card_reversals = PostgresCardReversalSteps(sessions)
        self.reversals = PostgresReversalSteps(sessions, window=timedelta(days=1))
        self.transfers = PostgresTransferSteps(sessions, TransferLimits(MONEY, MONEY))
        self.withdrawals = PostgresWithdrawalSteps(sessions, minimum=Decimal(1))


run = ActivityEnvironment().run
Step = Callable[[Steps], Awaitable[object]]
# What leads up to a step, over a sound line; it returns the step itself.
Case = Callable[[Steps], Awaitable[Step]]


@dataclass(frozen=True)
class Lines:
    """Two ways to one database: a sound one, and one that can be cut."""

    sound: Steps
    weak: Steps
    proxy: Proxy


@pytest.fixture(scope="session")
async def lines(database_url: str, sessions: Sessions) -> AsyncIterator[Lines]:
    proxy = Proxy(database_url)
    async with proxy.listening() as url:
        engine = create_engine(url, pool_size=2)
        yield Lines(Steps(sessions), Steps(sessions_of(engine)), proxy)
        await engine.dispose()


async def settle_payment(steps: Steps) -> Step:
    new = NewPayment(new_id(), await given.a_user(steps.sessions), AMOUNT, None, NOW)
    await run(steps.payments.record_payment, new)
    command = SettlePayment(new.payment_id, Verified(uuid4().hex, None, None), NOW)
    return lambda over: run(over.payments.settle_payment, command)


async def ask_card_reversal(steps: Steps) -> Step:
    command = AskCardReversal(await a_paid_payment(steps), NOW)
    return lambda over: run(over.card_reversals.ask_card_reversal, command)


def close_card_reversal(*, done: bool) -> Case:
    async def case(steps: Steps) -> Step:
        payment_id = await a_paid_payment(steps)
        await run(steps.card_reversals.ask_card_reversal, AskCardReversal(payment_id, NOW))
        command = CloseCardReversal(payment_id, done=done)
        return lambda over: run(over.card_reversals.close_card_reversal, command)

    return case


async def a_paid_payment(steps: Steps) -> UUID:
    new = NewPayment(new_id(), await given.a_user(steps.sessions), AMOUNT, None, NOW)
    await run(steps.payments.record_payment, new)
    verified = Verified(uuid4().hex, None, None)
    await run(steps.payments.settle_payment, SettlePayment(new.payment_id, verified, NOW))
    return new.payment_id


def move_ticket(*actions: Action) -> Case:
    """Cut the line under the last of some actions on a ticket."""

    async def case(steps: Steps) -> Step:
        asset = await given.a_stored_asset(steps.sessions, handover=Handover.CONFIRMED)
        borrower = await a_rich_user(steps)
        wish = given.a_wish(asset, borrower)
        await run(steps.tickets.open_ticket, wish)
        lenders = {Action.ACCEPT, Action.COMPLETE}
        *before, last = (
            MoveTicket(
                wish.ticket_id,
                action,
                asset.owner_id if action in lenders else borrower,
                action,
                NOW,
            )
            for action in actions
        )
        for command in before:
            await run(steps.tickets.move_ticket, command)
        return lambda over: run(over.tickets.move_ticket, last)

    return case


def loan_at(stage: Stage, action: Action) -> Case:
    """Cut the line under an action on a loan in some stage."""

    async def case(steps: Steps) -> Step:
        lending = await Lending.among_strangers(steps.sessions)
        command = (await lending.at(stage)).command(action)
        return lambda over: run(over.tickets.move_ticket, command)

    return case


async def transfer(steps: Steps) -> Step:
    sender, receiver = await a_rich_user(steps), await given.a_user(steps.sessions)
    new = NewTransfer(new_id(), sender, receiver, AMOUNT, "For the drill", NOW)
    return lambda over: run(over.transfers.transfer, new)


async def grant_reversal(steps: Steps) -> Step:
    sender, receiver = await a_rich_user(steps), await given.a_user(steps.sessions)
    new = NewTransfer(new_id(), sender, receiver, AMOUNT, "By mistake", NOW)
    sent = await run(steps.transfers.transfer, new)
    asked_by, granted_by = [await given.a_user(steps.sessions) for _ in range(2)]
    wish = NewReversal(new_id(), sent.transaction_id, "The wrong receiver", asked_by, NOW)
    await run(steps.reversals.ask_reversal, wish)
    decision = ReversalDecision(wish.reversal_id, granted_by, approved=True, note="Yes", at=NOW)
    return lambda over: run(over.reversals.decide_reversal, decision)


async def ask_withdrawal(steps: Steps) -> Step:
    new = await a_withdrawal(steps)
    return lambda over: run(over.withdrawals.ask_withdrawal, new)


async def reject_withdrawal(steps: Steps) -> Step:
    decision = await a_decision(steps, approved=False)
    return lambda over: run(over.withdrawals.decide_withdrawal, decision)


def close_withdrawal(bank_reference: str | None) -> Case:
    async def case(steps: Steps) -> Step:
        decision = await a_decision(steps, approved=True)
        await run(steps.withdrawals.decide_withdrawal, decision)
        result = PayoutResult(decision.withdrawal_id, decision.by, bank_reference, None, NOW)
        return lambda over: run(over.withdrawals.close_withdrawal, result)

    return case


async def a_decision(steps: Steps, *, approved: bool) -> WithdrawalDecision:
    new = await a_withdrawal(steps)
    await run(steps.withdrawals.ask_withdrawal, new)
    operator = await given.a_user(steps.sessions)
    return WithdrawalDecision(new.withdrawal_id, operator, approved, "looked at", NOW)


async def a_withdrawal(steps: Steps) -> NewWithdrawal:
    return NewWithdrawal(new_id(), await a_rich_user(steps), AMOUNT, "c2VhbGVk", "0123", NOW)


async def a_rich_user(steps: Steps) -> UUID:
    user = await given.a_user(steps.sessions)
    await given.money_in_wallet(steps.sessions, user, MONEY)
    return user


CASES: dict[str, Case] = {
    "settle_payment": settle_payment,
    "pay a ticket": move_ticket(Action.ACCEPT, Action.PAY),
    "complete a ticket": move_ticket(Action.ACCEPT, Action.PAY, Action.HANDOVER, Action.COMPLETE),
    "cancel a ticket": move_ticket(Action.ACCEPT, Action.PAY, Action.CANCEL),
    "accept an extension": loan_at(Stage.OFFERED, Action.ACCEPT_EXTENSION),
    "accept a claim": loan_at(Stage.CLAIMED, Action.ACCEPT_CLAIM),
    "resolve a dispute": loan_at(Stage.CONTESTED, Action.RESOLVE),
    "transfer": transfer,
    "grant a reversal": grant_reversal,
    "ask_withdrawal": ask_withdrawal,
    "reject a withdrawal": reject_withdrawal,
    "pay a withdrawal out": close_withdrawal("bank-1"),
    "fail a withdrawal": close_withdrawal(None),
    "ask_card_reversal": ask_card_reversal,
    "close_card_reversal, done": close_card_reversal(done=True),
    "close_card_reversal, refused": close_card_reversal(done=False),
}


# Of these the audit log tells as well.
DECISIONS = {
    "resolve a dispute",
    "grant a reversal",
    "reject a withdrawal",
    "pay a withdrawal out",
    "fail a withdrawal",
    "ask_card_reversal",
}


@pytest.mark.parametrize("name", CASES)
async def test_a_step_whose_answer_was_lost_after_its_commit_moves_money_once(
    lines: Lines, name: str
) -> None:
    step = await CASES[name](lines.sound)
    before, cuts = await postings(lines), lines.proxy.cuts

    lines.proxy.arm()
    with pytest.raises(OperationalError):
        await step(lines.weak)
    committed = await postings(lines)
    first, second = await step(lines.weak), await step(lines.sound)

    assert lines.proxy.cuts == cuts + 1
    assert committed.transactions == before.transactions + 1
    assert committed.entries >= before.entries + 2
    assert committed.logged == before.logged + (name in DECISIONS)
    assert await postings(lines) == committed
    assert first == second


@dataclass(frozen=True)
class Postings:
    """How much ledger and audit log hold. The tests of a process run one after the other."""

    transactions: int
    entries: int
    logged: int


async def postings(lines: Lines) -> Postings:
    async with lines.sound.sessions() as session:
        counts = [
            await session.scalar(select(func.count()).select_from(table)) or 0
            for table in (LedgerTransaction, LedgerEntry, AuditRow)
        ]
    return Postings(*counts)
