"""What people and the clock try with a loan: mostly what they may, and sometimes what is wrong."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal
from typing import Final
from uuid import UUID

from domain.actions import Terms
from domain.dispute import Claim, Division
from domain.extension import Offer
from domain.ticket import Action
from tests.properties.chance import mostly, pick
from tests.properties.loan import HOUR, Loan
from tests.properties.loans import LIFE

# After the moment of the command: now, past an offer, past a claim, past the end of all loans.
LATER: Final = (0, 0, 0, 12, 30, 80, 24 * 400)
TIMERS: Final = (0, 30, 80, 24 * 400)
# Hours more: within a day that is paid for, some days, and ends that no rule allows.
LONGER: Final = (6, 30, 48, 72, 72, 24 * 4, 24 * 9, 0, -24, 24 * 4000)
PARTS: Final = 16  # of the parts of an escrow that are tried, some lie at its edges
# What leads a loan on is tried more often than what ends it.
OFTEN: Final = {
    "accept": 5,
    "pay": 5,
    "handover": 4,
    "extend": 4,
    "accept_extension": 4,
    "decline_extension": 3,
    "lapse_extension": 3,
}


@dataclass(frozen=True)
class People:
    """Operators are also the first user, and the last one, who is not active."""

    users: Sequence[UUID]
    operators: Sequence[UUID]


def an_action(loan: Loan | None, how: int) -> Action:
    legal = [
        action
        for (stage, action) in LIFE
        if loan and stage == loan.stage
        for _ in range(OFTEN.get(action, 1))
    ]
    names = [action.value for action in Action if action is not Action.REQUEST]
    return Action(pick(mostly(legal, names, how), how // 8))


def an_actor(loan: Loan | None, action: Action, people: People, by: int) -> UUID | None:
    anybody = [*people.users, *people.operators, None]
    if loan is None:
        return pick(anybody, by)
    allowed = LIFE.get((loan.stage, action), ("", ""))[0].split()
    right = [who for who in anybody if loan.roles(who) & {*allowed}]
    return pick(mostly(right, anybody, by), by // 8)


def a_time(by: UUID | None, when: int) -> timedelta:
    return pick(LATER if by else TIMERS, when) * HOUR


def terms(loan: Loan | None, action: Action, what: int) -> Terms | None:
    """Say what an action has to be told; one time in sixteen nothing."""
    if loan is None or what % 16 == 0:
        return None
    number, rest = what // 16, what // 256
    match action:
        case Action.EXTEND:
            return Offer(loan.ends_at + pick(LONGER, number) * HOUR)
        case Action.DISPUTE:
            return Claim(_part(loan, number), "Scratched")
        case Action.RESOLVE:
            to_lender = _part(loan, number)
            lost = Decimal("0.01") if rest % 8 == 0 else 0
            return Division(to_lender, Decimal(loan.whole) / 100 - to_lender - lost)
    return None


def _part(loan: Loan, number: int) -> Decimal:
    """Return some part of the escrow: nothing, all of it, one hundredth too much."""
    match number % PARTS:
        case 0:
            return Decimal(0)
        case 1:
            return Decimal(loan.whole) / 100
        case 2:
            return Decimal(loan.whole + 1) / 100
        case _:
            return Decimal(1 + number % loan.whole) / 100
