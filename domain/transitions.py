"""The life of a ticket. TABLE is the only place that knows who may do what, when.

The workflow, the API's `allowed_actions` and the tests all read it. What each action does to
the money and the deadline is in domain/actions.py.
"""

from dataclasses import dataclass
from typing import Final
from uuid import UUID

from domain.errors import (
    AssetUnavailable,
    DomainError,
    Forbidden,
    IllegalTransition,
    OfferPending,
)
from domain.ticket import Action, CancelReason, Role, Stage, Ticket, TicketStatus


@dataclass(frozen=True)
class Rule:
    """One row of the table: where an action leads and who may take it."""

    target: TicketStatus
    who: frozenset[Role]


def _rule(target: TicketStatus, *who: Role) -> Rule:
    return Rule(target, frozenset(who))


_S, _R, _T = Stage, Role, TicketStatus
TABLE: Final[dict[tuple[Stage, Action], Rule]] = {
    (_S.PENDING, Action.ACCEPT): _rule(_T.ACCEPTED, _R.LENDER),
    (_S.PENDING, Action.DECLINE): _rule(_T.CANCELLED, _R.LENDER),
    (_S.PENDING, Action.CANCEL): _rule(_T.CANCELLED, _R.BORROWER),
    (_S.PENDING, Action.EXPIRE): _rule(_T.CANCELLED, _R.SYSTEM),
    (_S.PENDING, Action.YIELD_ASSET): _rule(_T.CANCELLED, _R.SYSTEM),
    (_S.ACCEPTED, Action.PAY): _rule(_T.ESCROW, _R.BORROWER),
    (_S.ACCEPTED, Action.CANCEL): _rule(_T.CANCELLED, _R.BORROWER, _R.LENDER),
    (_S.ACCEPTED, Action.EXPIRE): _rule(_T.CANCELLED, _R.SYSTEM),
    (_S.ESCROW, Action.HANDOVER): _rule(_T.ACTIVE, _R.BORROWER, _R.SYSTEM),
    (_S.ESCROW, Action.CANCEL): _rule(_T.CANCELLED, _R.BORROWER, _R.LENDER),
    (_S.ESCROW, Action.EXPIRE): _rule(_T.CANCELLED, _R.SYSTEM),
    (_S.ACTIVE, Action.COMPLETE): _rule(_T.COMPLETED, _R.LENDER, _R.SYSTEM),
    (_S.ACTIVE, Action.EXTEND): _rule(_T.ACTIVE, _R.BORROWER),
    (_S.ACTIVE, Action.DISPUTE): _rule(_T.ACTIVE, _R.BORROWER, _R.LENDER),
    (_S.ACTIVE, Action.REMIND): _rule(_T.ACTIVE, _R.SYSTEM),
    (_S.OFFERED, Action.COMPLETE): _rule(_T.COMPLETED, _R.LENDER, _R.SYSTEM),
    (_S.OFFERED, Action.ACCEPT_EXTENSION): _rule(_T.ACTIVE, _R.LENDER),
    (_S.OFFERED, Action.DECLINE_EXTENSION): _rule(_T.ACTIVE, _R.LENDER),
    (_S.OFFERED, Action.LAPSE_EXTENSION): _rule(_T.ACTIVE, _R.SYSTEM),
    (_S.OFFERED, Action.DISPUTE): _rule(_T.ACTIVE, _R.BORROWER, _R.LENDER),
    (_S.OFFERED, Action.REMIND): _rule(_T.ACTIVE, _R.SYSTEM),
    (_S.CLAIMED, Action.ACCEPT_CLAIM): _rule(_T.COMPLETED, _R.BORROWER, _R.LENDER, _R.SYSTEM),
    (_S.CLAIMED, Action.CONTEST_CLAIM): _rule(_T.ACTIVE, _R.BORROWER, _R.LENDER),
    (_S.CONTESTED, Action.RESOLVE): _rule(_T.COMPLETED, _R.OPERATOR),
}
_AT: Final = {
    now: [(action, rule) for (stage, action), rule in TABLE.items() if stage is now]
    for now in Stage
}
# These are for the party that did not make the claim.
_ANSWERS: Final = frozenset({Action.ACCEPT_CLAIM, Action.CONTEST_CLAIM})
REASONS: Final[dict[Action, CancelReason]] = {
    Action.DECLINE: CancelReason.DECLINED,
    Action.CANCEL: CancelReason.WITHDRAWN,
    Action.EXPIRE: CancelReason.EXPIRED,
    Action.YIELD_ASSET: CancelReason.ASSET_TAKEN,
}
# What happens by itself at `deadline_at`.
AT_DEADLINE: Final[dict[Stage, Action]] = {
    Stage.PENDING: Action.EXPIRE,
    Stage.ACCEPTED: Action.EXPIRE,
    Stage.ESCROW: Action.EXPIRE,
    Stage.ACTIVE: Action.COMPLETE,
    Stage.OFFERED: Action.COMPLETE,
    Stage.CLAIMED: Action.ACCEPT_CLAIM,
}


def acting_as(ticket: Ticket, action: Action, by: UUID | None) -> Role | None:
    """Return as what somebody acts; None is a stranger, `by` None the system.

    Who resolves a dispute has shown to be an operator elsewhere; a party never resolves its own.
    """
    if by is None:
        return Role.SYSTEM
    return ticket.role_of(by) or (Role.OPERATOR if action is Action.RESOLVE else None)


def allowed_actions(ticket: Ticket, role: Role) -> list[Action]:
    """List what `role` may do to a ticket now, in the order of the table."""
    return [
        action
        for action, rule in _AT[ticket.stage]
        if role in rule.who and not _is_own_claim(ticket, action, role)
    ]


def check(ticket: Ticket, action: Action, role: Role | None) -> Rule:
    """Find the rule for an action, or refuse it.

    Raises:
        Forbidden: `role` may never take this action.
        AssetUnavailable: The ticket already gave way to another one for the same time.
        OfferPending: An extension is on offer already.
        IllegalTransition: `role` may take it, but not in this state.
    """
    if _is_own_claim(ticket, action, role):
        raise Forbidden("The other party answers a claim.")
    rule = TABLE.get((ticket.stage, action))
    if rule and role in rule.who:
        return rule
    raise _refusal(ticket, action, role)


def _is_own_claim(ticket: Ticket, action: Action, role: Role | None) -> bool:
    if action not in _ANSWERS or ticket.dispute is None:
        return False
    return role is ticket.role_of(ticket.dispute.opened_by)


def _refusal(ticket: Ticket, action: Action, role: Role | None) -> DomainError:
    if not any(role in rule.who for (_, named), rule in TABLE.items() if named is action):
        return Forbidden(f"You may not {spoken(action)} this ticket.")
    if action is Action.ACCEPT and ticket.cancel_reason is CancelReason.ASSET_TAKEN:
        # Whether a late click meets the calendar or its consequence, the lender hears why.
        return AssetUnavailable()
    if action is Action.EXTEND and ticket.stage is Stage.OFFERED:
        return OfferPending()
    return illegal(ticket, action)


def illegal(ticket: Ticket, action: Action) -> IllegalTransition:
    return IllegalTransition(spoken(action), ticket.status, stage=ticket.stage)


def spoken(action: Action) -> str:
    return _SPOKEN.get(action, action.value)


# To be followed by the ticket.
_SPOKEN: Final = {
    Action.CANCEL: "cancel",
    Action.HANDOVER: "confirm the hand-over of",
    Action.ACCEPT_EXTENSION: "accept an extension of",
    Action.DECLINE_EXTENSION: "decline an extension of",
    Action.LAPSE_EXTENSION: "end the offer of",
    Action.ACCEPT_CLAIM: "accept a claim on",
    Action.CONTEST_CLAIM: "contest a claim on",
    Action.YIELD_ASSET: "give way with",
    Action.REMIND: "remind of",
    Action.PAY: "pay",
}
