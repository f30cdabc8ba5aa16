"""What should happen, in a few dictionaries: no database, and none of the code under test."""

from collections import Counter
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import singledispatchmethod
from typing import Any, TypeVar
from uuid import UUID

from activities.contracts.card_reversals import AskCardReversal, CloseCardReversal
from activities.contracts.payments import AttachAuthority, MarkPayment, NewPayment, SettlePayment
from activities.contracts.tickets import MoveTicket
from domain.asset import Asset
from domain.plan import LoanRequest
from domain.reversal import NewReversal, ReversalDecision
from domain.transfer import NewTransfer
from domain.withdrawal import NewWithdrawal, PayoutResult, WithdrawalDecision
from tests.properties.books import CLEARING, OUTGOING, Books, Refused, wallet
from tests.properties.commands import Command, KeepInWallet, Outcome, SealLedger
from tests.properties.loans import Loans

T = TypeVar("T")
State = dict[str, dict[Any, object]]  # things by their kind and their name
AT_ONCE, DAILY, LEAST = 400_000_00, 2_000_000_00, 50_000_00
REVERSAL_WINDOW = timedelta(days=3)
UNPAID = ("pending", "cancelled", "expired")


@dataclass
class TopUp:
    user_id: UUID
    amount: int
    ticket_id: UUID | None
    status: str = "pending"
    authority: str | None = None
    paid_at: datetime | None = None
    reversal: str | None = None
    notice: str | None = None

    @property
    def shown(self) -> tuple[object, ...]:
        return self.status, self.authority, self.reversal, self.notice


@dataclass
class Payout:
    user_id: UUID
    amount: int
    status: str = "requested"
    decision: tuple[object, ...] | None = None
    closing: tuple[object, ...] | None = None


@dataclass
class Wish:
    key: str
    by: UUID
    expires_at: datetime
    status: str = "requested"
    decision: tuple[object, ...] | None = None


@dataclass
class Model:
    """`ids` are the ledger's own, which only the database knows: it is told them afterwards."""

    assets: dict[UUID, Asset]
    active: frozenset[UUID]
    operators: frozenset[UUID]  # who divides an escrow
    books: Books = field(default_factory=Books)
    payments: dict[UUID, TopUp] = field(default_factory=dict)
    withdrawals: dict[UUID, Payout] = field(default_factory=dict)
    wishes: dict[UUID, Wish] = field(default_factory=dict)
    ids: dict[UUID, str] = field(default_factory=dict)
    sent: Counter[UUID] = field(default_factory=Counter)
    transfers: dict[UUID, int] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.loans = Loans(self.books, self.assets, self.operators)

    def expect(self, command: Command) -> Outcome:
        """Carry out a command that commits, and say what its step should answer."""
        try:
            return Outcome(result=self._apply(command))
        except Refused as refused:
            return Outcome(refusal=refused.code)

    @singledispatchmethod
    def _apply(self, command: object) -> object:
        raise TypeError(f"no rule for {command}")

    @_apply.register
    def _(self, command: LoanRequest) -> object:
        return self.loans.open(command)

    @_apply.register
    def _(self, command: MoveTicket) -> object:
        return self.loans.move(command)

    @_apply.register
    def _(self, new: NewPayment) -> object:
        if new.payment_id not in self.payments:
            rivals = (other for other in self.payments.values() if other.status == "pending")
            if new.ticket_id and any(other.ticket_id == new.ticket_id for other in rivals):
                raise Refused("illegal_transition")
            self.payments[new.payment_id] = TopUp(new.user_id, int(new.amount * 100), new.ticket_id)
        return self.payments[new.payment_id].shown

    @_apply.register
    def _(self, command: AttachAuthority) -> object:
        payment = _known(self.payments, command.payment_id)
        payment.authority = payment.authority or command.opened.authority
        return payment.shown

    @_apply.register
    def _(self, command: MarkPayment) -> object:
        payment = _known(self.payments, command.payment_id)
        if payment.status in UNPAID:
            payment.status = command.status.value
        return payment.shown

    @_apply.register
    def _(self, command: SettlePayment) -> object:
        payment = _known(self.payments, command.payment_id)
        if payment.paid_at is None:
            ref = f"payment:{command.payment_id}"
            path = (CLEARING, wallet(payment.user_id))
            self.books.send(f"{ref}:deposit", "deposit", ref, path, payment.amount)
            payment.status, payment.paid_at = "paid", command.at
        return payment.shown

    @_apply.register
    def _(self, command: KeepInWallet) -> object:
        payment = _known(self.payments, command.payment_id)
        went_on = (payment.ticket_id, f"payment:{command.payment_id}") in self.loans.done
        if payment.paid_at and not went_on:
            payment.notice = "kept_in_wallet"
        return payment.shown

    @_apply.register
    def _(self, command: AskCardReversal) -> object:
        payment = _known(self.payments, command.payment_id)
        if payment.reversal != "asked":
            in_time = payment.paid_at and command.at - payment.paid_at <= timedelta(minutes=30)
            if payment.status != "paid" or payment.reversal or not in_time:
                raise Refused("illegal_transition")
            ref = f"payment:{command.payment_id}"
            path = (wallet(payment.user_id), OUTGOING)
            self.books.send(f"{ref}:ask", "withdrawal", ref, path, payment.amount)
            payment.reversal = "asked"
        return payment.shown

    @_apply.register
    def _(self, command: CloseCardReversal) -> object:
        payment = _known(self.payments, command.payment_id)
        if payment.reversal is None:
            raise Refused("illegal_transition")
        if payment.reversal == "asked":
            ref = f"payment:{command.payment_id}"
            self._end(ref, payment.user_id, payment.amount, left_us=command.done)
            payment.reversal = "done" if command.done else "refused"
            payment.status = "reversed" if command.done else "paid"
        return payment.shown

    @_apply.register
    def _(self, new: NewTransfer) -> object:
        amount, sender = int(new.amount * 100), wallet(new.sender_id)
        if new.transfer_id not in self.transfers:
            if new.receiver_id not in self.active and new.sender_id != new.receiver_id:
                raise Refused("not_found")
            too_much = amount > min(AT_ONCE, DAILY - self.sent[new.sender_id])
            if new.sender_id == new.receiver_id or too_much:
                raise Refused("validation_error")
            ref = f"transfer:{new.transfer_id}"
            self.books.send(ref, "transfer", ref, (sender, wallet(new.receiver_id)), amount)
            self.sent[new.sender_id] += amount
            self.transfers[new.transfer_id] = self.books.balances[sender]
        return self.transfers[new.transfer_id]

    @_apply.register
    def _(self, new: NewWithdrawal) -> object:
        if new.withdrawal_id not in self.withdrawals:
            amount = int(new.amount * 100)
            if amount % 100 or amount < LEAST:
                raise Refused("validation_error")
            ref, path = f"withdrawal:{new.withdrawal_id}", (wallet(new.user_id), OUTGOING)
            self.books.send(f"{ref}:ask", "withdrawal", ref, path, amount)
            self.withdrawals[new.withdrawal_id] = Payout(new.user_id, amount)
        return self.withdrawals[new.withdrawal_id].status

    @_apply.register
    def _(self, decision: WithdrawalDecision) -> object:
        payout = _known(self.withdrawals, decision.withdrawal_id)
        made = (decision.by, decision.approved)
        if payout.decision != made:
            _check_operator(payout, decision.by, "requested")
            if not decision.approved:
                ref = f"withdrawal:{decision.withdrawal_id}"
                self._end(ref, payout.user_id, payout.amount, left_us=False)
            payout.decision, payout.status = made, "approved" if decision.approved else "rejected"
        return payout.status

    @_apply.register
    def _(self, result: PayoutResult) -> object:
        payout = _known(self.withdrawals, result.withdrawal_id)
        if payout.closing != (result.by, result.bank_reference):
            _check_operator(payout, result.by, "approved")
            ref, is_paid = f"withdrawal:{result.withdrawal_id}", result.bank_reference is not None
            self._end(ref, payout.user_id, payout.amount, left_us=is_paid)
            payout.closing = (result.by, result.bank_reference)
            payout.status = "paid" if is_paid else "failed"
        return payout.status

    def _end(self, ref: str, user_id: UUID, amount: int, *, left_us: bool) -> None:
        """Let money that was on its way leave, or come back."""
        if left_us:
            self.books.send(f"{ref}:paid", "payout", ref, (OUTGOING, CLEARING), amount)
        else:
            path = (OUTGOING, wallet(user_id))
            self.books.send(f"{ref}:returned", "payout_return", ref, path, amount)

    @_apply.register
    def _(self, new: NewReversal) -> object:
        if new.reversal_id not in self.wishes:
            key = _known(self.ids, new.transaction_id)
            self._check_reversible(key)
            others = (wish for wish in self.wishes.values() if wish.key == key)
            if any(other.status in ("requested", "posted") for other in others):
                raise Refused("illegal_transition")
            self.wishes[new.reversal_id] = Wish(key, new.by, new.at + REVERSAL_WINDOW)
        return self.wishes[new.reversal_id].status

    @_apply.register
    def _(self, decision: ReversalDecision) -> object:
        wish = _known(self.wishes, decision.reversal_id)
        made = (decision.by, decision.approved)
        if decision.by is None:
            wish.status = "expired" if wish.status == "requested" else wish.status
        elif wish.decision != made:
            if decision.approved and decision.by == wish.by:
                raise Refused("forbidden")
            if wish.status != "requested" or decision.at >= wish.expires_at:
                raise Refused("illegal_transition")
            if decision.approved:
                self._take_back(decision.reversal_id, wish)
            wish.decision, wish.status = made, "posted" if decision.approved else "rejected"
        return wish.status

    def _take_back(self, reversal_id: UUID, wish: Wish) -> None:
        payment = self._check_reversible(wish.key)
        back = {account: -change for account, change in self.books.moved[wish.key].changes.items()}
        ref = f"reversal:{reversal_id}"
        self.books.move(ref, "reversal", ref, back)
        if payment:
            payment.status = "reversed"

    def _check_reversible(self, key: str) -> TopUp | None:
        moved = self.books.moved[key]
        if moved.kind not in ("transfer", "deposit"):
            raise Refused("illegal_transition")
        if moved.kind == "transfer":
            return None
        payment = self.payments[UUID(moved.ref.removeprefix("payment:"))]
        if payment.status != "paid" or payment.reversal == "asked":
            raise Refused("illegal_transition")
        return payment

    @_apply.register
    def _(self, command: SealLedger) -> object:
        sealed, self.books.unsealed = bool(self.books.unsealed), 0
        return sealed

    def state(self) -> State:
        """Everything that is compared with the database."""
        return {
            "balances": {account: sum_ for account, sum_ in self.books.balances.items() if sum_},
            "transactions": dict.fromkeys(self.books.moved, True),
            "tickets": self.loans.shown,
            "payments": {key: one.shown for key, one in self.payments.items()},
            "withdrawals": {key: one.status for key, one in self.withdrawals.items()},
            "reversals": {key: one.status for key, one in self.wishes.items()},
        }


def _known(objects: dict[UUID, T], object_id: UUID) -> T:
    if object_id not in objects:
        raise Refused("not_found")
    return objects[object_id]


def _check_operator(payout: Payout, by: UUID | None, status: str) -> None:
    if by == payout.user_id:
        raise Refused("forbidden")
    if payout.status != status:
        raise Refused("illegal_transition")
