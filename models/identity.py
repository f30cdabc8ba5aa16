"""Accounts at other providers, and logins with them that are under way."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import ForeignKey, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from domain.identity import Provider
from models.base import Base, CreatedAt, Id, choice


class IdentityRow(Base):
    """One way into an account. `email` is what the provider said when it was linked."""

    __tablename__ = "identities"
    __table_args__ = (
        UniqueConstraint("provider", "issuer", "subject"),
        UniqueConstraint("user_id", "provider"),
    )

    id: Mapped[Id]
    user_id: Mapped[UUID] = mapped_column(ForeignKey("users.id"))
    provider: Mapped[Provider] = mapped_column(choice(Provider))
    issuer: Mapped[str]
    subject: Mapped[str]
    email: Mapped[str | None]
    created_at: Mapped[CreatedAt]


class FlowRow(Base):
    """A login that waits for its browser to come back. It is deleted by being used."""

    __tablename__ = "oauth_flows"

    state_digest: Mapped[bytes] = mapped_column(primary_key=True)
    browser_digest: Mapped[bytes]
    provider: Mapped[Provider] = mapped_column(choice(Provider))
    nonce: Mapped[str]
    verifier: Mapped[str]
    next_path: Mapped[str]
    link_session_id: Mapped[UUID | None] = mapped_column(ForeignKey("sessions.id"))
    expires_at: Mapped[datetime] = mapped_column(index=True)
