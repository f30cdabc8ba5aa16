"""The audit log: what was done by whom, append-only (the database refuses anything else)."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import BigInteger, Identity, LargeBinary
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


class AuditSeal(Base):
    """A closed range of the log. Written by `seal_audit_log` alone (see migration 0011).

    Attributes:
        last_line: The highest `seq` in it; the range begins behind that of the seal before.
        leaves: For each of its lines its id and its SHA-256, so that a change can be named.
        digest: Over the seal before, this seal's own fields, and the leaves.
    """

    __tablename__ = "audit_seals"

    number: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    last_line: Mapped[int] = mapped_column(BigInteger)
    leaves: Mapped[bytes] = mapped_column(LargeBinary)
    previous: Mapped[bytes] = mapped_column(LargeBinary)
    digest: Mapped[bytes] = mapped_column(LargeBinary)
    sealed_at: Mapped[datetime]
