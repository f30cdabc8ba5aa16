"""How a login begins, by password or in another way. What follows it is in rotation.py."""

import hmac
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from fastapi import Request

from api.accounts.tokens import Access, digest, new_refresh_token
from api.deps import Services
from api.origin import origin_of
from domain.audit import AuditAction, AuditLine, Origin
from domain.errors import InvalidCredentials
from models.base import new_id
from models.queries import audit, refresh_tokens, sessions, users
from models.user import User


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
        RateLimited: Too many have failed, for this account or from where the request comes.
    """
    origin = origin_of(request)
    attempt = await services.login_guard.admit(email, origin.address or "")
    user = await _proven(services, origin, email, password)
    await services.login_guard.succeeded(attempt)
    login = await begin(services, request, user, by="password")
    # Another login renewed the hash, or somebody changed the password, while we compared it.
    return login or await log_in(services, request, email, password)


async def _proven(services: Services, origin: Origin, email: str, password: str) -> User:
    """Return whose password it is. An unknown address takes every step that a known one takes."""
    async with services.reads() as session:
        user = await users.by_email(session, email)
    # No connection is held while argon2 works or waits for its turn.
    verdict = await services.passwords.verify(password, user.password_hash if user else None)
    if user is None or not verdict.is_right or not user.is_active:
        await _note_failure(services, origin, email, user)
        raise InvalidCredentials
    if verdict.rehashed:
        async with services.sessions.begin() as session:
            await users.replace_password(session, user.id, user.password_hash, verdict.rehashed)
        user.password_hash = verdict.rehashed
    return user


async def _note_failure(services: Services, origin: Origin, email: str, user: User | None) -> None:
    # Never as it was typed: it may be a password that was, or the address of somebody unknown here.
    # Under a key, because addresses can be guessed.
    unknown = hmac.digest(services.fingerprint_key, email.encode(), "sha256").hex()[:16]
    tried = f"user:{user.id}" if user else f"address:{unknown}"
    async with services.sessions.begin() as session:
        await audit.record(session, AuditLine(AuditAction.LOGIN_FAILED, None, tried, origin))


async def begin(services: Services, request: Request, user: User, by: str) -> Login | None:
    """Start a new session of somebody who has proven who they are.

    Args:
        services: What this process holds.
        request: Where the session is noted to come from.
        user: As read before the proof.
        by: What the proof was, for the audit log: `password`, or the name of a provider.

    Returns:
        None if the account was closed or got another password since `user` was read. Who changes
        a password ends all sessions, and none that was begun with the old one may come after that.
    """
    refresh, session_id = new_refresh_token(), new_id()
    origin = origin_of(request)
    async with services.sessions.begin() as session:
        held = await users.hold(session, user.id)
        if not held.is_active or held.password_hash != user.password_hash:
            return None
        await sessions.start(
            session,
            session_id,
            user.id,
            services.session_lifetime,
            user_agent=_user_agent(request),
            address=origin.address,
        )
        await refresh_tokens.add(session, session_id, digest(refresh), services.refresh_lifetime)
        line = AuditLine(AuditAction.LOGIN, user.id, f"user:{user.id}", origin, {"by": by})
        await audit.record(session, line)
    return login_of(services, held, session_id, refresh)


def _user_agent(request: Request) -> str | None:
    given = request.headers.get("User-Agent")
    return given[:300].replace("\x00", "") if given else None


def login_of(services: Services, user: User, session_id: UUID, refresh_token: str) -> Login:
    access, expires_at = services.tokens.issue(Access(user.id, session_id))
    return Login(user, session_id, access, expires_at, refresh_token)
