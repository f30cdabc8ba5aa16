"""The database steps of a withdrawal. Money moves with the status or not at all."""

import base64
from dataclasses import dataclass
from decimal import Decimal
from typing import Final
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession
from temporalio import activity

from activities.contracts.wallet import WithdrawalSteps
from activities.refusals import refusals
from domain import ids
from domain import ledger as book
from domain.audit import AuditAction, AuditLine, Origin
from domain.messages import money_notices
from domain.withdrawal import (
    MOVES,
    NewWithdrawal,
    PayoutResult,
    Withdrawal,
    WithdrawalAction,
    WithdrawalDecision,
    WithdrawalStatus,
    check_amount,
    closed,
    decided,
)
from models.database import Sessions
from models.queries import audit, ledger, notices, withdrawals

_DECIDED: Final = {
    WithdrawalAction.APPROVE: AuditAction.WITHDRAWAL_APPROVED,
    WithdrawalAction.REJECT: AuditAction.WITHDRAWAL_REJECTED,
    WithdrawalAction.PAY: AuditAction.WITHDRAWAL_PAID,
    WithdrawalAction.FAIL: AuditAction.WITHDRAWAL_RETURNED,
}


@dataclass(frozen=True)
class PostgresWithdrawalSteps(WithdrawalSteps):
    """Attributes.

    minimum: The least that may be withdrawn, in rials.
    """

    sessions: Sessions
    minimum: Decimal

    @activity.defn
    async def ask_withdrawal(self, new: NewWithdrawal) -> Withdrawal:
        """Take the money out of the wallet; a repeat finds the stored withdrawal."""
        with refusals():
            async with self.sessions.begin() as session:
                stored = await withdrawals.find(session, new.withdrawal_id)
                return stored or await self._open(session, new)

    async def _open(self, session: AsyncSession, new: NewWithdrawal) -> Withdrawal:
        check_amount(new.amount, self.minimum)
        ref = ids.withdrawal_workflow(new.withdrawal_id)
        taken = book.withdrawal(ref, new.user_id, new.amount, "Withdrawal")
        is_first = await ledger.post(session, taken)
        iban, index = base64.b64decode(new.sealed_iban), base64.b64decode(new.iban_index)
        await withdrawals.insert_once(session, _requested(new), iban, index or None)
        if is_first:
            await notices.tell(session, money_notices.withdrawn(_requested(new)))
        return await withdrawals.get(session, new.withdrawal_id)

    @activity.defn
    async def decide_withdrawal(self, decision: WithdrawalDecision) -> Withdrawal:
        """Approve or reject; a no returns the money. A repeat of the decision finds it made."""
        with refusals():
            async with self.sessions.begin() as session:
                stored = await withdrawals.lock(session, decision.withdrawal_id)
                if _is_made(stored, decision):
                    return stored
                moved = await self._move(session, decided(stored, decision))
                await audit.record(session, _decision(moved, decision))
                return moved

    @activity.defn
    async def close_withdrawal(self, result: PayoutResult) -> Withdrawal:
        """Record the payout, or return the money. A repeat of the result finds it recorded."""
        with refusals():
            async with self.sessions.begin() as session:
                stored = await withdrawals.lock(session, result.withdrawal_id)
                if _is_recorded(stored, result):
                    return stored
                moved = await self._move(session, closed(stored, result))
                await audit.record(session, _outcome(moved, result))
                return moved

    async def _move(self, session: AsyncSession, moved: Withdrawal) -> Withdrawal:
        ref = ids.withdrawal_workflow(moved.id)
        match moved.status:
            case WithdrawalStatus.PAID:
                await ledger.post(session, book.payout(ref, moved.amount, "Withdrawal paid"))
            case WithdrawalStatus.REJECTED | WithdrawalStatus.FAILED:
                words = f"Withdrawal {moved.status}"
                back = book.payout_return(ref, moved.user_id, moved.amount, words)
                await ledger.post(session, back)
        await withdrawals.save(session, moved)
        await notices.tell(session, money_notices.withdrawn(moved))
        return moved


def _decision(moved: Withdrawal, decision: WithdrawalDecision) -> AuditLine:
    return _line(_DECIDED[decision.action], moved, decision.by, decision.origin)


def _outcome(moved: Withdrawal, result: PayoutResult) -> AuditLine:
    return _line(_DECIDED[result.action], moved, result.by, result.origin)


def _line(action: AuditAction, moved: Withdrawal, by: UUID | None, origin: Origin) -> AuditLine:
    facts = {"amount": f"{moved.amount:.2f}"}
    return AuditLine(action, by, ids.withdrawal_workflow(moved.id), origin, facts)


def _is_made(stored: Withdrawal, decision: WithdrawalDecision) -> bool:
    is_approved = stored.status is not WithdrawalStatus.REJECTED
    # Not its time: a workflow task that is begun anew after a kill has another one.
    return (stored.decided_by, is_approved) == (decision.by, decision.approved)


def _is_recorded(stored: Withdrawal, result: PayoutResult) -> bool:
    known = (stored.status, stored.closed_by, stored.bank_reference)
    return known == (MOVES[result.action][1], result.by, result.bank_reference)


def _requested(new: NewWithdrawal) -> Withdrawal:
    return Withdrawal(
        id=new.withdrawal_id,
        user_id=new.user_id,
        amount=new.amount,
        iban_end=new.iban_end,
        status=WithdrawalStatus.REQUESTED,
        decided_by=None,
        decided_at=None,
        note=None,
        bank_reference=None,
        created_at=new.at,
        closed_at=None,
    )
