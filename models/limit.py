"""Who has asked how often, and whose logins have failed. Whose is a keyed hash: no address."""

from datetime import datetime

from sqlalchemy.orm import Mapped, mapped_column

from models.base import Base


class RateLimit(Base):
    """When all that somebody used up will have grown back; a row of the past says nothing.

    UNLOGGED: a crash of the server empties it, which forgives everybody once.
    """

    __tablename__ = "rate_limits"
    __table_args__ = ({"prefixes": ["UNLOGGED"]},)

    key: Mapped[bytes] = mapped_column(primary_key=True)
    full_at: Mapped[datetime]


class LoginFailure(Base):
    """Failed logins of an account or an address. Logged: a crash forgives no guess."""

    __tablename__ = "login_failures"

    key: Mapped[bytes] = mapped_column(primary_key=True)
    failures: Mapped[int]
    last_at: Mapped[datetime]
