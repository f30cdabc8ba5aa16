"""How a login begins, and how its refresh tokens follow one another. HTTP is in routes/auth.py."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from fastapi import Request
from sqlalchemy.ext.asyncio import AsyncSession

from api.deps import Services
from api.tokens import Access, digest, new_refresh_token
from domain.errors import InvalidCredentials, NotAuthenticated, TokenReused
from models.base import new_id
from models.queries import sessions, users
from models.user import User

# Two tabs that refresh at the same moment are no thieves.
GRACE: Final = timedelta(seconds=10)


@dataclass(frozen=True)
class Login:
    """What a client holds after it logged in or refreshed."""

    user: User
    session_id: UUID
    access_token: str
    access_expires_at: datetime
    refresh_token: str


async def log_in(services: Services, request: Request, email: str, password: str) -> Login:
    """Check a password and start a new session.

    Raises:
        InvalidCredentials: Unknown address, wrong password or closed account: all the same.
    """
    async with services.reads() as session:
        user = await users.by_email(session, email)
    # No connection is held while argon2 works or waits for its turn.
    verdict = await services.passwords.verify(password, user.password_hash if user else None)
    if user is None or not verdict.is_right or not user.is_active:
        raise InvalidCredentials
    refresh, session_id = new_refresh_token(), new_id()
    async with services.sessions.begin() as session:
        if verdict.rehashed:
            await users.set_password_hash(session, user.id, verdict.rehashed)
        await sessions.start(
            session,
            session_id,
            user.id,
            user_agent=_user_agent(request),
            address=request.client.host if request.client else None,
        )
        await sessions.add_token(session, session_id, digest(refresh), services.refresh_lifetime)
    return _login(services, user, session_id, refresh)


def _user_agent(request: Request) -> str | None:
    given = request.headers.get("User-Agent")
    return given[:300].replace("\x00", "") if given else None


async def refresh(services: Services, token: str) -> Login:
    """Exchange a refresh token for a new pair. It works once.

    Raises:
        NotAuthenticated: It is unknown, expired, or another tab used it a moment ago.
        TokenReused: It was used before, so it may be stolen; its session is ended.
    """
    async with services.sessions.begin() as session:
        outcome = await _rotate(services, session, token)
    # Raised after the commit: a reused token ends its session although the answer is an error.
    if isinstance(outcome, Exception):
        raise outcome
    return outcome


async def _rotate(
    services: Services, session: AsyncSession, token: str
) -> Login | NotAuthenticated | TokenReused:
    used = digest(token)
    session_id = await sessions.session_of_token(session, used)
    if session_id is None:
        return NotAuthenticated("This refresh token is not known.")
    await sessions.lock(session, session_id)
    user = await sessions.user_of(session, session_id)
    state = await sessions.token_state(session, used)
    if user is None or state.is_expired:
        return NotAuthenticated("This login has ended.")
    if state.used_for is not None:
        return await _used_again(session, session_id, state.used_for, state.is_last_used)
    successor = new_refresh_token()
    await sessions.use_token(session, used, session_id)
    await sessions.add_token(session, session_id, digest(successor), services.refresh_lifetime)
    return _login(services, user, session_id, successor)


async def _used_again(
    session: AsyncSession,
    session_id: UUID,
    used_for: timedelta,
    is_last_used: bool,  # noqa: FBT001
) -> NotAuthenticated | TokenReused:
    if used_for <= GRACE and is_last_used:
        return NotAuthenticated("This refresh token was used just now; use the newer one.")
    await sessions.revoke(session, session_id)
    return TokenReused()


def _login(services: Services, user: User, session_id: UUID, refresh_token: str) -> Login:
    access, expires_at = services.tokens.issue(Access(user.id, session_id))
    return Login(user, session_id, access, expires_at, refresh_token)
