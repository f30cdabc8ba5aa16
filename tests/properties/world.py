"""The real thing: the steps as the worker builds them, on a PostgreSQL database of their own."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession
from temporalio.exceptions import ApplicationError

from activities.card_reversals import PostgresCardReversalSteps
from activities.contracts.card_reversals import AskCardReversal, CloseCardReversal
from activities.contracts.payments import (
    AttachAuthority,
    MarkPayment,
    NewPayment,
    RecordedPayment,
    SettlePayment,
)
from activities.contracts.seals import Sealed
from activities.contracts.tickets import MovedTicket, MoveTicket
from activities.payments import PostgresPaymentSteps
from activities.reversals import PostgresReversalSteps
from activities.seals import PostgresSealSteps
from activities.tickets import PostgresTicketSteps
from activities.transfers import PostgresTransferSteps
from activities.withdrawals import PostgresWithdrawalSteps
from domain.deadlines import Windows
from domain.ledger import Side
from domain.payment import Payment
from domain.plan import LoanRequest
from domain.proofs import Violation
from domain.reversal import NewReversal, Reversal, ReversalDecision
from domain.transfer import NewTransfer, Transfer, TransferLimits
from domain.withdrawal import NewWithdrawal, PayoutResult, Withdrawal, WithdrawalDecision
from models.ledger import LedgerAccount, LedgerEntry, LedgerTransaction
from models.payment import PaymentRow
from models.queries import proofs, reports
from models.queries.reports import Difference
from models.reversal import ReversalRow
from models.ticket import TicketRow
from models.withdrawal import WithdrawalRow
from tests.properties.commands import Command, KeepInWallet, Outcome, SealLedger
from tests.properties.faults import Fault, MortalSessions
from tests.properties.loan import COMPARED
from tests.properties.loans import COMMISSION_BPS
from tests.properties.model import AT_ONCE, DAILY, LEAST, REVERSAL_WINDOW, State

Step = Callable[[Any], Awaitable[object]]


@dataclass(frozen=True)
class Seen:
    """What the database says after a step: to be compared, to be empty, and to be learned."""

    state: State
    violations: list[Violation]
    miscounted: list[Difference]
    transaction_ids: dict[UUID, str]


class World:
    def __init__(self, engine: AsyncEngine) -> None:
        self.sessions = MortalSessions(engine, expire_on_commit=False)
        self._steps = steps(self.sessions)

    async def take(self, command: Command, fault: Fault = Fault.NONE) -> list[Outcome]:
        """Take a step, twice at once if that is the fault.

        Raises:
            Died: It is not known what became of it.
        """
        self.sessions.fault = fault
        try:
            times = 2 if fault is Fault.TWICE else 1
            return await asyncio.gather(*(self._take(command) for _ in range(times)))
        finally:
            self.sessions.fault = Fault.NONE

    async def _take(self, command: Command) -> Outcome:
        try:
            return Outcome(result=compared(await self._steps[type(command)](command)))
        except ApplicationError as refused:
            return Outcome(refusal=refused.type if refused.non_retryable else "would be retried")

    async def look(self, *, proving: bool = True) -> Seen:
        async with self.sessions() as session:
            ids = await session.execute(
                select(LedgerTransaction.id, LedgerTransaction.idempotency_key)
            )
            known = {row[0]: row[1] for row in ids}
            return Seen(
                state={
                    "balances": await _balances(session),
                    "transactions": dict.fromkeys(known.values(), True),
                    "tickets": await _tickets(session),
                    "payments": await _read(
                        session,
                        PaymentRow.status,
                        PaymentRow.authority,
                        PaymentRow.reversal,
                        PaymentRow.notice,
                    ),
                    "withdrawals": await _read(session, WithdrawalRow.status),
                    "reversals": await _read(session, ReversalRow.status),
                },
                violations=await proofs.findings(session) if proving else [],
                miscounted=await reports.differences(session) if proving else [],
                transaction_ids=known,
            )


def steps(sessions: MortalSessions) -> dict[type, Step]:
    tickets = PostgresTicketSteps(sessions, Windows(), COMMISSION_BPS)
    payments = PostgresPaymentSteps(sessions, timedelta(minutes=30), timedelta(minutes=2))
    cards = PostgresCardReversalSteps(sessions)
    limits = TransferLimits(at_once=Decimal(AT_ONCE) / 100, daily=Decimal(DAILY) / 100)
    withdrawals = PostgresWithdrawalSteps(sessions, Decimal(LEAST) / 100)
    reversals = PostgresReversalSteps(sessions, REVERSAL_WINDOW)
    seals = PostgresSealSteps(sessions)
    return {
        LoanRequest: tickets.open_ticket,
        MoveTicket: tickets.move_ticket,
        NewPayment: payments.record_payment,
        AttachAuthority: payments.attach_authority,
        MarkPayment: payments.mark_payment,
        SettlePayment: payments.settle_payment,
        KeepInWallet: lambda command: payments.keep_in_wallet(command.payment_id),
        AskCardReversal: cards.ask_card_reversal,
        CloseCardReversal: cards.close_card_reversal,
        NewTransfer: PostgresTransferSteps(sessions, limits).transfer,
        NewWithdrawal: withdrawals.ask_withdrawal,
        WithdrawalDecision: withdrawals.decide_withdrawal,
        PayoutResult: withdrawals.close_withdrawal,
        NewReversal: reversals.ask_reversal,
        ReversalDecision: reversals.decide_reversal,
        SealLedger: lambda _: seals.seal_ledger(),
    }


def compared(result: object) -> object:
    """Return the part of a step's result that the model predicts."""
    match result:
        case MovedTicket(ticket, _, rivals):
            return ticket.status, frozenset(rivals)
        case RecordedPayment(payment):
            return compared(payment)
        case Payment():
            return result.status, result.authority, result.reversal, result.notice
        case Transfer():
            return int(result.balance * 100)
        case Withdrawal() | Reversal():
            return result.status
        case Sealed():
            return result.made > 0
    raise TypeError(f"nothing to compare in {result}")


async def _balances(session: AsyncSession) -> dict[Any, object]:
    """Add up the entries; that stored balances are the same sums is one of the proofs."""
    sums = await session.execute(
        select(
            LedgerAccount.kind,
            LedgerAccount.owner_id,
            LedgerEntry.type,
            func.sum(LedgerEntry.amount),
        )
        .join(LedgerEntry, LedgerEntry.account_id == LedgerAccount.id)
        .group_by(LedgerAccount.id, LedgerEntry.type)
    )
    balances: dict[tuple[str, UUID | None], int] = {}
    for kind, owner_id, side, amount in sums:
        account = (str(kind), owner_id)
        signed = int(amount * 100) * (1 if side is Side.CREDIT else -1)
        balances[account] = balances.get(account, 0) + signed
    return {account: balance for account, balance in balances.items() if balance}


async def _read(session: AsyncSession, *columns: Any) -> dict[Any, object]:
    rows = (await session.execute(select(columns[0].class_.id, *columns))).all()
    return {row[0]: tuple(row[1:]) if len(columns) > 1 else row[1] for row in rows}


async def _tickets(session: AsyncSession) -> dict[Any, object]:
    """Return each column that the model knows, so that a difference names what differs."""
    columns = [TicketRow.__table__.c[name] for name in COMPARED]
    rows = (await session.execute(select(TicketRow.id, *columns))).all()
    return {
        (row[0], name): int(value * 100) if isinstance(value, Decimal) else value
        for row in rows
        for name, value in zip(COMPARED, row[1:], strict=True)
    }
