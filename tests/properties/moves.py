"""Chance: a move is a kind and a few numbers, and means something in any state of the model.

So a failing run can be cut down: what is left after any move was taken out is a run as well.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from random import Random
from typing import Final, TypeVar
from uuid import UUID

from activities.contracts.card_reversals import AskCardReversal, CloseCardReversal
from activities.contracts.payments import (
    AttachAuthority,
    MarkPayment,
    NewPayment,
    Opened,
    SettlePayment,
    Verified,
)
from activities.contracts.tickets import MoveTicket
from domain.payment import PaymentStatus
from domain.plan import LoanRequest
from domain.reversal import NewReversal, ReversalDecision
from domain.ticket import Action
from domain.transfer import NewTransfer
from domain.withdrawal import NewWithdrawal, PayoutResult, WithdrawalDecision
from tests.given import NOW
from tests.properties.chance import NothingThere, mostly, pick
from tests.properties.commands import Command, KeepInWallet, SealLedger
from tests.properties.faults import Fault
from tests.properties.loan import HOUR
from tests.properties.loan_moves import People, a_time, an_action, an_actor, terms
from tests.properties.model import Model

T = TypeVar("T")
LARGEST: Final = 2**32
KINDS: Final = {  # how often each is tried
    "request": 14,
    "move": 30,
    "pay_with": 5,
    "record": 8,
    "attach": 4,
    "mark": 4,
    "settle": 10,
    "keep": 5,
    "ask_card": 5,
    "close_card": 5,
    "transfer": 12,
    "withdraw": 9,
    "decide_withdrawal": 8,
    "close_withdrawal": 7,
    "ask_reversal": 7,
    "decide_reversal": 6,
    "seal": 4,
    "again": 14,
}
# In every other run people do little else than lend.
LENDING: Final = KINDS | {"request": 40, "move": 150, "transfer": 4, "withdraw": 3, "again": 25}
FAULTS: Final = {Fault.NONE: 5, Fault.BEFORE: 2, Fault.AFTER: 2, Fault.TWICE: 1}


@dataclass(frozen=True)
class Move:
    kind: str
    picks: tuple[int, ...]
    fault: Fault


def moves(random: Random, count: int, kinds: Mapping[str, int]) -> list[Move]:
    return [
        Move(
            kind=random.choices(list(kinds), list(kinds.values()))[0],
            picks=tuple(random.randrange(LARGEST) for _ in range(6)),
            fault=random.choices(list(FAULTS), list(FAULTS.values()))[0],
        )
        for _ in range(count)
    ]


class Interpreter:
    """Turns moves into commands. It mostly picks what can be done now, and sometimes anything."""

    def __init__(self, model: Model, people: People) -> None:
        self._model = model
        self._people = people
        self._sent: list[Command] = []
        self._count = 0

    def command(self, move: Move) -> Command | None:
        """Return what a move means now; None if there is nothing it could be about."""
        self._count += 1
        make: Callable[..., Command] = getattr(self, f"_{move.kind}")
        try:
            command = make(*move.picks)
        except NothingThere:
            return None
        self._sent.append(command)
        return command

    @property
    def _at(self) -> datetime:
        return NOW + self._count * timedelta(milliseconds=1)  # no two commands at one time

    @property
    def _id(self) -> UUID:
        return UUID(int=1_000_000 + self._count)

    def _again(self, which: int, *_: int) -> Command:
        return pick(self._sent, which)

    def _seal(self, *_: int) -> Command:
        return SealLedger()

    def _request(self, asset: int, by: int, start: int, days: int, *_: int) -> Command:
        starts_at = NOW + timedelta(days=1 + start % 5)
        return LoanRequest(
            ticket_id=self._id,
            asset_id=pick(list(self._model.assets), asset),
            borrower_id=pick(self._people.users, by),
            starts_at=starts_at,
            ends_at=starts_at + timedelta(days=1 + days % 3),
            note=None,
            at=self._at,
        )

    def _move(self, which: int, how: int, by: int, when: int, what: int, *_: int) -> Command:
        loans = self._model.loans.known
        far = [key for key, loan in loans.items() if loan.status == "active"]
        is_open = self._one(loans, which, lambda loan: loan.is_open)
        ticket_id = pick(far, which) if far and which // 64 % 2 else is_open
        loan = loans.get(ticket_id)
        action = an_action(loan, how)
        actor = an_actor(loan, action, self._people, by)
        return MoveTicket(
            ticket_id,
            action,
            actor,
            command_id=f"move:{self._count}",
            at=self._at + a_time(actor, when),
            terms=terms(loan, action, what),
        )

    def _pay_with(self, which: int, *_: int) -> Command:
        """A paid payment goes on into the ticket that it names."""
        payments = self._model.payments
        paid = [key for key, one in payments.items() if one.paid_at and one.ticket_id]
        payment = payments[payment_id := pick(paid, which)]
        assert payment.ticket_id
        key = f"payment:{payment_id}"
        return MoveTicket(payment.ticket_id, Action.PAY, payment.user_id, key, self._at)

    def _record(self, by: int, rials: int, wanted: int, *_: int) -> Command:
        accepted = [k for k, loan in self._model.loans.known.items() if loan.status == "accepted"]
        ticket_id = pick(accepted, wanted // 2) if accepted and wanted % 2 else None
        loan = self._model.loans.known[ticket_id] if ticket_id else None
        payer = loan.wish.borrower_id if loan else pick(self._people.users, by)
        amount = Decimal(100_000 + rials % 900_000)
        return NewPayment(self._id, payer, amount, ticket_id, self._at)

    def _attach(self, which: int, *_: int) -> Command:
        payment_id = self._one(self._model.payments, which, lambda one: one.authority is None)
        return AttachAuthority(payment_id, Opened(f"S{self._count}", "http://gateway/pay"))

    def _mark(self, which: int, how: int, *_: int) -> Command:
        payment_id = self._one(self._model.payments, which, lambda one: one.status == "pending")
        ends = (PaymentStatus.CANCELLED, PaymentStatus.EXPIRED, PaymentStatus.FAILED)
        return MarkPayment(payment_id, pick(ends, how))

    def _settle(self, which: int, *_: int) -> Command:
        payment_id = self._one(self._model.payments, which, lambda one: one.paid_at is None)
        return SettlePayment(payment_id, Verified("1", "502229******5995", Decimal(1200)), self._at)

    def _keep(self, which: int, *_: int) -> Command:
        return KeepInWallet(
            self._one(self._model.payments, which, lambda one: one.ticket_id is not None)
        )

    def _ask_card(self, which: int, when: int, *_: int) -> Command:
        payment_id = self._one(self._model.payments, which, lambda one: one.status == "paid")
        return AskCardReversal(payment_id, self._at + (0, 0, 0, 1)[when % 4] * HOUR)

    def _close_card(self, which: int, how: int, *_: int) -> Command:
        payment_id = self._one(self._model.payments, which, lambda one: one.reversal == "asked")
        return CloseCardReversal(payment_id, done=bool(how % 2))

    def _transfer(self, by: int, to: int, hundredths: int, *_: int) -> Command:
        sender, receiver = pick(self._people.users, by), pick(self._people.users, to)
        amount = Decimal(1 + hundredths % 450_000_00) / 100
        return NewTransfer(self._id, sender, receiver, amount, "rent", self._at)

    def _withdraw(self, by: int, rials: int, parts: int, *_: int) -> Command:
        amount = Decimal(40_000 + rials % 300_000) + (Decimal("0.50") if parts % 16 == 0 else 0)
        user = pick(self._people.users, by)
        return NewWithdrawal(self._id, user, amount, "c2VhbGVk", "1234", self._at)

    def _decide_withdrawal(self, which: int, by: int, how: int, *_: int) -> Command:
        known = self._model.withdrawals
        found = self._one(known, which, lambda one: one.status == "requested")
        return WithdrawalDecision(found, self._operator(by), how % 3 > 0, None, self._at)

    def _close_withdrawal(self, which: int, by: int, how: int, *_: int) -> Command:
        known = self._model.withdrawals
        found = self._one(known, which, lambda one: one.status == "approved")
        reference = f"bank {self._count}" if how % 3 else None
        operator = self._operator(by) if how % 2 else None
        return PayoutResult(found, operator, reference, None, self._at)

    def _ask_reversal(self, which: int, by: int, *_: int) -> Command:
        kinds = {found: self._model.books.moved[key].kind for found, key in self._model.ids.items()}
        found = self._one(kinds, which, lambda kind: kind in ("transfer", "deposit"))
        return NewReversal(self._id, found, "A mistake", self._operator(by), self._at)

    def _decide_reversal(self, which: int, by: int, how: int, when: int, *_: int) -> Command:
        known = self._model.wishes
        found = self._one(known, which, lambda one: one.status == "requested")
        decider = self._operator(by) if how % 8 else None
        late = (0, 0, 0, 0, 100)[when % 5] * HOUR
        approved = decider is not None and how % 3 > 0  # the clock only ever says no
        return ReversalDecision(found, decider, approved, None, self._at + late)

    def _operator(self, by: int) -> UUID:
        """Return mostly an operator; one of the users is one, too."""
        return pick([*self._people.operators, self._people.users[0]], by)

    def _one(self, known: Mapping[UUID, T], which: int, wanted: Callable[[T], bool]) -> UUID:
        fitting = [key for key, one in known.items() if wanted(one)]
        anything = [*known, UUID(int=404)] if known or which % 8 == 0 else []
        return pick(mostly(fitting, anything, which), which // 8)
