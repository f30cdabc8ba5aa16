"""Tickets, and every transition they made. The calendar's exclusion constraint is in 0002."""

from datetime import datetime
from decimal import Decimal
from uuid import UUID

from sqlalchemy import BigInteger, ForeignKey, Identity
from sqlalchemy.orm import Mapped, mapped_column

from domain.asset import Handover
from domain.cancellation import CancellationPolicy
from domain.ticket import Action, CancelReason, TicketStatus
from models.base import Base, Id, choice


class TicketRow(Base):
    __tablename__ = "tickets"

    id: Mapped[Id]
    asset_id: Mapped[UUID] = mapped_column(ForeignKey("assets.id"))
    borrower_id: Mapped[UUID] = mapped_column(ForeignKey("users.id"))
    lender_id: Mapped[UUID] = mapped_column(ForeignKey("users.id"))
    status: Mapped[TicketStatus] = mapped_column(choice(TicketStatus))
    fee: Mapped[Decimal]
    deposit: Mapped[Decimal]
    commission_bps: Mapped[int]
    handover: Mapped[Handover] = mapped_column(choice(Handover))
    cancellation_policy: Mapped[CancellationPolicy] = mapped_column(choice(CancellationPolicy))
    starts_at: Mapped[datetime]
    ends_at: Mapped[datetime]
    deadline_at: Mapped[datetime | None]
    cancel_reason: Mapped[CancelReason | None] = mapped_column(choice(CancelReason))
    note: Mapped[str | None]
    created_at: Mapped[datetime]
    updated_at: Mapped[datetime]


class TransitionRow(Base):
    """One line of a ticket's timeline. Append-only; `actor_id` None is the system."""

    __tablename__ = "ticket_transitions"

    id: Mapped[int] = mapped_column(BigInteger, Identity(always=True), primary_key=True)
    ticket_id: Mapped[UUID] = mapped_column(ForeignKey("tickets.id"))
    at: Mapped[datetime]
    actor_id: Mapped[UUID | None]
    action: Mapped[Action] = mapped_column(choice(Action))
    from_status: Mapped[TicketStatus | None] = mapped_column(choice(TicketStatus))
    to_status: Mapped[TicketStatus] = mapped_column(choice(TicketStatus))
    reason: Mapped[CancelReason | None] = mapped_column(choice(CancelReason))
    note: Mapped[str | None]
    command_id: Mapped[str]
