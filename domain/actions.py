"""What an action does to a ticket and its money, before anything is done.

The step that moves the money and the preview that promises it call `act`.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final, TypeVar
from uuid import UUID

from domain import disputing, extending, ledger, settlement, story
from domain.asset import Handover
from domain.cancellation import CURRENT
from domain.deadlines import Windows, deadline
from domain.dispute import Claim, Division
from domain.errors import ValidationFailed
from domain.extension import ExtensionStatus, Offer
from domain.ledger import Posting, Split, TransactionKind
from domain.plan import Plan, Transition
from domain.ticket import Action, Role, Ticket, TicketStatus
from domain.transitions import AT_DEADLINE, REASONS, acting_as, check, illegal

Terms = Offer | Claim | Division  # what some actions need to be told
TermsT = TypeVar("TermsT", Offer, Claim, Division)
_RELEASE: Final = TransactionKind.RELEASE


@dataclass(frozen=True)
class Move:
    """An action as it is taken: by whom (None: the system), when, and on which terms."""

    action: Action
    by: UUID | None
    at: datetime
    terms: Terms | None = None


def act(ticket: Ticket, move: Move, windows: Windows) -> Plan:
    """Work out what a move leads to.

    Raises:
        Forbidden, IllegalTransition, AssetUnavailable, OfferPending: See
            `domain.transitions.check`. Illegal is also what the clock does before its time.
        ValidationFailed: The terms break a rule.
    """
    role = acting_as(ticket, move.action, move.by)
    rule = check(ticket, move.action, role)
    if role is Role.SYSTEM and _is_early(ticket, move):
        raise illegal(ticket, move.action)
    after = replace(_changed(ticket, move, windows), status=rule.target, updated_at=move.at)
    posting = _posting(ticket, after, move, role)
    details = story.details(ticket, after, move.action, posting)
    transitions = [Transition(move.action, ticket.status, after.status, move.by, details)]
    if after.status is TicketStatus.ESCROW and ticket.handover is Handover.INSTANT:
        after = replace(after, status=TicketStatus.ACTIVE)
        transitions.append(
            Transition(Action.HANDOVER, TicketStatus.ESCROW, TicketStatus.ACTIVE, None)
        )
    if _enters_a_new_state(ticket, after):
        after = replace(after, deadline_at=deadline(after, move.at, windows))
    return Plan(after, tuple(transitions), posting)


def _is_early(ticket: Ticket, move: Move) -> bool:
    """Tell whether a timer of an earlier state, or of an earlier end, still means this ticket."""
    due = ticket.deadline_at if AT_DEADLINE.get(ticket.stage) is move.action else None
    if move.action is Action.LAPSE_EXTENSION and ticket.extension:
        due = ticket.extension.expires_at
    return due is not None and move.at < due


def _enters_a_new_state(ticket: Ticket, after: Ticket) -> bool:
    """An offer does not touch the deadline of the loan; what it leads to does."""
    return (after.status, after.dispute, after.ends_at) != (
        ticket.status,
        ticket.dispute,
        ticket.ends_at,
    )


# What changes beside the status.


def _told(move: Move, kind: type[TermsT]) -> TermsT:
    """Return the terms of a move; one without them came past the API."""
    if not isinstance(move.terms, kind):
        raise ValidationFailed("", f"To {move.action} needs a {kind.__name__.lower()}.")
    return move.terms


def _opened(ticket: Ticket, move: Move, _: Windows) -> Ticket:
    if move.by is None:
        raise ValueError("a dispute is opened by a party")
    running = extending.closed(ticket, ExtensionStatus.LAPSED)
    return disputing.opened(running, _told(move, Claim), move.by, move.at)


def _cancelled(ticket: Ticket, move: Move, _: Windows) -> Ticket:
    return replace(ticket, cancel_reason=REASONS[move.action])


# Actions that are not here change the status, and no more.
_CHANGES: Final[dict[Action, Callable[[Ticket, Move, Windows], Ticket]]] = {
    Action.ACCEPT: lambda ticket, *_: replace(ticket, cancellation_version=CURRENT),
    Action.EXTEND: lambda ticket, move, windows: extending.offered(
        ticket, _told(move, Offer), move.at, windows
    ),
    Action.ACCEPT_EXTENSION: lambda ticket, *_: extending.accepted(ticket),
    Action.DECLINE_EXTENSION: lambda ticket, *_: extending.closed(ticket, ExtensionStatus.DECLINED),
    Action.LAPSE_EXTENSION: lambda ticket, *_: extending.closed(ticket, ExtensionStatus.LAPSED),
    Action.COMPLETE: lambda ticket, *_: extending.closed(ticket, ExtensionStatus.LAPSED),
    Action.DISPUTE: _opened,
    Action.CONTEST_CLAIM: lambda ticket, *_: disputing.contested(ticket),
    Action.ACCEPT_CLAIM: lambda ticket, *_: disputing.granted(ticket),
    Action.RESOLVE: lambda ticket, move, _: disputing.resolved(ticket, _told(move, Division)),
    **dict.fromkeys(REASONS, _cancelled),
}


def _changed(ticket: Ticket, move: Move, windows: Windows) -> Ticket:
    change = _CHANGES.get(move.action)
    return change(ticket, move, windows) if change else ticket


# What the money does.


def _posting(ticket: Ticket, after: Ticket, move: Move, role: Role | None) -> Posting | None:
    """Say what is posted when a move takes `ticket` to `after`."""
    match move.action:
        case Action.PAY:
            return ledger.ticket_payment(ticket.id, ticket.borrower_id, ticket.total)
        case Action.ACCEPT_EXTENSION:
            return _extension(after)
        case Action.COMPLETE:
            return _settled(ticket, settlement.returned(ticket), _RELEASE, "Loan settled")
        case Action.ACCEPT_CLAIM | Action.RESOLVE:
            return _settled(ticket, settlement.disputed(after), _RELEASE, "Dispute settled")
    if ticket.status is TicketStatus.ESCROW and move.action in REASONS:
        by_borrower = role is Role.BORROWER
        split = settlement.cancelled(ticket, move.at, by_borrower=by_borrower)
        return _settled(ticket, split, TransactionKind.REFUND, "Loan cancelled")
    return None


def _extension(after: Ticket) -> Posting | None:
    extension = after.extension
    if extension is None or extension.fee == 0:  # the day it lies in is paid for
        return None
    return ledger.extension_payment(after.id, extension.number, after.borrower_id, extension.fee)


def _settled(ticket: Ticket, split: Split, kind: TransactionKind, words: str) -> Posting:
    parties = (ticket.lender_id, ticket.borrower_id)
    return ledger.settlement(ticket.id, *parties, split, kind, words)
