"""All that the steps of loans and of money have people told, worked out without a database."""

from collections.abc import Iterator
from decimal import Decimal
from typing import Any, Final
from uuid import uuid4

from domain.actions import Move, Terms, act
from domain.asset import Handover
from domain.cancellation import CancellationPolicy
from domain.deadlines import Windows
from domain.dispute import Claim, Division
from domain.extension import Offer
from domain.messages import money_notices
from domain.messages.loan_notices import told
from domain.messages.notice import Notice
from domain.payment import Payment, PaymentStatus
from domain.plan import request
from domain.ticket import Action, Role, Stage, Ticket
from domain.transfer import NewTransfer
from domain.transitions import TABLE
from domain.withdrawal import Withdrawal, WithdrawalStatus
from tests import given
from tests.given import DAY, NOW

LATE: Final = NOW + 30 * DAY


def a_loan(stage: Stage, **changes: Any) -> Ticket:
    """A ticket whose hand-over is confirmed and whose cancellation costs the borrower the fee."""
    usual = {"handover": Handover.CONFIRMED, "cancellation_policy": CancellationPolicy.STRICT}
    return given.a_ticket_at(stage, **usual | changes)


def a_move(ticket: Ticket, action: Action, role: Role) -> Move:
    who = {
        Role.LENDER: ticket.lender_id,
        Role.BORROWER: ticket.borrower_id,
        Role.OPERATOR: uuid4(),
    }
    terms: dict[Action, Terms] = {
        Action.EXTEND: Offer(ticket.ends_at + 2 * DAY),
        Action.DISPUTE: Claim(Decimal(400_000), "Scratched."),
        Action.RESOLVE: Division(Decimal("250000.01"), Decimal("549999.99")),
    }
    at = LATE if role is Role.SYSTEM else NOW
    return Move(action, who.get(role), at, terms.get(action))


def a_payment(**changes: Any) -> Payment:
    values: dict[str, Any] = {
        "id": uuid4(),
        "user_id": uuid4(),
        "ticket_id": None,
        "amount": Decimal("250000.00"),
        "currency": "IRR",
        "status": PaymentStatus.PENDING,
        "authority": "S1",
        **dict.fromkeys(("redirect_url", "ref_id", "card_pan", "fee", "paid_at")),
        "created_at": NOW,
    }
    return Payment(**values | changes)


def a_withdrawal(status: WithdrawalStatus, **changes: Any) -> Withdrawal:
    values: dict[str, Any] = {
        "id": uuid4(),
        "user_id": uuid4(),
        "amount": Decimal("400000.00"),
        "iban_end": "0001",
        "status": status,
        **dict.fromkeys(("decided_by", "decided_at", "note", "bank_reference", "closed_at")),
        "created_at": NOW,
    }
    return Withdrawal(**values | changes)


def of_loans() -> Iterator[Notice]:
    """Make each notice of each action by each who may take it; the title is the database's."""
    asset = given.an_asset()
    yield from told(request(given.a_wish(asset), asset, 500, Windows()))
    for (stage, action), rule in TABLE.items():
        for role in sorted(rule.who):
            if stage is Stage.CLAIMED and role is Role.LENDER:
                continue  # the claim is the lender's
            for handover in Handover:
                ticket = a_loan(stage, handover=handover)
                yield from told(act(ticket, a_move(ticket, action, role), Windows()))


def of_money() -> Iterator[Notice]:
    for ticket_id in (None, uuid4()):
        payment = a_payment(ticket_id=ticket_id)
        yield from money_notices.paid(payment, "20123456789")
        for status in PaymentStatus:
            yield from money_notices.unpaid(payment, status)
    yield from money_notices.kept(a_payment(ticket_id=uuid4()))
    yield from money_notices.received(
        NewTransfer(uuid4(), uuid4(), uuid4(), Decimal(150_000), "Rent", NOW)
    )
    for step in WithdrawalStatus:
        reference = "140509010001" if step is WithdrawalStatus.PAID else None
        yield from money_notices.withdrawn(a_withdrawal(step, bank_reference=reference))
