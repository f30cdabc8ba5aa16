"""The model's tickets: what each action should lead to, told again and apart from the domain."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, TypeVar
from uuid import UUID

from activities.contracts.tickets import MoveTicket
from domain.asset import Asset, Handover
from domain.dispute import Claim, Division
from domain.extension import Offer
from domain.plan import LoanRequest
from tests.properties.books import REVENUE, Account, Books, Refused, escrow, wallet
from tests.properties.loan import HOUR, Loan, Longer, Quarrel

Told = TypeVar("Told", Offer, Claim, Division)
COMMISSION_BPS = 500
HOLDING = ("accepted", "escrow", "active")
# (stage, action) → who may take it, and the status it leads to.
LIFE = {
    ("pending", "accept"): ("lender", "accepted"),
    ("pending", "decline"): ("lender", "cancelled"),
    ("pending", "cancel"): ("borrower", "cancelled"),
    ("pending", "expire"): ("clock", "cancelled"),
    ("pending", "yield_asset"): ("clock", "cancelled"),
    ("accepted", "pay"): ("borrower", "escrow"),
    ("accepted", "cancel"): ("borrower lender", "cancelled"),
    ("accepted", "expire"): ("clock", "cancelled"),
    ("escrow", "handover"): ("borrower clock", "active"),
    ("escrow", "cancel"): ("borrower lender", "cancelled"),
    ("escrow", "expire"): ("clock", "cancelled"),
    ("active", "complete"): ("lender clock", "completed"),
    ("active", "remind"): ("clock", "active"),
    ("active", "extend"): ("borrower", "active"),
    ("active", "dispute"): ("borrower lender", "active"),
    ("offered", "complete"): ("lender clock", "completed"),
    ("offered", "remind"): ("clock", "active"),
    ("offered", "accept_extension"): ("lender", "active"),
    ("offered", "decline_extension"): ("lender", "active"),
    ("offered", "lapse_extension"): ("clock", "active"),
    ("offered", "dispute"): ("borrower lender", "active"),
    ("claimed", "accept_claim"): ("other clock", "completed"),
    ("claimed", "contest_claim"): ("other", "active"),
    ("contested", "resolve"): ("operator", "completed"),
}
AT_DEADLINE = {
    "pending": "expire",
    "accepted": "expire",
    "escrow": "expire",
    "active": "complete",
    "offered": "complete",
    "claimed": "accept_claim",
}
REASONS = {
    "decline": "declined",
    "cancel": "withdrawn",
    "expire": "expired",
    "yield_asset": "asset_taken",
}
# How long before the start a borrower's cancel costs, and what part of the fee.
PENALTIES = {"flexible": (0 * HOUR, 0), "moderate": (24 * HOUR, 50), "strict": (48 * HOUR, 100)}
TERMS_VERSION = 1
LONGEST = 3650 * 24 * HOUR


@dataclass
class Loans:
    books: Books
    assets: dict[UUID, Asset]
    operators: frozenset[UUID]
    known: dict[UUID, Loan] = field(default_factory=dict)
    done: set[tuple[UUID, str]] = field(default_factory=set)

    def open(self, wish: LoanRequest) -> object:
        if wish.ticket_id not in self.known:
            asset = self.assets[wish.asset_id]
            if asset.owner_id == wish.borrower_id:
                raise Refused("own_asset")
            if any(self._held(wish.asset_id, wish.starts_at, wish.ends_at)):
                raise Refused("asset_unavailable")
            loan = Loan(wish, asset, 0, int(asset.deposit * 100), wish.ends_at)
            loan.fee = loan.price_until(wish.ends_at)
            loan.set_deadline(wish.at)
            self.known[wish.ticket_id] = loan
        return self.known[wish.ticket_id].status, frozenset[UUID]()

    @property
    def shown(self) -> dict[Any, object]:
        """Return each field of each ticket, so that a difference names what differs."""
        return {
            (key, name): value
            for key, loan in self.known.items()
            for name, value in loan.shown.items()
        }

    def move(self, command: MoveTicket) -> object:
        loan = self.known.get(command.ticket_id)
        if loan is None:
            raise Refused("not_found")
        mark = (command.ticket_id, command.command_id)
        if mark not in self.done:
            self._take(loan, command)
            self.done.add(mark)
        is_taking = command.action in ("accept", "accept_extension") and loan.status in HOLDING
        return loan.status, frozenset(self._rivals(loan) if is_taking else ())

    def _take(self, loan: Loan, command: MoveTicket) -> None:
        action, roles = str(command.action), loan.roles(command.by)
        who, target = LIFE.get((loan.stage, action), ("", ""))
        if not roles & set(who.split()):
            raise Refused(_refusal(loan, action, roles))
        if command.by is None and command.at < _due(loan, action):
            raise Refused("illegal_transition")
        if change := self._changes().get(action):
            change(loan, command)
        if target == "escrow" and loan.asset.handover is Handover.INSTANT:
            target = "active"
        loan.status = target
        loan.set_deadline(command.at)

    def _changes(self) -> dict[str, Callable[[Loan, MoveTicket], None]]:
        """Return what an action does beside the status. It refuses before it changes anything."""
        return {
            "accept": self._accept,
            "pay": self._pay,
            "complete": self._complete,
            "extend": self._extend,
            "accept_extension": self._lengthen,
            "decline_extension": lambda loan, _: loan.close_offer("declined"),
            "lapse_extension": lambda loan, _: loan.close_offer("lapsed"),
            "dispute": self._dispute,
            "accept_claim": self._grant,
            "contest_claim": self._contest,
            "resolve": self._resolve,
            **dict.fromkeys(REASONS, self._cancel),
        }

    def _accept(self, loan: Loan, _: MoveTicket) -> None:
        wish = loan.wish
        if any(self._held(wish.asset_id, wish.starts_at, wish.ends_at)):
            raise Refused("asset_unavailable")
        loan.cancellation_version = TERMS_VERSION

    def _pay(self, loan: Loan, _: MoveTicket) -> None:
        self._put_in(loan, "pay", loan.whole)

    def _cancel(self, loan: Loan, command: MoveTicket) -> None:
        loan.cancel_reason = REASONS[command.action]
        if loan.status == "escrow":
            is_borrower = command.by == loan.wish.borrower_id
            self._earn(loan, "refund", _penalty(loan, command.at) if is_borrower else 0)

    def _complete(self, loan: Loan, _: MoveTicket) -> None:
        loan.close_offer("lapsed")
        self._earn(loan, "release", loan.fee)

    # Lending for longer.

    def _extend(self, loan: Loan, command: MoveTicket) -> None:
        ends_at, starts_at = _told(command, Offer).ends_at, loan.wish.starts_at
        if ends_at <= max(loan.ends_at, command.at) or ends_at > starts_at + LONGEST:
            raise Refused("validation_error")
        if any(self._held(loan.wish.asset_id, loan.ends_at, ends_at)):
            raise Refused("asset_unavailable")
        assert loan.deadline_at
        number = loan.offer.number + 1 if loan.offer else 1
        fee = loan.price_until(ends_at) - loan.fee
        loan.offer = Longer(number, ends_at, fee, min(command.at + 24 * HOUR, loan.deadline_at))

    def _lengthen(self, loan: Loan, _: MoveTicket) -> None:
        assert loan.offer
        if self.books.balances[wallet(loan.wish.borrower_id)] < loan.offer.fee:
            raise Refused("insufficient_funds")
        if any(self._held(loan.wish.asset_id, loan.ends_at, loan.offer.ends_at)):
            raise Refused("asset_unavailable")
        if loan.offer.fee:
            self._put_in(loan, f"extend:{loan.offer.number}", loan.offer.fee)
        loan.fee, loan.ends_at = loan.fee + loan.offer.fee, loan.offer.ends_at
        loan.close_offer("accepted")

    # Quarrels.

    def _dispute(self, loan: Loan, command: MoveTicket) -> None:
        claim = int(_told(command, Claim).claim * 100)
        if not 0 < claim <= loan.whole:
            raise Refused("validation_error")
        assert command.by
        loan.close_offer("lapsed")
        loan.quarrel = Quarrel(command.by, claim)

    def _contest(self, loan: Loan, _: MoveTicket) -> None:
        assert loan.quarrel
        loan.quarrel.status = "contested"

    def _grant(self, loan: Loan, _: MoveTicket) -> None:
        assert loan.quarrel
        claim, is_lenders = loan.quarrel.claim, loan.quarrel.opened_by == loan.asset.owner_id
        self._divide(loan, "accepted", claim if is_lenders else loan.whole - claim)

    def _resolve(self, loan: Loan, command: MoveTicket) -> None:
        division = _told(command, Division)
        to_lender, to_borrower = int(division.to_lender * 100), int(division.to_borrower * 100)
        if to_lender < 0 or to_borrower < 0 or to_lender + to_borrower != loan.whole:
            raise Refused("validation_error")
        if command.by not in self.operators:
            raise Refused("forbidden")
        self._divide(loan, "resolved", to_lender)

    def _divide(self, loan: Loan, status: str, to_lender: int) -> None:
        """Settle as the two agreed, or were told: the platform takes no part of it."""
        assert loan.quarrel
        to_borrower = loan.whole - to_lender
        loan.quarrel.status = status
        loan.quarrel.to_lender, loan.quarrel.to_borrower = to_lender, to_borrower
        self._settle(loan, "release", to_lender, 0)

    # Money.

    def _put_in(self, loan: Loan, name: str, amount: int) -> None:
        ref, held = f"ticket:{loan.wish.ticket_id}", escrow(loan.wish.ticket_id)
        path = (wallet(loan.wish.borrower_id), held)
        self.books.send(f"{ref}:{name}", "ticket_payment", ref, path, amount)

    def _earn(self, loan: Loan, kind: str, earned: int) -> None:
        commission = earned * COMMISSION_BPS // 10_000
        self._settle(loan, kind, earned - commission, commission)

    def _settle(self, loan: Loan, kind: str, to_lender: int, commission: int) -> None:
        ref = f"ticket:{loan.wish.ticket_id}"
        shares: dict[Account, int] = {
            escrow(loan.wish.ticket_id): -loan.whole,
            wallet(loan.asset.owner_id): to_lender,
            REVENUE: commission,
            wallet(loan.wish.borrower_id): loan.whole - to_lender - commission,
        }
        self.books.move(f"{ref}:settle", kind, ref, shares)

    # The calendar.

    def _held(self, asset_id: UUID, starts_at: datetime, ends_at: datetime) -> Iterator[Loan]:
        for loan in self.known.values():
            if loan.status in HOLDING and loan.overlaps(asset_id, starts_at, ends_at):
                yield loan

    def _rivals(self, loan: Loan) -> Iterator[UUID]:
        for ticket_id, other in self.known.items():
            period = (loan.wish.asset_id, loan.wish.starts_at, loan.ends_at)
            if other.status == "pending" and other is not loan and other.overlaps(*period):
                yield ticket_id


def _due(loan: Loan, action: str) -> datetime:
    """Return before when the clock may not take an action."""
    due = loan.deadline_at if AT_DEADLINE.get(loan.stage) == action else None
    if action == "lapse_extension" and loan.offer:
        due = loan.offer.expires_at
    return due or loan.wish.at


def _penalty(loan: Loan, at: datetime) -> int:
    window, percent = PENALTIES[loan.asset.cancellation_policy]
    return loan.fee * percent // 100 if at > loan.wish.starts_at - window else 0


def _told(command: MoveTicket, kind: type[Told]) -> Told:
    if not isinstance(command.terms, kind):
        raise Refused("validation_error")
    return command.terms


def _refusal(loan: Loan, action: str, roles: set[str]) -> str:
    if not any(
        roles & set(who.split()) for (_, named), (who, _) in LIFE.items() if named == action
    ):
        return "forbidden"
    if action == "accept" and loan.cancel_reason == "asset_taken":
        return "asset_unavailable"
    return (
        "offer_pending" if (loan.stage, action) == ("offered", "extend") else "illegal_transition"
    )
