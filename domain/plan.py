"""What becomes of a ticket and its money, before anything is done; and how a ticket begins."""

from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from uuid import UUID

from domain.asset import Asset
from domain.deadlines import Windows, deadline
from domain.errors import NotFound, OwnAsset, ValidationFailed
from domain.ledger import Posting
from domain.money import MAX_AMOUNT
from domain.ticket import Action, Ticket, TicketStatus

DAY = timedelta(days=1)
CLOCK_SKEW = timedelta(minutes=1)  # a caller's «now» may be a little behind ours


@dataclass(frozen=True)
class Transition:
    """One line of a ticket's timeline.

    Attributes:
        by: None means the system.
        details: What a reader of the timeline wants to know beyond the status, as strings.
    """

    action: Action
    source: TicketStatus | None
    target: TicketStatus
    by: UUID | None
    details: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Plan:
    ticket: Ticket
    transitions: tuple[Transition, ...]
    posting: Posting | None = None


@dataclass(frozen=True)
class LoanRequest:
    """What a borrower asks for. The id is the caller's, so that a repeat makes no second one."""

    ticket_id: UUID
    asset_id: UUID
    borrower_id: UUID
    starts_at: datetime
    ends_at: datetime
    note: str | None
    at: datetime


def request(wish: LoanRequest, asset: Asset, commission_bps: int, windows: Windows) -> Plan:
    """Turn a request to borrow into a pending ticket.

    Raises:
        NotFound: The asset is not offered.
        OwnAsset: The borrower owns it.
        ValidationFailed: The period or the price breaks a rule.
    """
    if not asset.is_listed:
        raise NotFound("There is no such asset on offer.")
    if asset.owner_id == wish.borrower_id:
        raise OwnAsset
    days = _length(wish, asset)
    fee = asset.daily_fee * days
    if fee + asset.deposit > MAX_AMOUNT:
        raise ValidationFailed("/ends_at", f"A loan costs at most {MAX_AMOUNT} rials.")
    ticket = Ticket(
        id=wish.ticket_id,
        asset_id=asset.id,
        borrower_id=wish.borrower_id,
        lender_id=asset.owner_id,
        status=TicketStatus.PENDING,
        fee=fee,
        deposit=asset.deposit,
        commission_bps=commission_bps,
        handover=asset.handover,
        cancellation_policy=asset.cancellation_policy,
        starts_at=wish.starts_at,
        ends_at=wish.ends_at,
        deadline_at=None,
        cancel_reason=None,
        note=wish.note,
        created_at=wish.at,
        updated_at=wish.at,
        daily_fee=asset.daily_fee,
    )
    ticket = replace(ticket, deadline_at=deadline(ticket, wish.at, windows))
    return Plan(ticket, (Transition(Action.REQUEST, None, ticket.status, wish.borrower_id),))


def _length(wish: LoanRequest, asset: Asset) -> int:
    if wish.starts_at < wish.at - CLOCK_SKEW:
        raise ValidationFailed("/starts_at", "A loan cannot start in the past.")
    if wish.ends_at <= wish.starts_at:
        raise ValidationFailed("/ends_at", "A loan ends after it starts.")
    days = days_begun(wish.starts_at, wish.ends_at)
    if days > asset.max_days:
        raise ValidationFailed(
            "/ends_at", f"This asset is lent for at most {asset.max_days} days, not {days}."
        )
    return days


def days_begun(starts_at: datetime, ends_at: datetime) -> int:
    """Count the days of a period; one that was begun counts whole."""
    return -((starts_at - ends_at) // DAY)
