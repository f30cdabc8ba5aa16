"""Accounts, where they are logged in, and the tokens that keep them so."""

from datetime import datetime
from enum import StrEnum
from uuid import UUID

from sqlalchemy import ForeignKey, LargeBinary
from sqlalchemy.orm import Mapped, mapped_column

from models.base import Base, CreatedAt, Id, choice


class UserRole(StrEnum):
    USER = "user"
    OPERATOR = "operator"
    ADMIN = "admin"


class User(Base):
    """`phone` and `national_id` are encrypted: see models/personal.py."""

    __tablename__ = "users"

    id: Mapped[Id]
    email: Mapped[str] = mapped_column(unique=True)  # lower case
    email_verified: Mapped[bool] = mapped_column(default=False)
    full_name: Mapped[str]
    phone: Mapped[bytes | None] = mapped_column(LargeBinary)
    phone_index: Mapped[bytes | None] = mapped_column(LargeBinary)
    phone_verified: Mapped[bool] = mapped_column(default=False)
    national_id: Mapped[bytes | None] = mapped_column(LargeBinary)
    national_id_index: Mapped[bytes | None] = mapped_column(LargeBinary)
    role: Mapped[UserRole] = mapped_column(choice(UserRole), default=UserRole.USER)
    locale: Mapped[str] = mapped_column(default="fa")
    password_hash: Mapped[str | None]  # None: logs in through a provider only
    is_active: Mapped[bool] = mapped_column(default=True)
    created_at: Mapped[CreatedAt]


class LoginSession(Base):
    """One place where a user is logged in; ending it ends all its tokens."""

    __tablename__ = "sessions"

    id: Mapped[Id]
    user_id: Mapped[UUID] = mapped_column(ForeignKey("users.id"), index=True)
    user_agent: Mapped[str | None]
    address: Mapped[str | None]
    created_at: Mapped[CreatedAt]
    last_seen_at: Mapped[CreatedAt]
    expires_at: Mapped[datetime]  # however often it is refreshed
    revoked_at: Mapped[datetime | None]


class RefreshToken(Base):
    """A token that can be used once. Only its SHA-256 is stored."""

    __tablename__ = "refresh_tokens"

    digest: Mapped[bytes] = mapped_column(primary_key=True)
    session_id: Mapped[UUID] = mapped_column(ForeignKey("sessions.id"), index=True)
    created_at: Mapped[CreatedAt]
    expires_at: Mapped[datetime]
    used_at: Mapped[datetime | None]
