"""Statements on refresh tokens. Times are the database's, one clock for all."""

from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

from sqlalchemy import exists, func, insert, literal, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from models.user import LoginSession, RefreshToken


async def add(session: AsyncSession, session_id: UUID, digest: bytes, lifetime: timedelta) -> None:
    """Store a login's next token. It lives no longer than the login itself."""
    now = func.clock_timestamp()
    until = func.least(now + lifetime, LoginSession.expires_at)
    row = select(literal(digest), LoginSession.id, now, until).where(LoginSession.id == session_id)
    columns = ["digest", "session_id", "created_at", "expires_at"]
    await session.execute(insert(RefreshToken).from_select(columns, row))


async def session_of(session: AsyncSession, digest: bytes) -> UUID | None:
    statement = select(RefreshToken.session_id).where(RefreshToken.digest == digest)
    return await session.scalar(statement)


@dataclass(frozen=True)
class TokenState:
    """What is known of a refresh token.

    Attributes:
        used_for: How long ago it was used; None if it was not.
        is_last_used: No newer token of its session has been used.
    """

    is_expired: bool
    used_for: timedelta | None
    is_last_used: bool


async def state(session: AsyncSession, digest: bytes) -> TokenState:
    """Read a token anew; call it with its session locked, the wait may have changed the answer."""
    token = select(RefreshToken).where(RefreshToken.digest == digest).subquery()
    newer = exists().where(
        RefreshToken.session_id == token.c.session_id, RefreshToken.used_at > token.c.used_at
    )
    now = func.clock_timestamp()
    statement = select(token.c.expires_at <= now, now - token.c.used_at, ~newer)
    is_expired, used_for, is_last_used = (await session.execute(statement)).one()
    return TokenState(is_expired, used_for, is_last_used)


async def use(session: AsyncSession, digest: bytes) -> None:
    statement = update(RefreshToken).where(RefreshToken.digest == digest)
    await session.execute(statement.values(used_at=func.clock_timestamp()))
