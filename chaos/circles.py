"""A few people who deal with each other alone, so that each knows what the wallet must hold."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from random import Random
from typing import Final

import httpx

from chaos import loans, wallets
from chaos.loans import CONFIRMED, Loan
from chaos.people import Person, UnexpectedError, at_once, join
from chaos.wallets import WayBack

PEOPLE: Final = 3
_FUNDS: Final = 20_000_000
_LOW: Final = 3_000_000


@dataclass
class Circle:
    """Does one thing after another, each of which may be several at once.

    Attributes:
        failure: What nobody should have been told, or what never came; it ends the circle.
    """

    people: list[Person]
    operator: Person
    gateway: httpx.AsyncClient
    chance: Random
    rounds: int = 0
    failure: str | None = None
    _left_open: list[Loan] = field(default_factory=list)

    async def live(self, goes_on: Callable[[], bool]) -> None:
        """Go on for as long as that is wanted, and finish what was begun."""
        try:
            while goes_on():
                await self._round()
        except UnexpectedError as failure:
            self.failure = str(failure)
        except httpx.HTTPError as failure:  # of the gateway, which nobody hurts
            self.failure = f"the gateway failed: {failure!r}"

    async def _round(self) -> None:
        for poor in [one for one in self.people if one.journal.balance < _LOW]:
            await wallets.top_up(poor, self.gateway, _FUNDS, WayBack.VISITED)
        for loan in self._left_open:  # nothing but their parties moves them
            await loan.is_seen_by(loan.lender)
        [deed] = self.chance.choices(list(DEEDS), list(DEEDS.values()))
        await deed(self)
        await self.count()
        self.rounds += 1

    async def count(self) -> None:
        await at_once(*(self._count(one) for one in self.people))

    @staticmethod
    async def _count(who: Person) -> None:
        """Hold a wallet to what its owner was told, to the rial."""
        seen = (await who.get("/wallet/"))["balance"]
        if seen != f"{who.journal.balance:.2f}":
            raise UnexpectedError(
                f"the wallet of {who.id} holds {seen}; by all that was acknowledged it is "
                f"{who.journal.balance:.2f}"
            )

    def two(self) -> tuple[Person, Person]:
        first, second = self.chance.sample(self.people, 2)
        return first, second

    def way(self) -> WayBack:
        return self.chance.choice(list(WayBack))

    # What people do.

    async def lend(self) -> None:
        """One to three whole loans at once."""
        pairs = [self.two() for _ in range(self.chance.randint(1, 3))]
        await at_once(*(self._whole(*pair) for pair in pairs))

    async def _whole(self, lender: Person, borrower: Person) -> None:
        loan = await self._accepted(lender, borrower)
        await loan.pay()
        await loan.complete()

    async def pay_by_gateway(self) -> None:
        loan = await self._accepted(*self.two())
        await wallets.pay_by_gateway(loan, self.gateway, self.way())
        await loan.complete()

    async def change_their_minds(self) -> None:
        """Four loans that end before they begin, each in its way."""
        declined, withdrawn = await self._asked(*self.two()), await self._asked(*self.two())
        accepted, raced = await self._accepted(*self.two()), await self._asked(*self.two())
        await at_once(
            declined.decline(),
            withdrawn.cancel(withdrawn.borrower),
            accepted.cancel(accepted.lender),
            raced.accept_and_cancel_at_once(),
        )

    async def hand_over(self) -> None:
        """A loan that begins when the borrower says so, or is given up by the lender before."""
        loan = await self._accepted(*self.two(), handover=CONFIRMED)
        await loan.pay()
        if self.chance.random() < 0.5:
            await loan.cancel(loan.lender)
            return
        await loan.hand_over()
        await loan.complete()

    async def compete(self) -> None:
        """Two want the same thing at the same time, and both are accepted at once."""
        lender, *others = self.chance.sample(self.people, PEOPLE)
        asset = await loans.asset_of(lender)
        rivals = await at_once(*(loans.asked(lender, one, asset) for one in others))
        winner = await loans.accept_one_of(rivals)
        await winner.pay_twice_at_once()
        await winner.complete()

    async def extend(self) -> None:
        loan = await self._accepted(*self.two())
        await loan.pay()
        await loan.extend(self.chance.randint(1, 3))
        await loan.complete()

    async def quarrel(self) -> None:
        loan = await self._accepted(*self.two())
        await loan.pay()
        claim = self.chance.randint(1, int(loan.total))
        await loan.dispute(claim)
        if self.chance.random() < 0.5:
            await loan.accept_claim(claim)
        else:
            await loan.contest(self.operator, self.chance.randint(0, int(loan.total)))

    async def leave_open(self) -> None:
        """A loan that nobody takes further: it must stay as it is."""
        lender, borrower = self.two()
        loan = await self._asked(lender, borrower)
        for step in (loan.accept, loan.pay)[: self.chance.randint(0, 2)]:
            await step()
        self._left_open.append(loan)

    async def top_up(self) -> None:
        who, other = self.two()
        amount = self.chance.randint(100_000, 900_000)
        await at_once(
            wallets.top_up(who, self.gateway, amount, self.way()),
            wallets.give_up(other, self.gateway, amount),
        )

    async def return_to_card(self) -> None:
        who = self.chance.choice(self.people)
        payment = await wallets.top_up(who, self.gateway, 250_000, WayBack.VISITED)
        await wallets.return_to_card(who, self.operator, payment)

    async def send(self) -> None:
        """Money in all directions at once, and then more than there is."""
        pairs = [self.two() for _ in range(self.chance.randint(3, 8))]
        await at_once(*(wallets.send(*pair, self.chance.randint(1, 20_000)) for pair in pairs))
        await wallets.overdraw(*self.two())

    async def withdraw(self) -> None:
        who, other = self.two()
        amount = self.chance.randint(10_000, 100_000)
        await at_once(
            wallets.withdraw(who, self.operator, amount, is_approved=True),
            wallets.withdraw(other, self.operator, amount, is_approved=False),
        )

    async def _asked(self, lender: Person, borrower: Person, handover: str = loans.INSTANT) -> Loan:
        asset = await loans.asset_of(lender, handover=handover)
        return await loans.asked(lender, borrower, asset)

    async def _accepted(
        self, lender: Person, borrower: Person, handover: str = loans.INSTANT
    ) -> Loan:
        loan = await self._asked(lender, borrower, handover)
        await loan.accept()
        return loan


# How often each is done, beside the others.
DEEDS: Final[dict[Callable[[Circle], Awaitable[None]], int]] = {
    Circle.lend: 6,
    Circle.pay_by_gateway: 3,
    Circle.change_their_minds: 2,
    Circle.hand_over: 2,
    Circle.compete: 2,
    Circle.extend: 2,
    Circle.quarrel: 2,
    Circle.leave_open: 1,
    Circle.top_up: 3,
    Circle.return_to_card: 1,
    Circle.send: 4,
    Circle.withdraw: 2,
}


async def meet(
    http: httpx.AsyncClient, gateway: httpx.AsyncClient, operator: Person, chance: Random
) -> Circle:
    """Let people join and fill their wallets, in peace."""
    people = [await join(http, f"chaos{number}") for number in range(PEOPLE)]
    await at_once(*(wallets.top_up(one, gateway, _FUNDS, WayBack.VISITED) for one in people))
    return Circle(people, operator, gateway, chance)
