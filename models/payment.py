"""Wallet top-ups through the gateway."""

from datetime import datetime
from decimal import Decimal
from uuid import UUID

from sqlalchemy import ForeignKey
from sqlalchemy.orm import Mapped, mapped_column

from domain.payment import CardReversal, Notice, PaymentStatus
from models.base import Base, Id, choice


class PaymentRow(Base):
    __tablename__ = "payments"

    id: Mapped[Id]
    user_id: Mapped[UUID] = mapped_column(ForeignKey("users.id"))
    ticket_id: Mapped[UUID | None] = mapped_column(ForeignKey("tickets.id"))
    amount: Mapped[Decimal]
    currency: Mapped[str]
    status: Mapped[PaymentStatus] = mapped_column(choice(PaymentStatus))
    authority: Mapped[str | None] = mapped_column(unique=True)
    redirect_url: Mapped[str | None]
    ref_id: Mapped[str | None]
    card_pan: Mapped[str | None]
    fee: Mapped[Decimal | None]
    created_at: Mapped[datetime]
    paid_at: Mapped[datetime | None]
    notice: Mapped[Notice | None] = mapped_column(choice(Notice))
    reversal: Mapped[CardReversal | None] = mapped_column(choice(CardReversal))
