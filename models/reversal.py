"""Wishes to reverse a ledger transaction. The database wants two different people for each."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import ForeignKey
from sqlalchemy.orm import Mapped, mapped_column

from domain.reversal import ReversalStatus
from models.base import Base, Id, choice


class ReversalRow(Base):
    __tablename__ = "ledger_reversals"

    id: Mapped[Id]
    transaction_id: Mapped[UUID] = mapped_column(ForeignKey("ledger_transactions.id"))
    reason: Mapped[str]
    status: Mapped[ReversalStatus] = mapped_column(choice(ReversalStatus))
    requested_by: Mapped[UUID] = mapped_column(ForeignKey("users.id"))
    decided_by: Mapped[UUID | None] = mapped_column(ForeignKey("users.id"))
    decided_at: Mapped[datetime | None]
    note: Mapped[str | None]
    created_at: Mapped[datetime]
    expires_at: Mapped[datetime]
