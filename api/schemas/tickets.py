"""Wire forms of tickets and their timeline."""

from datetime import datetime, timedelta
from decimal import Decimal
from enum import StrEnum
from functools import cache
from typing import Annotated, Any, Final, Literal, Self
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, model_validator
from sqlalchemy import Row

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
from api.schemas.disputes import OPENED, DisputeOut
from api.schemas.extensions import OFFERED, ExtensionOut
from domain.cancellation import CancellationPolicy, terms_of
from domain.money import ZERO, part_of
from domain.ticket import Action, CancelReason, Role, Ticket, TicketStatus
from domain.transitions import allowed_actions

_CANCELLATION: Final = {
    "policy": "moderate",
    "version": None,
    "window_hours": 24,
    "fee_share": "0.50",
}
_TICKET: Final[dict[str, Any]] = {
    "id": ID,
    "asset_id": ID_2,
    "borrower_id": ID_3,
    "lender_id": ID_2,
    "status": "pending",
    "daily_fee": "150000.00",
    "fee": "450000.00",
    "deposit": "2000000.00",
    "total": "2450000.00",
    "commission": "22500.00",
    "starts_at": NOW,
    "ends_at": LATER,
    "deadline_at": "2026-11-24T09:30:00Z",
    "cancel_reason": None,
    "cancellation": _CANCELLATION,
    "dispute": None,
    "extension": None,
    "allowed_actions": ["cancel"],
    "note": "For the weekend, please.",
    "created_at": NOW,
    "updated_at": NOW,
}
_ACTIVE: Final = _TICKET | {
    "status": "active",
    "deadline_at": "2026-11-27T09:30:00Z",
    "cancellation": _CANCELLATION | {"version": 1},
}
# What the answers of an offer and of a claim look like, for the document.
EXTENDED: Final = _ACTIVE | {"extension": OFFERED, "allowed_actions": ["dispute"]}
DISPUTED: Final = _ACTIVE | {"dispute": OPENED, "deadline_at": LATER, "allowed_actions": []}


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


class CancellationOut(BaseModel):
    """What the borrower owes who cancels after paying, later than `window_hours` before the start.

    The terms of the asset's policy; `version` pins them from the acceptance on, before that they
    are those of today.
    """

    policy: CancellationPolicy
    version: int | None
    window_hours: int
    fee_share: str = Field(description="The lender's part of the fee, from 0.00 to 1.00.")


@cache
def _cancellation(policy: CancellationPolicy, version: int | None) -> CancellationOut:
    terms = terms_of(policy, version)
    return CancellationOut(
        policy=policy,
        version=version,
        window_hours=terms.window // timedelta(hours=1),
        fee_share=f"{Decimal(terms.share_bps) / 10_000:.2f}",
    )


class TicketOut(BaseModel):
    model_config = ConfigDict(json_schema_extra={"examples": [_TICKET]})
    id: UUID
    asset_id: UUID
    borrower_id: UUID
    lender_id: UUID
    status: TicketStatus
    daily_fee: AmountOut = Field(description="The price of each day begun, extensions included.")
    fee: AmountOut = Field(description="Extensions that were accepted included.")
    deposit: AmountOut
    total: AmountOut = Field(description="`fee` + `deposit`: what the borrower pays.")
    commission: AmountOut = Field(
        description="The platform's part of `fee`, of a loan that ends without a dispute."
    )
    starts_at: TimeOut
    ends_at: TimeOut
    deadline_at: TimeOut | None = Field(description="When the present state ends by itself.")
    cancel_reason: CancelReason | None
    cancellation: CancellationOut
    dispute: DisputeOut | None
    extension: ExtensionOut | None = Field(description="The latest offer to borrow for longer.")
    allowed_actions: list[Action] = Field(description="What the caller may do now.")
    note: str | None
    created_at: TimeOut
    updated_at: TimeOut

    @classmethod
    def of(cls, ticket: Ticket, viewer: Role | None) -> Self:
        """Show a ticket to somebody, with what they may do as what they are to it."""
        return cls(
            id=ticket.id,
            asset_id=ticket.asset_id,
            borrower_id=ticket.borrower_id,
            lender_id=ticket.lender_id,
            status=ticket.status,
            daily_fee=ticket.daily_fee,
            fee=ticket.fee,
            deposit=ticket.deposit,
            total=ticket.total,
            commission=ZERO if ticket.dispute else part_of(ticket.fee, ticket.commission_bps),
            starts_at=ticket.starts_at,
            ends_at=ticket.ends_at,
            deadline_at=ticket.deadline_at,
            cancel_reason=ticket.cancel_reason,
            cancellation=_cancellation(ticket.cancellation_policy, ticket.cancellation_version),
            dispute=DisputeOut.of(ticket.dispute) if ticket.dispute else None,
            extension=ExtensionOut.of(ticket.extension) if ticket.extension else None,
            allowed_actions=allowed_actions(ticket, viewer) if viewer else [],
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
                    "note": None,
                    "details": {},
                }
            ]
        },
    )
    at: TimeOut
    actor_id: UUID | Literal["system"]
    source: TicketStatus | None = Field(alias="from")
    target: TicketStatus = Field(alias="to")
    action: Action
    reason: CancelReason | None = Field(description="Why it was cancelled, if it was.")
    note: str | None = Field(description="What the one who acted said about it.")
    details: dict[str, str] = Field(
        description="What it was about: amounts in rials (`amount`, `to_lender`, `to_borrower`, "
        "`to_platform`, `fee`, `claim`) and the new end (`ends_at`), where there are any."
    )

    @classmethod
    def of(cls, row: Row[Any]) -> Self:
        return cls(
            at=row.at,
            actor_id=row.actor_id or "system",
            source=row.from_status,
            target=row.to_status,
            action=row.action,
            reason=row.reason,
            note=row.note,
            details=row.details,
        )
