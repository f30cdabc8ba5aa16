"""What owners lend."""

from decimal import Decimal
from uuid import UUID

from sqlalchemy import Computed, ForeignKey
from sqlalchemy.dialects.postgresql import TSVECTOR
from sqlalchemy.orm import Mapped, mapped_column

from domain.asset import Handover
from domain.cancellation import CancellationPolicy
from models.base import Base, CreatedAt, Id, choice


class AssetRow(Base):
    __tablename__ = "assets"

    id: Mapped[Id]
    owner_id: Mapped[UUID] = mapped_column(ForeignKey("users.id"))
    title: Mapped[str]
    description: Mapped[str]
    category: Mapped[str]
    daily_fee: Mapped[Decimal]
    deposit: Mapped[Decimal]
    max_days: Mapped[int]
    handover: Mapped[Handover] = mapped_column(choice(Handover))
    cancellation_policy: Mapped[CancellationPolicy] = mapped_column(choice(CancellationPolicy))
    is_listed: Mapped[bool] = mapped_column(default=True)
    created_at: Mapped[CreatedAt]
    # What it is searched by; nobody reads it. The function is in migration 0010.
    words: Mapped[str] = mapped_column(
        TSVECTOR,
        Computed("asset_words(title, description)"),
        deferred=True,
        deferred_raiseload=True,
    )
