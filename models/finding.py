"""Where workflow, row, ledger and gateway disagree, since when, and about how much."""

from datetime import datetime
from decimal import Decimal

from sqlalchemy.orm import Mapped

from models.base import Base, Id


class FindingRow(Base):
    """Open until the comparison that found it no longer does."""

    __tablename__ = "findings"

    id: Mapped[Id]
    kind: Mapped[str]
    subject: Mapped[str]  # such as payment:{id}, ticket:{id}, or the gateway's authority
    amount: Mapped[Decimal]
    detail: Mapped[str]
    found_at: Mapped[datetime]
    seen_at: Mapped[datetime]
    cleared_at: Mapped[datetime | None]
