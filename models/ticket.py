"""Tickets, every transition they made, and the notes of disputes.

A row is the whole state of its ticket, dispute and offer included, so that one lock guards it.
The calendar's exclusion constraint is in migration 0002.
"""

from datetime import datetime
from decimal import Decimal
from uuid import UUID

from sqlalchemy import BigInteger, ForeignKey, Identity
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from domain.asset import Handover
from domain.cancellation import CancellationPolicy
from domain.dispute import DisputeStatus
from domain.extension import ExtensionStatus
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
    daily_fee: Mapped[Decimal]
    cancellation_version: Mapped[int | None]
    extension_number: Mapped[int | None]
    extension_status: Mapped[ExtensionStatus | None] = mapped_column(choice(ExtensionStatus))
    extension_ends_at: Mapped[datetime | None]
    extension_fee: Mapped[Decimal | None]
    extension_offered_at: Mapped[datetime | None]
    extension_expires_at: Mapped[datetime | None]
    dispute_status: Mapped[DisputeStatus | None] = mapped_column(choice(DisputeStatus))
    dispute_opened_by: Mapped[UUID | None] = mapped_column(ForeignKey("users.id"))
    dispute_reason: Mapped[str | None]
    dispute_claim: Mapped[Decimal | None]
    dispute_opened_at: Mapped[datetime | None]
    dispute_to_lender: Mapped[Decimal | None]
    dispute_to_borrower: Mapped[Decimal | None]


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
    details: Mapped[dict[str, str]] = mapped_column(JSONB)


class DisputeNoteRow(Base):
    """What somebody had to say in a dispute. Append-only."""

    __tablename__ = "dispute_notes"

    id: Mapped[Id]
    ticket_id: Mapped[UUID] = mapped_column(ForeignKey("tickets.id"))
    author_id: Mapped[UUID] = mapped_column(ForeignKey("users.id"))
    at: Mapped[datetime]
    note: Mapped[str]
