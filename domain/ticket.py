"""The life of a ticket. TABLE is the only place that knows who may do what, when.

The workflow, the API's `allowed_actions` and the tests all read it. What each action does to
the money and the deadline is in domain/plan.py.
"""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from typing import Final
from uuid import UUID

from domain.asset import Handover
from domain.cancellation import CancellationPolicy
from domain.errors import AssetUnavailable, DomainError, Forbidden, IllegalTransition


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


class Role(StrEnum):
    """What the one who acts is to this ticket. `system` is a timer or another workflow."""

    BORROWER = "borrower"
    LENDER = "lender"
    SYSTEM = "system"


class Action(StrEnum):
    REQUEST = "request"
    ACCEPT = "accept"
    DECLINE = "decline"
    CANCEL = "cancel"
    PAY = "pay"
    HANDOVER = "handover"
    COMPLETE = "complete"
    REMIND = "remind"
    EXPIRE = "expire"
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
        deadline_at: When the present status ends by itself; None once closed.
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

    @property
    def total(self) -> Decimal:
        """What the borrower pays into escrow."""
        return self.fee + self.deposit

    @property
    def is_closed(self) -> bool:
        return self.status in CLOSED

    def role_of(self, user_id: UUID) -> Role | None:
        """Return what a user is to this ticket, or None for a stranger."""
        parties = {self.borrower_id: Role.BORROWER, self.lender_id: Role.LENDER}
        return parties.get(user_id)


@dataclass(frozen=True)
class Rule:
    """One row of the table: where an action leads and who may take it."""

    target: TicketStatus
    who: frozenset[Role]


def _rule(target: TicketStatus, *who: Role) -> Rule:
    return Rule(target, frozenset(who))


_S, _R = TicketStatus, Role
TABLE: Final[dict[tuple[TicketStatus, Action], Rule]] = {
    (_S.PENDING, Action.ACCEPT): _rule(_S.ACCEPTED, _R.LENDER),
    (_S.PENDING, Action.DECLINE): _rule(_S.CANCELLED, _R.LENDER),
    (_S.PENDING, Action.CANCEL): _rule(_S.CANCELLED, _R.BORROWER),
    (_S.PENDING, Action.EXPIRE): _rule(_S.CANCELLED, _R.SYSTEM),
    (_S.PENDING, Action.YIELD_ASSET): _rule(_S.CANCELLED, _R.SYSTEM),
    (_S.ACCEPTED, Action.PAY): _rule(_S.ESCROW, _R.BORROWER),
    (_S.ACCEPTED, Action.CANCEL): _rule(_S.CANCELLED, _R.BORROWER, _R.LENDER),
    (_S.ACCEPTED, Action.EXPIRE): _rule(_S.CANCELLED, _R.SYSTEM),
    (_S.ESCROW, Action.HANDOVER): _rule(_S.ACTIVE, _R.BORROWER, _R.SYSTEM),
    (_S.ESCROW, Action.CANCEL): _rule(_S.CANCELLED, _R.BORROWER, _R.LENDER),
    (_S.ESCROW, Action.EXPIRE): _rule(_S.CANCELLED, _R.SYSTEM),
    (_S.ACTIVE, Action.COMPLETE): _rule(_S.COMPLETED, _R.LENDER, _R.SYSTEM),
    (_S.ACTIVE, Action.REMIND): _rule(_S.ACTIVE, _R.SYSTEM),
}
REASONS: Final[dict[Action, CancelReason]] = {
    Action.DECLINE: CancelReason.DECLINED,
    Action.CANCEL: CancelReason.WITHDRAWN,
    Action.EXPIRE: CancelReason.EXPIRED,
    Action.YIELD_ASSET: CancelReason.ASSET_TAKEN,
}
# What happens by itself at `deadline_at`.
AT_DEADLINE: Final[dict[TicketStatus, Action]] = {
    TicketStatus.PENDING: Action.EXPIRE,
    TicketStatus.ACCEPTED: Action.EXPIRE,
    TicketStatus.ESCROW: Action.EXPIRE,
    TicketStatus.ACTIVE: Action.COMPLETE,
}


def allowed_actions(status: TicketStatus, role: Role) -> list[Action]:
    """List what `role` may do to a ticket now, in the order of the table."""
    return [action for (at, action), rule in TABLE.items() if at is status and role in rule.who]


def check(ticket: Ticket, action: Action, role: Role | None) -> Rule:
    """Find the rule for an action, or refuse it.

    Raises:
        Forbidden: `role` may never take this action.
        AssetUnavailable: The ticket already gave way to another one for the same time.
        IllegalTransition: `role` may take it, but not in this status.
    """
    rule = TABLE.get((ticket.status, action))
    if rule and role in rule.who:
        return rule
    raise _refusal(ticket, action, role)


def _refusal(ticket: Ticket, action: Action, role: Role | None) -> DomainError:
    if not any(role in rule.who for (_, named), rule in TABLE.items() if named is action):
        return Forbidden(f"You may not {action} this ticket.")
    if action is Action.ACCEPT and ticket.cancel_reason is CancelReason.ASSET_TAKEN:
        # Whether a late click meets the calendar or its consequence, the lender hears why.
        return AssetUnavailable()
    return IllegalTransition(action, ticket.status)
