"""One of the model's tickets: what is remembered of it, and what it looks like from outside."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from domain.asset import Asset
from domain.plan import LoanRequest

HOUR = timedelta(hours=1)


@dataclass
class Longer:
    """An offer to lend for longer."""

    number: int
    ends_at: datetime
    fee: int
    expires_at: datetime
    status: str = "offered"


@dataclass
class Quarrel:
    """A claim on the escrow, and what became of it."""

    opened_by: UUID
    claim: int
    status: str = "open"
    to_lender: int | None = None
    to_borrower: int | None = None


@dataclass
class Loan:
    wish: LoanRequest
    asset: Asset
    fee: int
    deposit: int
    ends_at: datetime
    status: str = "pending"
    cancel_reason: str | None = None
    deadline_at: datetime | None = None
    cancellation_version: int | None = None
    offer: Longer | None = None
    quarrel: Quarrel | None = None

    @property
    def whole(self) -> int:
        return self.fee + self.deposit

    @property
    def is_open(self) -> bool:
        return self.status not in ("completed", "cancelled")

    @property
    def stage(self) -> str:
        if self.status != "active":
            return self.status
        if self.quarrel:
            return "claimed" if self.quarrel.status == "open" else "contested"
        return "offered" if self.offer and self.offer.status == "offered" else "active"

    def roles(self, by: UUID | None) -> set[str]:
        """Return as what somebody acts. `other` answers a claim; a stranger may be an operator."""
        if by is None:
            return {"clock"}
        role = {self.wish.borrower_id: "borrower", self.asset.owner_id: "lender"}.get(by)
        if role is None:
            return {"operator"}
        return {role} if self.quarrel and self.quarrel.opened_by == by else {role, "other"}

    def overlaps(self, asset_id: UUID, starts_at: datetime, ends_at: datetime) -> bool:
        same = self.wish.asset_id == asset_id
        return same and self.wish.starts_at < ends_at and starts_at < self.ends_at

    def price_until(self, ends_at: datetime) -> int:
        """A day that was begun costs as much as a whole one."""
        days = -((self.wish.starts_at - ends_at) // (24 * HOUR))
        return int(self.asset.daily_fee * 100) * days

    def close_offer(self, status: str) -> None:
        if self.offer and self.offer.status == "offered":
            self.offer.status = status

    def set_deadline(self, at: datetime) -> None:
        """Say when the stage that began at `at` ends by itself."""
        starts_at, ends_at = self.wish.starts_at, self.ends_at
        self.deadline_at = {
            "pending": min(at + 48 * HOUR, starts_at if starts_at > at else ends_at),
            "accepted": min(at + 24 * HOUR, ends_at),
            "escrow": max(at, starts_at) + 24 * HOUR,
            "active": ends_at + 48 * HOUR,
            "offered": ends_at + 48 * HOUR,
            "claimed": at + 72 * HOUR,
        }.get(self.stage)

    @property
    def shown(self) -> dict[str, Any]:
        """Everything that is compared, under the names of the columns."""
        parts = {"extension": self.offer, "dispute": self.quarrel}
        of_parts = {
            f"{part}_{name}": held and getattr(held, name)
            for part, held in parts.items()
            for name in OF_PARTS[part]
        }
        return {name: getattr(self, name) for name in OWN} | of_parts


OWN = ("status", "cancel_reason", "fee", "ends_at", "deadline_at", "cancellation_version")
OF_PARTS = {
    "extension": ("number", "status", "ends_at", "fee", "expires_at"),
    "dispute": ("status", "opened_by", "claim", "to_lender", "to_borrower"),
}
COMPARED = (*OWN, *(f"{part}_{name}" for part, names in OF_PARTS.items() for name in names))
