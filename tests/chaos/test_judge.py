"""The judge sees what is lost, what is there twice, and what is one rial off."""

from collections import Counter
from collections.abc import Callable
from decimal import Decimal
from uuid import UUID, uuid4

import pytest

from chaos import judge
from chaos.journal import Held, Journal, Sent, Step, Write
from chaos.judge import faults
from chaos.records import Kept, Money, Records, RequestName, Ticket, Transfer, Transition

LENDER, BORROWER = UUID(int=1), UUID(int=2)
TICKET, PAYMENT, WITHDRAWAL, TRANSFER = (UUID(int=number) for number in range(11, 15))
STEPS = [
    (BORROWER, "request", None, "pending"),
    (LENDER, "accept", "pending", "accepted"),
    (BORROWER, "pay", "accepted", "escrow"),
    (None, "handover", "escrow", "active"),
    (LENDER, "complete", "active", "completed"),
]
BODY = {"id": str(TICKET), "status": "accepted"}


class World:
    """A loan, a payment, a withdrawal and a transfer, as they were told and as they are stored."""

    def __init__(self) -> None:
        self.lender, self.borrower = Journal(LENDER), Journal(BORROWER)
        for who, action, _, target in STEPS:
            if who:
                self.of(who).steps.append(Step(TICKET, action, target))
        self.lender.writes.append(
            Write("PATCH", f"/tickets/{TICKET}/accept/", "a key", 200, BODY, 1, 0.0, 0.0, 0.1)
        )
        self.borrower.payments[PAYMENT] = Held(Decimal(600_000), "paid")
        self.borrower.withdrawals[WITHDRAWAL] = Held(Decimal(20_000), "paid")
        self.borrower.sent.append(Sent(TRANSFER, LENDER, Decimal(10)))
        self.lender.balance, self.borrower.balance = Decimal(95_010), Decimal(379_990)
        self.records = self.stored()

    def of(self, who: UUID) -> Journal:
        return self.lender if who == LENDER else self.borrower

    @staticmethod
    def stored() -> Records:
        accept = f"/api/v1/tickets/{TICKET}/accept/"
        return Records(
            tickets={TICKET: Ticket(TICKET, "completed", BORROWER, LENDER)},
            transitions={
                TICKET: [
                    Transition(TICKET, action, who, source, target)
                    for who, action, source, target in STEPS
                ]
            },
            payments={PAYMENT: Money(PAYMENT, BORROWER, Decimal(600_000), "paid")},
            withdrawals={WITHDRAWAL: Money(WITHDRAWAL, BORROWER, Decimal(20_000), "paid")},
            transfers=[Transfer(TRANSFER, BORROWER, LENDER, Decimal(10))],
            wallets={LENDER: Decimal(95_010), BORROWER: Decimal(379_990)},
            requests={RequestName(LENDER, "PATCH", accept, "a key"): Kept(200, BODY)},
            letters=Counter(
                {
                    (LENDER, "ticket_requested"): 1,
                    (BORROWER, "ticket_accepted"): 1,
                    (LENDER, "ticket_paid"): 1,
                    (BORROWER, "payment_paid"): 1,
                    (LENDER, "transfer_received"): 1,
                    (BORROWER, "withdrawal_asked"): 1,
                    (BORROWER, "withdrawal_paid"): 1,
                    (BORROWER, "email_verification"): 1,
                }
            ),
            events=Counter({TICKET: 2 * len(STEPS)}),
        )

    def found(self) -> list[judge.Fault]:
        return faults([self.lender, self.borrower], self.records)


def lose_the_ticket(world: World) -> None:
    del world.records.tickets[TICKET], world.records.transitions[TICKET]


def invent_a_ticket(world: World) -> None:
    name = uuid4()
    world.records.tickets[name] = Ticket(name, "pending", BORROWER, LENDER)
    request = Transition(name, "request", BORROWER, None, "pending")
    world.records.transitions[name] = [request]


def lose_a_step(world: World) -> None:
    del world.records.transitions[TICKET][4]


def double_a_step(world: World) -> None:
    world.records.transitions[TICKET].insert(2, world.records.transitions[TICKET][1])


def go_where_no_rule_leads(world: World) -> None:
    timeline = world.records.transitions[TICKET]
    timeline[3] = timeline[3]._replace(action="remind")


def leave_the_row_behind(world: World) -> None:
    world.records.tickets[TICKET] = world.records.tickets[TICKET]._replace(status="active")


def lose_the_payment(world: World) -> None:
    world.records.payments.clear()


def invent_a_payment(world: World) -> None:
    name = uuid4()
    world.records.payments[name] = Money(name, BORROWER, Decimal(10), "pending")


def forget_that_it_is_paid(world: World) -> None:
    world.records.payments[PAYMENT] = world.records.payments[PAYMENT]._replace(status="pending")


def credit_a_rial_less(world: World) -> None:
    row = world.records.payments[PAYMENT]
    world.records.payments[PAYMENT] = row._replace(amount=row.amount - 1)


def lose_the_withdrawal(world: World) -> None:
    world.records.withdrawals.clear()


def double_the_transfer(world: World) -> None:
    world.records.transfers.append(world.records.transfers[0]._replace(id=uuid4()))


def post_the_transfer_twice(world: World) -> None:
    world.records.transfers *= 2


def lose_the_transfer(world: World) -> None:
    world.records.transfers.clear()


def send_it_to_somebody_else(world: World) -> None:
    world.records.transfers[0] = world.records.transfers[0]._replace(receiver_id=uuid4())


def add_a_rial(world: World) -> None:
    world.records.wallets[BORROWER] += 1


def lose_a_wallet(world: World) -> None:
    del world.records.wallets[LENDER]


def forget_the_answer(world: World) -> None:
    world.records.requests.clear()


def answer_otherwise(world: World) -> None:
    [name] = world.records.requests
    world.records.requests[name] = Kept(200, BODY | {"status": "cancelled"})


def lose_a_letter(world: World) -> None:
    del world.records.letters[LENDER, "transfer_received"]


def write_twice(world: World) -> None:
    world.records.letters[BORROWER, "payment_paid"] += 1


def lose_an_event(world: World) -> None:
    world.records.events[TICKET] -= 1


WRONGS: dict[Callable[[World], None], str] = {
    lose_the_ticket: "timeline",
    invent_a_ticket: "timeline",
    lose_a_step: "timeline",
    double_a_step: "timeline",
    go_where_no_rule_leads: "timeline",
    leave_the_row_behind: "timeline",
    lose_the_payment: "payment",
    invent_a_payment: "payment",
    forget_that_it_is_paid: "payment",
    credit_a_rial_less: "payment",
    lose_the_withdrawal: "withdrawal",
    double_the_transfer: "transfer",
    post_the_transfer_twice: "transfer",
    lose_the_transfer: "transfer",
    send_it_to_somebody_else: "transfer",
    add_a_rial: "wallet",
    lose_a_wallet: "wallet",
    forget_the_answer: "answer",
    answer_otherwise: "answer",
    lose_a_letter: "letter",
    write_twice: "letter",
    lose_an_event: "events",
}


def test_what_is_as_it_was_told_is_right() -> None:
    assert World().found() == []


@pytest.mark.parametrize(
    ("falsify", "check"), WRONGS.items(), ids=lambda one: getattr(one, "__name__", one)
)
def test_a_wrong_is_found_by_the_check_that_is_for_it(
    falsify: Callable[[World], None], check: str
) -> None:
    world = World()

    falsify(world)

    found = world.found()
    assert any(check in fault.check for fault in found), found


def test_a_payment_that_was_never_opened_was_told_to_nobody() -> None:
    world = World()
    name = uuid4()
    world.records.payments[name] = Money(name, BORROWER, Decimal(10), "failed")
    closed = Write("POST", "/payments/initiate/", "key", 503, {}, 1, 0.0, 0.0, 0.1)
    world.borrower.writes.append(closed)

    assert world.found() == []


def test_a_fault_names_what_it_is_about() -> None:
    world = World()
    world.records.wallets[BORROWER] += 1

    [fault] = world.found()

    assert str(BORROWER) in str(fault)
    assert "379991" in str(fault)
    assert "379990" in str(fault)


def test_every_check_has_a_wrong_that_it_finds() -> None:
    assert all(any(word in check for word in WRONGS.values()) for check in judge.CHECKS)


def test_loans_are_counted_by_how_they_stand() -> None:
    assert judge.statuses(World().records)["completed"] == 1
