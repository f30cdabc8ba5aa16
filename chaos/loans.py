"""Loans between two people, each way in which one can go, with the money that each must move."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Final

from chaos.journal import Json
from chaos.people import Person, UnexpectedError, at_once

INSTANT: Final = "instant"
CONFIRMED: Final = "confirmed"
_TOO_LATE: Final = frozenset({"illegal_transition"})
_TAKEN: Final = frozenset({"illegal_transition", "asset_unavailable"})


@dataclass
class Loan:
    """One ticket, as the last acknowledged answer about it shows it."""

    lender: Person
    borrower: Person
    ticket: Json

    @property
    def path(self) -> str:
        return f"/tickets/{self.ticket['id']}"

    @property
    def total(self) -> Decimal:
        return Decimal(self.ticket["total"])

    # What people do. Each notes what it must do to the wallets.

    async def accept(self) -> None:
        await self._move(self.lender, "accept", "accepted")

    async def decline(self) -> None:
        await self._move(self.lender, "decline", "cancelled")

    async def cancel(self, who: Person) -> None:
        """Before anything is paid, or by the lender: then everything goes back."""
        was_paid = self.ticket["status"] == "escrow"
        await self._move(who, "cancel", "cancelled")
        if was_paid:
            self.borrower.journal.balance += self.total

    async def pay(self) -> None:
        await self._move(self.borrower, "pay", "active", "escrow")
        self.borrower.journal.balance -= self.total

    async def hand_over(self) -> None:
        await self._move(self.borrower, "handover", "active")

    async def complete(self) -> None:
        await self._move(self.lender, "complete", "completed")
        earned = Decimal(self.ticket["fee"]) - Decimal(self.ticket["commission"])
        self.lender.journal.balance += earned
        self.borrower.journal.balance += Decimal(self.ticket["deposit"])

    async def extend(self, days: int) -> None:
        end = datetime.fromisoformat(self.ticket["ends_at"]) + timedelta(days=days)
        wish = {"ends_at": end.isoformat()}
        self._keep(
            self.borrower, "extend", await self.borrower.post(f"{self.path}/extension/", wish)
        )
        price = Decimal(self.ticket["extension"]["fee"])
        answer = await self.lender.patch(f"{self.path}/extension/answer/", {"answer": "accept"})
        self._keep(self.lender, "accept_extension", answer)
        self.borrower.journal.balance -= price

    async def dispute(self, claim: int) -> None:
        wish = {"reason": "It came back scratched.", "claim": claim}
        answer = await self.lender.post(f"{self.path}/dispute/", wish)
        self._keep(self.lender, "dispute", answer)

    async def accept_claim(self, claim: int) -> None:
        answer = await self.borrower.patch(f"{self.path}/dispute/answer/", {"answer": "accept"})
        self._keep(self.borrower, "accept_claim", answer, "completed")
        self._divide(Decimal(claim))

    async def contest(self, operator: Person, to_lender: int) -> None:
        """Contest a claim, and have an operator divide the escrow."""
        answer = await self.borrower.patch(f"{self.path}/dispute/answer/", {"answer": "contest"})
        self._keep(self.borrower, "contest_claim", answer)
        rest = self.total - to_lender
        parts = {"to_lender": str(to_lender), "to_borrower": str(rest), "note": "It is small."}
        answer = await operator.patch(f"{self.path}/dispute/resolve/", parts)
        self._keep(operator, "resolve", answer, "completed")
        self._divide(Decimal(to_lender))

    def _divide(self, to_lender: Decimal) -> None:
        self.lender.journal.balance += to_lender
        self.borrower.journal.balance += self.total - to_lender

    # What happens at the same time, so that one of them is refused.

    async def accept_and_cancel_at_once(self) -> None:
        """Whichever is first, the borrower may still cancel: the end is the same."""
        accepting = self.lender.patch(f"{self.path}/accept/", refusals=_TOO_LATE)
        cancelling = self.borrower.patch(f"{self.path}/cancel/")
        accepted, cancelled = await at_once(accepting, cancelling)
        if "code" not in accepted:
            self._keep(self.lender, "accept", accepted, "accepted")
        self._keep(self.borrower, "cancel", cancelled, "cancelled")

    async def pay_twice_at_once(self) -> None:
        path = f"{self.path}/pay/"
        tries = (self.borrower.patch(path, refusals=_TOO_LATE) for _ in range(2))
        self._keep(self.borrower, "pay", the_one(await at_once(*tries)), "active")
        self.borrower.journal.balance -= self.total

    # What is seen.

    async def is_seen_by(self, who: Person) -> None:
        """Hold a read to what was acknowledged before it."""
        seen = await who.get(f"{self.path}/")
        if seen["status"] != self.ticket["status"]:
            raise UnexpectedError(
                f"ticket {self.ticket['id']} is read as {seen['status']} "
                f"after it was acknowledged as {self.ticket['status']}"
            )

    async def _move(self, who: Person, action: str, *statuses: str) -> None:
        self._keep(who, action, await who.patch(f"{self.path}/{action}/"), *statuses)
        await self.is_seen_by(self.borrower if who is self.lender else self.lender)

    def _keep(self, who: Person, action: str, answer: Json, *statuses: str) -> None:
        if answer["status"] not in (statuses or ("active",)):
            raise UnexpectedError(f"after {action} ticket {answer['id']} is {answer['status']}")
        self.ticket = answer
        who.journal.stepped(answer, action)


async def asset_of(lender: Person, *, handover: str = INSTANT) -> Json:
    terms = {
        "title": "Drill",
        "daily_fee": 100_000,
        "deposit": 500_000,
        "max_days": 30,
        "handover": handover,
    }
    return await lender.post("/assets/", terms)


async def asked(lender: Person, borrower: Person, asset: Json) -> Loan:
    """A request to borrow it for a day."""
    wish = {"asset_id": asset["id"], "days": 1}
    ticket = await borrower.post("/tickets/", wish)
    borrower.journal.stepped(ticket, "request")
    return Loan(lender, borrower, ticket)


async def accept_one_of(rivals: Collection[Loan]) -> Loan:
    """Accept all requests for one asset at once: the calendar has room for one of them."""
    tries = (loan.lender.patch(f"{loan.path}/accept/", refusals=_TAKEN) for loan in rivals)
    winner = the_one(await at_once(*tries))
    [loan] = [one for one in rivals if one.ticket["id"] == winner["id"]]
    loan.lender.journal.stepped(winner, "accept")
    loan.ticket = winner
    return loan


def the_one(answers: Collection[Json]) -> Json:
    """Return the only answer that is no refusal."""
    taken = [answer for answer in answers if "code" not in answer]
    if len(taken) != 1:
        raise UnexpectedError(f"of {len(answers)} rivals {len(taken)} were acknowledged: {answers}")
    return taken[0]
