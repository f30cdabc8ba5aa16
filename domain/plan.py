"""What an action does to a ticket and its money, before anything is done.

The step that moves the money and the preview that promises it call the same functions.
"""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from uuid import UUID

from domain import ledger
from domain.asset import Asset, Handover
from domain.cancellation import lender_share
from domain.deadlines import Windows, deadline
from domain.errors import IllegalTransition, NotFound, OwnAsset, ValidationFailed
from domain.ledger import Posting, Split, TransactionKind
from domain.money import MAX_AMOUNT, ZERO, part_of
from domain.ticket import AT_DEADLINE, REASONS, Action, Role, Ticket, TicketStatus, check

DAY = timedelta(days=1)
CLOCK_SKEW = timedelta(minutes=1)  # a caller's «now» may be a little behind ours


@dataclass(frozen=True)
class Transition:
    """One line of a ticket's timeline. `by` None means the system."""

    action: Action
    source: TicketStatus | None
    target: TicketStatus
    by: UUID | None


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
    days = _days(wish, asset)
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
    )
    ticket = replace(ticket, deadline_at=deadline(ticket, wish.at, windows))
    return Plan(ticket, (Transition(Action.REQUEST, None, ticket.status, wish.borrower_id),))


def _days(wish: LoanRequest, asset: Asset) -> int:
    if wish.starts_at < wish.at - CLOCK_SKEW:
        raise ValidationFailed("/starts_at", "A loan cannot start in the past.")
    if wish.ends_at <= wish.starts_at:
        raise ValidationFailed("/ends_at", "A loan ends after it starts.")
    days = -((wish.starts_at - wish.ends_at) // DAY)  # days begun: rounded up
    if days > asset.max_days:
        raise ValidationFailed(
            "/ends_at", f"This asset is lent for at most {asset.max_days} days, not {days}."
        )
    return days


def act(ticket: Ticket, action: Action, by: UUID | None, at: datetime, windows: Windows) -> Plan:
    """Work out what `action`, taken by the user `by` (None: the system), leads to.

    Raises:
        Forbidden, IllegalTransition, AssetUnavailable: See `domain.ticket.check`. Illegal is also
            what the clock does before the deadline of the status that the ticket is in now.
    """
    role = Role.SYSTEM if by is None else ticket.role_of(by)
    rule = check(ticket, action, role)
    if role is Role.SYSTEM and _is_early(ticket, action, at):
        raise IllegalTransition(action, ticket.status)
    after = replace(ticket, status=rule.target, cancel_reason=REASONS.get(action), updated_at=at)
    transitions = [Transition(action, ticket.status, after.status, by)]
    if after.status is TicketStatus.ESCROW and ticket.handover is Handover.INSTANT:
        after = replace(after, status=TicketStatus.ACTIVE)
        transitions.append(
            Transition(Action.HANDOVER, TicketStatus.ESCROW, TicketStatus.ACTIVE, None)
        )
    if after.status is not ticket.status:
        after = replace(after, deadline_at=deadline(after, at, windows))
    return Plan(after, tuple(transitions), _posting(ticket, action, role, at))


def _is_early(ticket: Ticket, action: Action, at: datetime) -> bool:
    """Tell whether a timer of an earlier status, or of an earlier end, still means this ticket."""
    is_the_clock = AT_DEADLINE.get(ticket.status) is action
    return is_the_clock and ticket.deadline_at is not None and at < ticket.deadline_at


def _posting(ticket: Ticket, action: Action, role: Role | None, at: datetime) -> Posting | None:
    """Say what the money does when `action` is taken on `ticket` as it was before."""
    if action is Action.PAY:
        return ledger.ticket_payment(ticket.id, ticket.borrower_id, ticket.total)
    if action is Action.COMPLETE:
        split, kind = settled(ticket), TransactionKind.RELEASE
    elif ticket.status is TicketStatus.ESCROW and action in REASONS:
        by_borrower = role is Role.BORROWER
        split, kind = cancelled(ticket, at, by_borrower=by_borrower), TransactionKind.REFUND
    else:
        return None
    return ledger.settlement(ticket.id, ticket.lender_id, ticket.borrower_id, split, kind)


def settled(ticket: Ticket) -> Split:
    """Divide the escrow of a loan that ended well."""
    commission = part_of(ticket.fee, ticket.commission_bps)
    return Split(lender=ticket.fee - commission, platform=commission, borrower=ticket.deposit)


def cancelled(ticket: Ticket, at: datetime, *, by_borrower: bool) -> Split:
    """Divide the escrow of a loan that never began. Only the borrower's own cancel may cost."""
    kept = ZERO
    if by_borrower:
        kept = lender_share(ticket.cancellation_policy, ticket.fee, ticket.starts_at, at)
    commission = part_of(kept, ticket.commission_bps)
    return Split(lender=kept - commission, platform=commission, borrower=ticket.total - kept)
