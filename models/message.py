"""Messages to people: a row for each, from when it is due until it was sent or has failed."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ForeignKey
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from domain.messages.notice import Channel, Delivery, MessageStatus, NoticeKind
from models.base import Base, Id, choice


class MessageRow(Base):
    """Attributes.

    address: Only there when it is not the user's own; it goes when the message is done.
    attempts: How often it was handed over, or may have been.
    failed_tries: How often in a row a try came to nothing, from which the next pause follows.
    tried_at: When somebody last began with it; None before that, and when it is sent again.
    held_until: Nobody may begin with it before this: somebody is at it, the next try is not due
        yet, or its reader sleeps.
    ticket_id: The loan that it is about, which may have moved on before it is sent.
    resent_at: When an operator had it sent again, which happens once.
    delivery: What its provider reported last, and `delivered_at` when that was.
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
    failed_tries: Mapped[int] = mapped_column(default=0)
    provider: Mapped[str | None]
    provider_id: Mapped[str | None]
    last_error: Mapped[str | None]
    created_at: Mapped[datetime]
    tried_at: Mapped[datetime | None]
    held_until: Mapped[datetime | None]
    ticket_id: Mapped[UUID | None]
    delivery: Mapped[Delivery | None] = mapped_column(choice(Delivery))
    delivered_at: Mapped[datetime | None]
    sent_at: Mapped[datetime | None]
    resent_at: Mapped[datetime | None]
    read_at: Mapped[datetime | None]
