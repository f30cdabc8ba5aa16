"""The model's tickets: what each action should lead to, told again and apart from the domain."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from uuid import UUID

from activities.contracts import MoveTicket
from domain.asset import Asset, Handover
from domain.plan import LoanRequest
from tests.properties.books import REVENUE, Account, Books, Refused, escrow, wallet

HOUR = timedelta(hours=1)
COMMISSION_BPS = 500
HOLDING = ("accepted", "escrow", "active")
# (status, action) → who may take it, and where it leads.
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
}
AT_DEADLINE = {"pending": "expire", "accepted": "expire", "escrow": "expire", "active": "complete"}
# How long before the start a borrower's cancel costs, and what part of the fee.
PENALTIES = {"flexible": (0 * HOUR, 0), "moderate": (24 * HOUR, 50), "strict": (48 * HOUR, 100)}


@dataclass
class Loan:
    wish: LoanRequest
    asset: Asset
    fee: int
    deposit: int
    status: str = "pending"
    reason: str | None = None
    deadline: datetime | None = None

    def role(self, by: UUID | None) -> str:
        if by is None:
            return "clock"
        return {self.wish.borrower_id: "borrower", self.asset.owner_id: "lender"}.get(
            by, "stranger"
        )

    def overlaps(self, other: LoanRequest) -> bool:
        wish = self.wish
        same = wish.asset_id == other.asset_id
        return same and wish.starts_at < other.ends_at and other.starts_at < wish.ends_at

    def enter(self, status: str, at: datetime) -> None:
        if status == self.status and self.deadline:
            return
        self.status, wish = status, self.wish
        begins = wish.starts_at if wish.starts_at > at else wish.ends_at
        self.deadline = {
            "pending": min(at + 48 * HOUR, begins),
            "accepted": min(at + 24 * HOUR, wish.ends_at),
            "escrow": max(at, wish.starts_at) + 24 * HOUR,
            "active": wish.ends_at + 48 * HOUR,
        }.get(status)


@dataclass
class Loans:
    books: Books
    assets: dict[UUID, Asset]
    known: dict[UUID, Loan] = field(default_factory=dict)
    done: set[tuple[UUID, str]] = field(default_factory=set)

    def open(self, wish: LoanRequest) -> object:
        if wish.ticket_id not in self.known:
            asset = self.assets[wish.asset_id]
            if asset.owner_id == wish.borrower_id:
                raise Refused("own_asset")
            if any(self._held(wish)):
                raise Refused("asset_unavailable")
            days = -((wish.starts_at - wish.ends_at) // (24 * HOUR))
            fee, deposit = int(asset.daily_fee * 100) * days, int(asset.deposit * 100)
            loan = self.known[wish.ticket_id] = Loan(wish, asset, fee, deposit)
            loan.enter("pending", wish.at)
        return self.known[wish.ticket_id].status, frozenset[UUID]()

    def move(self, command: MoveTicket) -> object:
        loan = self.known.get(command.ticket_id)
        if loan is None:
            raise Refused("not_found")
        mark = (command.ticket_id, command.command_id)
        if mark not in self.done:
            self._take(loan, command)
            self.done.add(mark)
        accepting = command.action == "accept" and loan.status in HOLDING
        return loan.status, frozenset(self._rivals(loan) if accepting else ())

    def _take(self, loan: Loan, command: MoveTicket) -> None:
        action, role = str(command.action), loan.role(command.by)
        who, target = LIFE.get((loan.status, action), ("", ""))
        if role not in who.split():
            raise Refused(_refusal(loan, action, role))
        early = loan.deadline is not None and command.at < loan.deadline
        if role == "clock" and AT_DEADLINE.get(loan.status) == action and early:
            raise Refused("illegal_transition")
        if action == "accept" and any(other is not loan for other in self._held(loan.wish)):
            raise Refused("asset_unavailable")
        self._pay(loan, action, role, command.at)
        reasons = {"decline": "declined", "cancel": "withdrawn", "yield_asset": "asset_taken"}
        if target == "cancelled":
            loan.reason = reasons.get(action, "expired")
        if target == "escrow" and loan.asset.handover is Handover.INSTANT:
            target = "active"
        loan.enter(target, command.at)

    def _pay(self, loan: Loan, action: str, role: str, at: datetime) -> None:
        key, whole = f"ticket:{loan.wish.ticket_id}", loan.fee + loan.deposit
        held, borrower = escrow(loan.wish.ticket_id), wallet(loan.wish.borrower_id)
        if action == "pay":
            self.books.send(f"{key}:pay", "ticket_payment", key, (borrower, held), whole)
            return
        if action == "complete":
            kind, earned = "release", loan.fee
        elif loan.status == "escrow" and action in ("cancel", "expire"):
            kind, earned = "refund", self._penalty(loan, at) if role == "borrower" else 0
        else:
            return
        commission = earned * COMMISSION_BPS // 10_000
        shares: dict[Account, int] = {
            held: -whole,
            wallet(loan.asset.owner_id): earned - commission,
            REVENUE: commission,
            borrower: whole - earned,
        }
        self.books.move(f"{key}:settle", kind, key, shares)

    def _penalty(self, loan: Loan, at: datetime) -> int:
        window, percent = PENALTIES[loan.asset.cancellation_policy]
        return loan.fee * percent // 100 if at > loan.wish.starts_at - window else 0

    def _held(self, wish: LoanRequest) -> Iterator[Loan]:
        known = self.known.values()
        return (loan for loan in known if loan.status in HOLDING and loan.overlaps(wish))

    def _rivals(self, loan: Loan) -> Iterator[UUID]:
        for ticket_id, other in self.known.items():
            if other.status == "pending" and other.overlaps(loan.wish):
                yield ticket_id


def _refusal(loan: Loan, action: str, role: str) -> str:
    if not any(role in who.split() for (_, named), (who, _) in LIFE.items() if named == action):
        return "forbidden"
    if action == "accept" and loan.reason == "asset_taken":
        return "asset_unavailable"
    return "illegal_transition"
