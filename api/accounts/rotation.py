"""How the refresh tokens of a login follow one another, and what betrays that one was stolen."""

from dataclasses import replace
from datetime import timedelta
from typing import Final
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from api.accounts.logins import Login, login_of
from api.accounts.tokens import digest, new_refresh_token
from api.deps import Services
from domain.audit import AuditAction, AuditLine, Origin
from domain.errors import JustRefreshed, NotAuthenticated, TokenReused
from domain.messages.notice import Notice, NoticeKind
from models.queries import audit, messages, refresh_tokens, sessions
from models.user import User

# Two tabs that refresh at the same moment are no thieves.
GRACE: Final = timedelta(seconds=10)


async def refresh(services: Services, origin: Origin, token: str) -> Login:
    """Exchange a refresh token for a new pair. It works once.

    Raises:
        NotAuthenticated: It is unknown or expired, or its login has ended.
        JustRefreshed: Another tab used it a moment ago.
        TokenReused: It was used before, so it may be stolen; its login is ended.
    """
    used = digest(token)
    async with services.sessions.begin() as session:
        session_id = await refresh_tokens.session_of(session, used)
        if session_id is None:
            raise NotAuthenticated("This refresh token is not known.")
        await sessions.lock(session, session_id)
        user = await sessions.user_of(session, session_id)
        state = await refresh_tokens.state(session, used)
        if user is None or state.is_expired:
            raise NotAuthenticated("This login has ended.")
        if state.used_for is None:
            return await _rotate(services, session, session_id, user, used)
        if state.used_for <= GRACE and state.is_last_used:
            raise JustRefreshed
        message_id = await _end_stolen(session, session_id, user.id, origin)
    # Only now: the end of the login is kept although the answer is an error.
    await services.messages.start(message_id)
    raise TokenReused


async def _rotate(
    services: Services, session: AsyncSession, session_id: UUID, user: User, used: bytes
) -> Login:
    successor = new_refresh_token()
    await refresh_tokens.use(session, used)
    await sessions.see(session, session_id)
    await refresh_tokens.add(session, session_id, digest(successor), services.refresh_lifetime)
    return login_of(services, user, session_id, successor)


async def _end_stolen(
    session: AsyncSession, session_id: UUID, user_id: UUID, origin: Origin
) -> UUID:
    """End a login of which two hold tokens, and queue the message that tells its owner."""
    await sessions.revoke(session, session_id)
    # Nobody knows who of the two came now, so the line names no actor.
    where = replace(origin, session_id=session_id)
    await audit.record(session, AuditLine(AuditAction.TOKEN_REUSED, None, f"user:{user_id}", where))
    return await messages.queue(session, Notice(NoticeKind.SESSION_STOLEN, user_id))
