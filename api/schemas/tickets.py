"""Wire forms of tickets and their timeline."""

from datetime import datetime, timedelta
from enum import StrEnum
from typing import Annotated, Any, Literal, Self
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, model_validator

from api.schemas.common import (
    ID,
    ID_2,
    ID_3,
    LATER,
    NOW,
    AmountOut,
    Body,
    Note,
    TimeIn,
    TimeOut,
)
from domain.money import part_of
from domain.ticket import Action, CancelReason, Ticket, TicketStatus
from domain.transitions import allowed_actions
from models.ticket import TransitionRow

_TICKET: dict[str, Any] = {
    "id": ID,
    "asset_id": ID_2,
    "borrower_id": ID_3,
    "lender_id": ID_2,
    "status": "pending",
    "fee": "450000.00",
    "deposit": "2000000.00",
    "total": "2450000.00",
    "commission": "22500.00",
    "starts_at": NOW,
    "ends_at": LATER,
    "deadline_at": "2026-11-24T09:30:00Z",
    "cancel_reason": None,
    "dispute": None,
    "extension": None,
    "allowed_actions": ["cancel"],
    "note": "For the weekend, please.",
    "created_at": NOW,
    "updated_at": NOW,
}


class Side(StrEnum):
    """Which party of a ticket the caller is."""

    BORROWER = "borrower"
    LENDER = "lender"


class NewTicket(Body):
    """Ask to borrow. The end is given by `ends_at` or by `days`; the start defaults to now."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"asset_id": ID_2, "days": 3, "note": _TICKET["note"]}]}
    )
    asset_id: UUID
    starts_at: TimeIn | None = None
    ends_at: TimeIn | None = None
    days: Annotated[int, Field(strict=True, ge=1, le=3650)] | None = None
    note: Note | None = None

    @model_validator(mode="after")
    def _one_end(self) -> Self:
        if (self.ends_at is None) == (self.days is None):
            raise ValueError("Give either `ends_at` or `days`.")
        return self

    def period(self, now: datetime) -> tuple[datetime, datetime]:
        starts_at = self.starts_at or now
        return starts_at, self.ends_at or starts_at + timedelta(days=self.days or 0)


class Cancel(Body):
    model_config = ConfigDict(json_schema_extra={"examples": [{"reason": "My plans changed."}]})
    reason: Note | None = None


class TicketOut(BaseModel):
    model_config = ConfigDict(json_schema_extra={"examples": [_TICKET]})
    id: UUID
    asset_id: UUID
    borrower_id: UUID
    lender_id: UUID
    status: TicketStatus
    fee: AmountOut
    deposit: AmountOut
    total: AmountOut = Field(description="`fee` + `deposit`: what the borrower pays.")
    commission: AmountOut = Field(description="The platform's part of `fee`.")
    starts_at: TimeOut
    ends_at: TimeOut
    deadline_at: TimeOut | None = Field(description="When the present state ends by itself.")
    cancel_reason: CancelReason | None
    dispute: None = Field(None, description="Always null in this version.")
    extension: None = Field(None, description="Always null in this version.")
    allowed_actions: list[Action] = Field(description="What the caller may do now.")
    note: str | None
    created_at: TimeOut
    updated_at: TimeOut

    @classmethod
    def of(cls, ticket: Ticket, caller_id: UUID) -> Self:
        role = ticket.role_of(caller_id)
        return cls(
            id=ticket.id,
            asset_id=ticket.asset_id,
            borrower_id=ticket.borrower_id,
            lender_id=ticket.lender_id,
            status=ticket.status,
            fee=ticket.fee,
            deposit=ticket.deposit,
            total=ticket.total,
            commission=part_of(ticket.fee, ticket.commission_bps),
            starts_at=ticket.starts_at,
            ends_at=ticket.ends_at,
            deadline_at=ticket.deadline_at,
            cancel_reason=ticket.cancel_reason,
            dispute=None,
            extension=None,
            allowed_actions=allowed_actions(ticket, role) if role else [],
            note=ticket.note,
            created_at=ticket.created_at,
            updated_at=ticket.updated_at,
        )


class TransitionOut(BaseModel):
    model_config = ConfigDict(
        populate_by_name=True,
        json_schema_extra={
            "examples": [
                {
                    "at": NOW,
                    "actor_id": ID_3,
                    "from": None,
                    "to": "pending",
                    "action": "request",
                    "reason": None,
                }
            ]
        },
    )
    at: TimeOut
    actor_id: UUID | Literal["system"]
    source: TicketStatus | None = Field(alias="from")
    target: TicketStatus = Field(alias="to")
    action: Action
    reason: CancelReason | None

    @classmethod
    def of(cls, row: TransitionRow) -> Self:
        return cls(
            at=row.at,
            actor_id=row.actor_id or "system",
            source=row.from_status,
            target=row.to_status,
            action=row.action,
            reason=row.reason,
        )
