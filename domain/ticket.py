"""What a ticket is: its states, who acts on it, and the values it carries.

Who may do what, when: domain/transitions.py. What that does: domain/actions.py.
"""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from typing import Final
from uuid import UUID

from domain.asset import Handover
from domain.cancellation import CancellationPolicy
from domain.dispute import Dispute, DisputeStatus
from domain.extension import Extension, ExtensionStatus
from domain.money import ZERO


class TicketStatus(StrEnum):
    PENDING = "pending"
    ACCEPTED = "accepted"
    ESCROW = "escrow"
    ACTIVE = "active"
    COMPLETED = "completed"
    CANCELLED = "cancelled"


CLOSED: Final = frozenset({TicketStatus.COMPLETED, TicketStatus.CANCELLED})
# These hold the asset's calendar; the database refuses two of them that overlap.
HOLDS_ASSET: Final = frozenset({TicketStatus.ACCEPTED, TicketStatus.ESCROW, TicketStatus.ACTIVE})


class Stage(StrEnum):
    """Where a ticket stands, as far as the rules care: an active one has four of them."""

    PENDING = "pending"
    ACCEPTED = "accepted"
    ESCROW = "escrow"
    ACTIVE = "active"
    OFFERED = "active, with an extension on offer"
    CLAIMED = "active, with a claim to answer"
    CONTESTED = "active, with a contested claim"
    COMPLETED = "completed"
    CANCELLED = "cancelled"


class Role(StrEnum):
    """What the one who acts is to this ticket. `system` is a timer or another workflow."""

    BORROWER = "borrower"
    LENDER = "lender"
    OPERATOR = "operator"
    SYSTEM = "system"


class Action(StrEnum):
    REQUEST = "request"
    ACCEPT = "accept"
    DECLINE = "decline"
    CANCEL = "cancel"
    PAY = "pay"
    HANDOVER = "handover"
    COMPLETE = "complete"
    EXTEND = "extend"
    ACCEPT_EXTENSION = "accept_extension"
    DECLINE_EXTENSION = "decline_extension"
    DISPUTE = "dispute"
    ACCEPT_CLAIM = "accept_claim"
    CONTEST_CLAIM = "contest_claim"
    RESOLVE = "resolve"
    REMIND = "remind"
    EXPIRE = "expire"
    LAPSE_EXTENSION = "lapse_extension"
    YIELD_ASSET = "yield_asset"  # another request for the same time was accepted


class CancelReason(StrEnum):
    DECLINED = "declined"
    WITHDRAWN = "withdrawn"
    EXPIRED = "expired"
    ASSET_TAKEN = "asset_taken"


@dataclass(frozen=True)
class Ticket:
    """A request to borrow and what became of it. Amounts in rials, times in UTC.

    Attributes:
        commission_bps: The platform's part of what the lender earns, in basis points.
        deadline_at: When the present state ends by itself; None once closed, and while an
            operator has to decide.
        daily_fee: The asset's price when it was asked for; an extension is charged by it, too.
        cancellation_version: Which terms the policy stands for; pinned by the acceptance.
        extension: The latest offer to lend for longer.
    """

    id: UUID
    asset_id: UUID
    borrower_id: UUID
    lender_id: UUID
    status: TicketStatus
    fee: Decimal
    deposit: Decimal
    commission_bps: int
    handover: Handover
    cancellation_policy: CancellationPolicy
    starts_at: datetime
    ends_at: datetime
    deadline_at: datetime | None
    cancel_reason: CancelReason | None
    note: str | None
    created_at: datetime
    updated_at: datetime
    daily_fee: Decimal = ZERO
    cancellation_version: int | None = None
    extension: Extension | None = None
    dispute: Dispute | None = None

    @property
    def stage(self) -> Stage:
        if self.status is not TicketStatus.ACTIVE:
            return Stage(self.status.value)
        if self.dispute:
            is_open = self.dispute.status is DisputeStatus.OPEN
            return Stage.CLAIMED if is_open else Stage.CONTESTED
        is_offered = self.extension and self.extension.status is ExtensionStatus.OFFERED
        return Stage.OFFERED if is_offered else Stage.ACTIVE

    @property
    def total(self) -> Decimal:
        """What the borrower pays into escrow, extensions included."""
        return self.fee + self.deposit

    @property
    def is_closed(self) -> bool:
        return self.status in CLOSED

    def role_of(self, user_id: UUID) -> Role | None:
        """Return what a user is to this ticket, or None for a stranger."""
        parties = {self.borrower_id: Role.BORROWER, self.lender_id: Role.LENDER}
        return parties.get(user_id)
