"""Wire forms of a preview: the terms that one asks with, and what an action would do."""

from datetime import datetime
from decimal import Decimal
from typing import Annotated, Any, Final, Self, TypeVar
from uuid import UUID

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, WithJsonSchema

from api.schemas.common import (
    ID,
    ID_3,
    LATER,
    NOW,
    AmountIn,
    AmountOut,
    Body,
    Note,
    ShareIn,
    TimeIn,
    TimeOut,
)
from api.schemas.disputes import DisputeOut
from api.schemas.extensions import ExtensionOut
from domain.actions import Move, Terms
from domain.dispute import Claim, Division
from domain.errors import ValidationFailed
from domain.extension import Offer
from domain.ledger import AccountKind, Entry, Side
from domain.plan import Plan
from domain.ticket import Action, CancelReason, Role, TicketStatus
from domain.transitions import TABLE

# What a timer or another workflow does is not asked for, so nobody can try it out.
_BY_PEOPLE: Final = {action for (_, action), rule in TABLE.items() if rule.who - {Role.SYSTEM}}
_ENTRY: Final = {"account": "user_wallet", "owner_id": ID_3, "type": "debit"}
_PREVIEW: Final[dict[str, Any]] = {
    "action": "pay",
    "at": NOW,
    "status": "active",
    "cancel_reason": None,
    "deadline_at": "2026-11-27T09:30:00Z",
    "ends_at": LATER,
    "fee": "450000.00",
    "total": "2450000.00",
    "dispute": None,
    "extension": None,
    "entries": [
        _ENTRY | {"amount": "2450000.00"},
        {"account": "ticket_escrow", "owner_id": ID, "type": "credit", "amount": "2450000.00"},
    ],
}
TermT = TypeVar("TermT", datetime, Decimal)


def _by_people(action: Action) -> Action:
    if action not in _BY_PEOPLE:
        raise ValueError("Nobody takes this action.")
    return action


Previewed = Annotated[
    Action,
    AfterValidator(_by_people),
    WithJsonSchema(
        {"type": "string", "enum": [action.value for action in Action if action in _BY_PEOPLE]}
    ),
]


class PreviewTerms(Body):
    """What some actions need to be told, as in their bodies."""

    ends_at: TimeIn | None = Field(None, description="For `extend`.")
    claim: AmountIn | None = Field(None, description="For `dispute`.")
    reason: Note | None = Field(None, description="For `dispute`; makes no difference.")
    to_lender: ShareIn | None = Field(None, description="For `resolve`.")
    to_borrower: ShareIn | None = Field(None, description="For `resolve`.")

    def of(self, action: Action) -> Terms | None:
        """Return the terms of an action.

        Raises:
            ValidationFailed: One is missing.
        """
        match action:
            case Action.EXTEND:
                return Offer(_given("ends_at", self.ends_at))
            case Action.DISPUTE:
                return Claim(_given("claim", self.claim), self.reason or "")
            case Action.RESOLVE:
                to_lender = _given("to_lender", self.to_lender)
                return Division(to_lender, _given("to_borrower", self.to_borrower))
        return None


def _given(name: str, value: TermT | None) -> TermT:
    if value is None:
        raise ValidationFailed(f"/{name}", "This action needs it.")
    return value


class EntryPreview(BaseModel):
    account: AccountKind
    owner_id: UUID | None = Field(
        description="Whose wallet, which ticket's escrow; null for the platform's own account."
    )
    type: Side
    amount: AmountOut

    @classmethod
    def of(cls, entry: Entry) -> Self:
        account = entry.account
        return cls(
            account=account.kind, owner_id=account.owner_id, type=entry.side, amount=entry.amount
        )


class PreviewOut(BaseModel):
    """The ticket as it would be after an action, and the money that would move for it."""

    model_config = ConfigDict(json_schema_extra={"examples": [_PREVIEW]})
    action: Action
    at: TimeOut = Field(description="When it was worked out; some outcomes depend on it.")
    status: TicketStatus
    cancel_reason: CancelReason | None
    deadline_at: TimeOut | None = Field(description="When the state that follows ends by itself.")
    ends_at: TimeOut
    fee: AmountOut
    total: AmountOut
    dispute: DisputeOut | None
    extension: ExtensionOut | None
    entries: list[EntryPreview] = Field(description="What would be posted; empty: nothing.")

    @classmethod
    def of(cls, move: Move, plan: Plan) -> Self:
        ticket = plan.ticket
        return cls(
            action=move.action,
            at=move.at,
            status=ticket.status,
            cancel_reason=ticket.cancel_reason,
            deadline_at=ticket.deadline_at,
            ends_at=ticket.ends_at,
            fee=ticket.fee,
            total=ticket.total,
            dispute=DisputeOut.of(ticket.dispute) if ticket.dispute else None,
            extension=ExtensionOut.of(ticket.extension) if ticket.extension else None,
            entries=[EntryPreview.of(entry) for entry in plan.posting.entries]
            if plan.posting
            else [],
        )
