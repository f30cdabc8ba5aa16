"""The figures of the platform: counters, and an aggregate of each day.

Counters are written by triggers of the tables that they count (see 0017): by nobody else.
"""

from datetime import date, datetime
from decimal import Decimal

from sqlalchemy import Numeric
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from models.base import Base


class ReportCount(Base):
    """What one connection has counted; `backend` 0 holds what was folded. Their sum is the figure.

    name: `users`, `volume`, `tickets:{status}`, `payments:{status}`, `messages:{channel}:{status}`.
    """

    __tablename__ = "report_counts"

    name: Mapped[str] = mapped_column(primary_key=True)
    backend: Mapped[int] = mapped_column(primary_key=True)
    value: Mapped[Decimal] = mapped_column(Numeric(20, 2))


class DailyReport(Base):
    """Attributes.

    volume: Fees that were paid for loans on that day, in rials.
    lender_income: What lenders received of escrows; `commission` is the platform's part.
    payments: Those opened on that day, by their status when the row was made.
    messages: Those of that day, by channel and by status, likewise.
    """

    __tablename__ = "daily_reports"

    day: Mapped[date] = mapped_column(primary_key=True)
    time_zone: Mapped[str]
    made_at: Mapped[datetime]
    new_users: Mapped[int]
    requests: Mapped[int]
    started: Mapped[int]
    completed: Mapped[int]
    cancelled: Mapped[int]
    volume: Mapped[Decimal]
    lender_income: Mapped[Decimal]
    commission: Mapped[Decimal]
    top_ups: Mapped[int]
    top_up_amount: Mapped[Decimal]
    withdrawals: Mapped[int]
    withdrawal_amount: Mapped[Decimal]
    payments: Mapped[dict[str, int]] = mapped_column(JSONB)
    messages: Mapped[dict[str, dict[str, int]]] = mapped_column(JSONB)
