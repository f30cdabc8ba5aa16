"""The secrets that prove an address, of each account one for each purpose. Digests only."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import ForeignKey, LargeBinary
from sqlalchemy.orm import Mapped, mapped_column

from domain.messages.notice import NoticeKind
from models.base import Base, choice


class AccountToken(Base):
    """A link or a code that was sent.

    Attributes:
        purpose: The kind of message that holds the secret.
        target: What it proves, where that can change meanwhile: the phone's blind index.
        attempts: How often it was guessed at.
        used_by: The command that used it up, so that repeating the command changes nothing.
    """

    __tablename__ = "account_tokens"

    user_id: Mapped[UUID] = mapped_column(ForeignKey("users.id"), primary_key=True)
    purpose: Mapped[NoticeKind] = mapped_column(choice(NoticeKind), primary_key=True)
    digest: Mapped[bytes] = mapped_column(LargeBinary, unique=True)
    target: Mapped[bytes | None] = mapped_column(LargeBinary)
    attempts: Mapped[int] = mapped_column(default=0)
    created_at: Mapped[datetime]
    expires_at: Mapped[datetime]
    used_at: Mapped[datetime | None]
    used_by: Mapped[UUID | None]
