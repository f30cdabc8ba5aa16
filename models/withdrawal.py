"""Withdrawals to bank accounts. The account's number is encrypted before it comes here."""

from datetime import datetime
from decimal import Decimal
from typing import Final
from uuid import UUID

from sqlalchemy import ForeignKey, LargeBinary
from sqlalchemy.orm import Mapped, mapped_column

from domain.withdrawal import WithdrawalStatus
from models.base import Base, Id, choice

IBAN_COLUMN: Final = "withdrawals.iban"


class WithdrawalRow(Base):
    """`iban` is bound to its row: see models/encrypted.py."""

    __tablename__ = "withdrawals"

    id: Mapped[Id]
    user_id: Mapped[UUID] = mapped_column(ForeignKey("users.id"))
    amount: Mapped[Decimal]
    iban: Mapped[bytes] = mapped_column(LargeBinary)
    iban_index: Mapped[bytes | None] = mapped_column(LargeBinary)  # finds equal numbers
    iban_end: Mapped[str]
    status: Mapped[WithdrawalStatus] = mapped_column(choice(WithdrawalStatus))
    decided_by: Mapped[UUID | None] = mapped_column(ForeignKey("users.id"))
    decided_at: Mapped[datetime | None]
    note: Mapped[str | None]
    bank_reference: Mapped[str | None]
    created_at: Mapped[datetime]
    closed_by: Mapped[UUID | None] = mapped_column(ForeignKey("users.id"))
    closed_at: Mapped[datetime | None]
