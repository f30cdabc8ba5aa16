"""The database steps of a reversal. What is taken back and the word for it are one transaction."""

from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession
from temporalio import activity

from activities.contracts.reversals import ReversalSteps
from activities.refusals import refusals
from domain import ids
from domain.audit import AuditAction, AuditLine
from domain.ledger import TransactionKind, reversal
from domain.payment import Payment, PaymentStatus
from domain.reversal import (
    NewReversal,
    Reversal,
    ReversalDecision,
    ReversalStatus,
    check_kind,
    check_payment,
    decided,
    is_repeat,
    was_asked_before,
)
from models.database import Sessions
from models.queries import audit, ledger, payments, reversals, transactions
from models.queries.transactions import PostedTransaction


@dataclass(frozen=True)
class PostgresReversalSteps(ReversalSteps):
    """Attributes.

    window: How long a wish waits for another operator.
    """

    sessions: Sessions
    window: timedelta

    @activity.defn
    async def ask_reversal(self, new: NewReversal) -> Reversal:
        """Store a wish; a repeat finds the stored one, whatever became of it."""
        with refusals():
            async with self.sessions.begin() as session:
                stored = await reversals.find(session, new.reversal_id)
                return stored or await self._ask(session, new)

    async def _ask(self, session: AsyncSession, new: NewReversal) -> Reversal:
        transaction = await transactions.get(session, new.transaction_id)
        check_kind(transaction.kind)
        payment = await _payment_of(session, transaction.kind, transaction.id)
        if payment is not None:
            check_payment(payment)
        wish = self._wish(new, transaction)
        while True:
            if await reversals.insert_once(session, wish):
                await _record_wish(session, new, wish)
            stored = await reversals.find(session, wish.id)
            if stored is not None:
                return stored
            other = await reversals.standing(session, wish.transaction_id)
            if other is not None:
                raise was_asked_before(other)
            # What was in the way is rejected or expired since, so there is room now.

    def _wish(self, new: NewReversal, transaction: PostedTransaction) -> Reversal:
        return Reversal(
            id=new.reversal_id,
            transaction_id=new.transaction_id,
            kind=transaction.kind,
            amount=transaction.amount,
            reason=new.reason,
            status=ReversalStatus.REQUESTED,
            requested_by=new.by,
            decided_by=None,
            decided_at=None,
            note=None,
            created_at=new.at,
            expires_at=new.at + self.window,
        )

    @activity.defn
    async def decide_reversal(self, decision: ReversalDecision) -> Reversal:
        """Reject a wish or let it lapse, or grant it and move the money back; once."""
        with refusals():
            async with self.sessions.begin() as session:
                wish = await reversals.get(session, decision.reversal_id)
                # The payment's lock first, as in every step that takes more than one.
                payment = await _payment_of(session, wish.kind, wish.transaction_id)
                wish = await reversals.lock(session, wish.id)
                if is_repeat(wish, decision):
                    return wish
                after = decided(wish, decision)
                if wish.is_open and after.status is ReversalStatus.POSTED:
                    await _take_back(session, wish, payment)
                await reversals.save(session, after)
                await _record_decision(session, decision, after)
                return after


async def _record_wish(session: AsyncSession, new: NewReversal, wish: Reversal) -> None:
    what = ids.reversal_workflow(wish.id)
    facts = {"transaction": str(wish.transaction_id), "amount": f"{wish.amount:.2f}"}
    line = AuditLine(AuditAction.REVERSAL_ASKED, new.by, what, new.origin, facts)
    await audit.record(session, line)


async def _record_decision(
    session: AsyncSession, decision: ReversalDecision, after: Reversal
) -> None:
    if decision.by is None:
        return  # the clock's, and nobody's decision
    action = AuditAction.REVERSAL_APPROVED if decision.approved else AuditAction.REVERSAL_REJECTED
    facts = {"transaction": str(after.transaction_id), "amount": f"{after.amount:.2f}"}
    what = ids.reversal_workflow(after.id)
    await audit.record(session, AuditLine(action, decision.by, what, decision.origin, facts))


async def _payment_of(
    session: AsyncSession, kind: TransactionKind, transaction_id: UUID
) -> Payment | None:
    """Lock the payment that a deposit is of; other transactions have none."""
    if kind is not TransactionKind.DEPOSIT:
        return None
    transaction = await transactions.get(session, transaction_id)
    return await payments.lock(session, ids.payment_in(transaction.ref))


async def _take_back(session: AsyncSession, wish: Reversal, payment: Payment | None) -> None:
    if payment is not None:
        check_payment(payment)
        await payments.mark(session, payment.id, PaymentStatus.REVERSED)
    transaction = await transactions.get(session, wish.transaction_id)
    entries = (line.entry for line in transaction.entries)
    await ledger.post(session, reversal(wish.id, transaction.id, entries, wish.reason))
