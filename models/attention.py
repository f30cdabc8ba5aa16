"""Workflows that need a person: why, what to do, and how much money waits meanwhile."""

from datetime import datetime
from decimal import Decimal

from sqlalchemy import BigInteger, Identity
from sqlalchemy.orm import Mapped, mapped_column

from domain.attention import Outcome, Trouble
from models.base import Base, Id, choice


class AttentionRow(Base):
    """Written by the workflow itself, under an id that it made; open until it is `cleared_at`."""

    __tablename__ = "attention"

    id: Mapped[Id]
    seq: Mapped[int] = mapped_column(BigInteger, Identity(always=True), unique=True)
    workflow_id: Mapped[str]
    workflow_type: Mapped[str]
    kind: Mapped[Trouble] = mapped_column(choice(Trouble))
    cause: Mapped[str]
    todo: Mapped[str]
    amount: Mapped[Decimal]
    since: Mapped[datetime]
    cleared_at: Mapped[datetime | None]
    outcome: Mapped[Outcome | None] = mapped_column(choice(Outcome))
