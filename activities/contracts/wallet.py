"""The steps of money that leaves a wallet for another one, or for a bank: names, inputs, outputs.

As in activities/contracts.py, each is safe to run twice.
"""

from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

from temporalio import activity

from domain.transfer import NewTransfer, Transfer
from domain.withdrawal import NewWithdrawal, PayoutResult, Withdrawal, WithdrawalDecision


class TransferSteps(Protocol):
    @activity.defn
    async def transfer(self, new: NewTransfer) -> Transfer: ...


class WithdrawalSteps(Protocol):
    @activity.defn
    async def ask_withdrawal(self, new: NewWithdrawal) -> Withdrawal: ...

    @activity.defn
    async def decide_withdrawal(self, decision: WithdrawalDecision) -> Withdrawal: ...

    @activity.defn
    async def close_withdrawal(self, result: PayoutResult) -> Withdrawal: ...


class PayoutVerdict(StrEnum):
    """What the payout gateway says; `by_hand` leaves the transfer to an operator."""

    PAID = "paid"
    DECLINED = "declined"
    BY_HAND = "by_hand"


@dataclass(frozen=True)
class PayoutAnswer:
    """A verdict with the bank's reference if it paid, or its words if it declined."""

    verdict: PayoutVerdict
    bank_reference: str | None = None
    note: str | None = None


class PayoutSteps(Protocol):
    """Calls to the payout gateway."""

    @activity.defn
    async def pay_out(self, withdrawal: Withdrawal) -> PayoutAnswer: ...
