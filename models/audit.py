"""The audit log: what was done by whom, append-only (the database refuses anything else)."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import BigInteger, Identity
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from domain.audit import AuditAction
from models.base import Base, Id, choice


class AuditRow(Base):
    """`seq` is given out in order of writing; of two that are written at once, either is first."""

    __tablename__ = "audit_log"

    id: Mapped[Id]
    seq: Mapped[int] = mapped_column(BigInteger, Identity(always=True), unique=True)
    at: Mapped[datetime]
    action: Mapped[AuditAction] = mapped_column(choice(AuditAction))
    actor_id: Mapped[UUID | None]
    object: Mapped[str]
    address: Mapped[str | None]
    request_id: Mapped[str | None]
    session_id: Mapped[UUID | None]
    details: Mapped[dict[str, Any]] = mapped_column(JSONB)
