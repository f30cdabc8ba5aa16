"""What two may do to a loan at the same moment, and each outcome that is then legal."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal
from typing import Final

from activities.contracts.tickets import MovedTicket, MoveTicket
from activities.tickets import PostgresTicketSteps
from domain.asset import Handover
from domain.dispute import Division
from domain.ticket import Action, Stage, TicketStatus
from models.user import UserRole
from tests import given
from tests.given import DAY, NOW
from tests.lending import (
    CLAIM,
    COMMISSION,
    FEE,
    LONGER,
    SPLIT,
    WHOLE,
    Lending,
    Loan,
    Money,
)

NOTHING = Money()
DONE = "done"
ILLEGAL, TAKEN = "illegal_transition", "asset_unavailable"
_S, _A = TicketStatus, Action

Step = Callable[[PostgresTicketSteps], Awaitable[MovedTicket]]
Answers = tuple[str, str]


@dataclass(frozen=True)
class Left:
    """What is left of a loan when both steps have been taken: nothing else may have changed."""

    status: TicketStatus
    last: Action
    money: Money = NOTHING

    @property
    def is_waiting(self) -> bool:
        return self.status is TicketStatus.PENDING


@dataclass(frozen=True)
class Contest:
    """Two steps, the loans that they are about, and each outcome that some order leads to."""

    steps: tuple[Step, Step]
    loans: tuple[Loan, ...]
    legal: Mapping[Answers, tuple[Left, ...]]


Race = Callable[[Lending], Awaitable[Contest]]


def between(
    loan: Loan, first: MoveTicket, second: MoveTicket, legal: dict[Answers, Left]
) -> Contest:
    """Two actions on one loan."""
    endings = {answers: (left,) for answers, left in legal.items()}
    return Contest((moves(first), moves(second)), (loan,), endings)


def moves(command: MoveTicket) -> Step:
    return lambda steps: steps.move_ticket(command)


# What the escrow of a loan comes to.
PAID = Money(borrower=-WHOLE, escrow=WHOLE)
PAID_LONGER = Money(borrower=-WHOLE - LONGER, escrow=WHOLE + LONGER)
SETTLED = Money(lender=FEE - COMMISSION, borrower=-FEE, platform=COMMISSION)


async def accept_and_cancel(lending: Lending) -> Contest:
    loan = await lending.at(Stage.PENDING)
    cancelled = Left(_S.CANCELLED, _A.CANCEL)
    legal = {(DONE, DONE): cancelled, (ILLEGAL, DONE): cancelled}
    return between(loan, loan.command(_A.ACCEPT), loan.command(_A.CANCEL), legal)


async def pay_and_expire(lending: Lending) -> Contest:
    loan = await lending.at(Stage.ACCEPTED)
    at = (await loan.now()).deadline_at
    legal = {
        (DONE, ILLEGAL): Left(_S.ESCROW, _A.PAY, PAID),
        (ILLEGAL, DONE): Left(_S.CANCELLED, _A.EXPIRE),
    }
    return between(loan, loan.command(_A.PAY, at=at), loan.command(_A.EXPIRE, at=at), legal)


async def pay_and_cancel(lending: Lending) -> Contest:
    """Once it is handed over, which here is at once, it cannot be cancelled."""
    loan = await lending.at(Stage.ACCEPTED, handover=Handover.INSTANT)
    legal = {
        (DONE, ILLEGAL): Left(_S.ACTIVE, _A.HANDOVER, PAID),
        (ILLEGAL, DONE): Left(_S.CANCELLED, _A.CANCEL),
    }
    cancel = loan.command(_A.CANCEL, by=lending.lender)
    return between(loan, loan.command(_A.PAY), cancel, legal)


async def pay_and_cancel_before_the_hand_over(lending: Lending) -> Contest:
    loan = await lending.at(Stage.ACCEPTED)
    cancelled = Left(_S.CANCELLED, _A.CANCEL)
    legal = {(DONE, DONE): cancelled, (ILLEGAL, DONE): cancelled}
    cancel = loan.command(_A.CANCEL, by=lending.lender)
    return between(loan, loan.command(_A.PAY), cancel, legal)


async def complete_and_dispute(lending: Lending) -> Contest:
    loan = await lending.at(Stage.ACTIVE)
    legal = {
        (DONE, ILLEGAL): Left(_S.COMPLETED, _A.COMPLETE, SETTLED),
        (ILLEGAL, DONE): Left(_S.ACTIVE, _A.DISPUTE, PAID),
    }
    dispute = loan.command(_A.DISPUTE, by=lending.borrower)
    return between(loan, loan.command(_A.COMPLETE), dispute, legal)


async def extend_and_end(lending: Lending) -> Contest:
    """The lender takes up an offer in the moment in which the loan is over by itself."""
    loan = await lending.at(Stage.ACTIVE)
    at = (await loan.now()).deadline_at
    assert at
    await loan.take(_A.EXTEND, at=at - timedelta(hours=1))
    legal = {
        (DONE, ILLEGAL): Left(_S.ACTIVE, _A.ACCEPT_EXTENSION, PAID_LONGER),
        (ILLEGAL, DONE): Left(_S.COMPLETED, _A.COMPLETE, SETTLED),
    }
    accept = loan.command(_A.ACCEPT_EXTENSION, at=at)
    return between(loan, accept, loan.command(_A.COMPLETE, by=None, at=at), legal)


async def extend_and_lapse(lending: Lending) -> Contest:
    loan = await lending.at(Stage.OFFERED)
    at = NOW + DAY
    legal = {
        (DONE, ILLEGAL): Left(_S.ACTIVE, _A.ACCEPT_EXTENSION, PAID_LONGER),
        (ILLEGAL, DONE): Left(_S.ACTIVE, _A.LAPSE_EXTENSION, PAID),
    }
    accept = loan.command(_A.ACCEPT_EXTENSION, at=at)
    return between(loan, accept, loan.command(_A.LAPSE_EXTENSION, at=at), legal)


async def answer_a_claim_and_fall_silent(lending: Lending) -> Contest:
    loan = await lending.at(Stage.CLAIMED)
    at = (await loan.now()).deadline_at
    granted = Money(lender=CLAIM.claim, borrower=-CLAIM.claim)
    legal = {
        (DONE, ILLEGAL): Left(_S.ACTIVE, _A.CONTEST_CLAIM, PAID),
        (ILLEGAL, DONE): Left(_S.COMPLETED, _A.ACCEPT_CLAIM, granted),
    }
    contest = loan.command(_A.CONTEST_CLAIM, at=at)
    return between(loan, contest, loan.command(_A.ACCEPT_CLAIM, by=None, at=at), legal)


async def resolve_and_resolve(lending: Lending) -> Contest:
    """Two operators divide the escrow in different ways."""
    loan = await lending.at(Stage.CONTESTED)
    operator = await given.a_user(lending.steps.sessions, role=UserRole.OPERATOR)
    other = Division(to_lender=Decimal(1), to_borrower=WHOLE - 1)
    legal = {
        answers: Left(
            _S.COMPLETED,
            _A.RESOLVE,
            Money(lender=division.to_lender, borrower=division.to_borrower - WHOLE),
        )
        for answers, division in {(DONE, ILLEGAL): SPLIT, (ILLEGAL, DONE): other}.items()
    }
    second = loan.command(_A.RESOLVE, by=operator, terms=other)
    return between(loan, loan.command(_A.RESOLVE), second, legal)


async def two_borrowers_for_one_period(lending: Lending) -> Contest:
    loan = await lending.requested()
    rival = await next_to(lending, loan, days=-1)
    waits, has_it = Left(_S.PENDING, _A.REQUEST), Left(_S.ACCEPTED, _A.ACCEPT)
    steps = (moves(loan.command(_A.ACCEPT)), moves(rival.command(_A.ACCEPT)))
    legal = {(DONE, TAKEN): (has_it, waits), (TAKEN, DONE): (waits, has_it)}
    return Contest(steps, (loan, rival), legal)


async def a_longer_loan_and_the_next_borrower(lending: Lending) -> Contest:
    loan = await lending.at(Stage.OFFERED)
    following = await next_to(lending, loan)
    steps = (moves(loan.command(_A.ACCEPT_EXTENSION)), moves(following.command(_A.ACCEPT)))
    is_longer = Left(_S.ACTIVE, _A.ACCEPT_EXTENSION, PAID_LONGER)
    legal = {
        (DONE, TAKEN): (is_longer, Left(_S.PENDING, _A.REQUEST)),
        (TAKEN, DONE): (Left(_S.ACTIVE, _A.EXTEND, PAID), Left(_S.ACCEPTED, _A.ACCEPT)),
    }
    return Contest(steps, (loan, following), legal)


async def two_loans_that_become_longer_for_one_wallet(lending: Lending) -> Contest:
    """There is enough for one of them."""
    borrower = await given.a_user(lending.steps.sessions)
    await given.a_paid_payment(lending.steps.sessions, borrower, 2 * WHOLE + LONGER)
    loans = [await lending.at(Stage.OFFERED, borrower=borrower) for _ in range(2)]
    poor = "insufficient_funds"
    is_longer = Left(_S.ACTIVE, _A.ACCEPT_EXTENSION, PAID_LONGER)
    is_offered = Left(_S.ACTIVE, _A.EXTEND, PAID)
    first, second = (moves(loan.command(_A.ACCEPT_EXTENSION)) for loan in loans)
    legal = {(DONE, poor): (is_longer, is_offered), (poor, DONE): (is_offered, is_longer)}
    return Contest((first, second), tuple(loans), legal)


async def next_to(lending: Lending, loan: Loan, days: int = 0) -> Loan:
    """Somebody asks for the same asset, from the end of a loan or some days before it."""
    asset = given.an_asset(id=loan.ticket.asset_id, owner_id=loan.ticket.lender_id)
    starts_at = loan.ticket.ends_at + days * DAY
    return await lending.requested(asset=asset, starts_at=starts_at, ends_at=starts_at + 2 * DAY)


RACES: Final[dict[str, Race]] = {
    "accept/cancel": accept_and_cancel,
    "pay/expire": pay_and_expire,
    "pay/cancel": pay_and_cancel,
    "pay/cancel before the hand-over": pay_and_cancel_before_the_hand_over,
    "complete/dispute": complete_and_dispute,
    "extend/end": extend_and_end,
    "extend/lapse": extend_and_lapse,
    "contest/silence": answer_a_claim_and_fall_silent,
    "resolve/resolve": resolve_and_resolve,
    "two borrowers for one period": two_borrowers_for_one_period,
    "extend/next borrower": a_longer_loan_and_the_next_borrower,
    "extend/extend with one wallet": two_loans_that_become_longer_for_one_wallet,
}
