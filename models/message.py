"""Messages to people: a row for each, from when it is due until it was sent or has failed."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ForeignKey
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from domain.notice import Channel, MessageStatus, NoticeKind
from models.base import Base, Id, choice


class MessageRow(Base):
    """Attributes.

    address: Only there when it is not the user's own; it goes when the message is done.
    attempts: How often it was handed over, or may have been.
    tried_at: When somebody last began with it.
    held_until: Somebody is at it now, and nobody else may be before this.
    """

    __tablename__ = "messages"

    id: Mapped[Id]
    user_id: Mapped[UUID | None] = mapped_column(ForeignKey("users.id"))
    channel: Mapped[Channel] = mapped_column(choice(Channel))
    kind: Mapped[NoticeKind] = mapped_column(choice(NoticeKind))
    address: Mapped[str | None]
    facts: Mapped[dict[str, Any]] = mapped_column(JSONB)
    status: Mapped[MessageStatus] = mapped_column(choice(MessageStatus))
    attempts: Mapped[int] = mapped_column(default=0)
    provider: Mapped[str | None]
    provider_id: Mapped[str | None]
    last_error: Mapped[str | None]
    created_at: Mapped[datetime]
    tried_at: Mapped[datetime | None]
    held_until: Mapped[datetime | None]
    sent_at: Mapped[datetime | None]
    read_at: Mapped[datetime | None]
