"""Requests that named themselves with an Idempotency-Key, and the first answer to each."""

from uuid import UUID

from sqlalchemy import SmallInteger
from sqlalchemy.orm import Mapped, mapped_column

from models.base import Base, CreatedAt, new_id


class IdempotentRequest(Base):
    """`resource_id` is drawn before the work begins, so that a repeat after a crash reuses it."""

    __tablename__ = "idempotent_requests"

    caller: Mapped[UUID] = mapped_column(primary_key=True)  # the nil UUID is the anonymous caller
    method: Mapped[str] = mapped_column(primary_key=True)
    path: Mapped[str] = mapped_column(primary_key=True)
    key: Mapped[str] = mapped_column(primary_key=True)
    fingerprint: Mapped[bytes]
    resource_id: Mapped[UUID] = mapped_column(default=new_id)
    status: Mapped[int | None] = mapped_column(SmallInteger)
    body: Mapped[bytes | None]
    created_at: Mapped[CreatedAt]
