"""What an identity opens: a login, a new account, or one more way into an account."""

from typing import Final
from uuid import UUID

from fastapi import Request
from sqlalchemy.ext.asyncio import AsyncSession

from api.accounts import logins
from api.accounts.logins import Login
from api.deps import Services
from api.origin import origin_of
from domain.audit import AuditAction, AuditLine, Origin
from domain.errors import (
    DomainError,
    EmailTaken,
    IdentityRefused,
    IdentityTaken,
    LinkRequired,
)
from domain.identity import Identity, at_login
from domain.messages.notice import Notice, NoticeKind
from models.base import new_id
from models.queries import audit, identities, messages, users
from models.user import User

# The first to come makes the account; whoever comes at the same moment finds it the next time.
_TRIES: Final = 3


async def log_in(services: Services, request: Request, identity: Identity) -> Login:
    """Start a session for an identity, in its own account or in a new one.

    Raises:
        LinkRequired: There is an account with this address, and it has to be shown whose it is.
        IdentityRefused: It opens nothing.
    """
    origin = origin_of(request)
    for _ in range(_TRIES):
        try:
            user = await _user_of(services, origin, identity)
        except (LinkRequired, IdentityRefused) as refusal:
            await _note_failure(services, origin, identity, refusal)
            raise
        except (EmailTaken, IdentityTaken):
            continue
        if login := await logins.begin(services, request, user, by=identity.provider):
            return login
    raise IdentityRefused


async def _user_of(services: Services, origin: Origin, identity: Identity) -> User:
    async with services.sessions.begin() as session:
        owner = await identities.owner_of(session, identity)
        namesake = None if owner else await identities.namesake_of(session, identity)
        opened = at_login(identity, owner, namesake)
        if opened is not None:
            return await users.get(session, opened)
        user = await _create(session, origin, identity)
        if user.email_verified:
            return user
        # The provider does not vouch for the address, so we ask there ourselves.
        notice = Notice(NoticeKind.EMAIL_VERIFICATION, user.id)
        message_id = await messages.queue(session, notice)
    await services.messages.start(message_id)
    return user


async def _create(session: AsyncSession, origin: Origin, identity: Identity) -> User:
    """Make an account that has no password; a reset gives it one.

    Raises:
        EmailTaken: Somebody was faster, with the same address.
        IdentityTaken: Or with the same identity.
    """
    if identity.email is None:
        raise IdentityRefused
    user = await users.insert_once(
        session,
        new_id(),
        email=identity.email,
        full_name=identity.full_name or identity.email.partition("@")[0],
        password_hash=None,
        email_verified=identity.is_email_proven,
    )
    if not await identities.insert_once(session, user.id, identity):
        raise IdentityTaken
    for action in (AuditAction.REGISTERED, AuditAction.IDENTITY_LINKED):
        await audit.record(session, _line(action, user.id, origin, identity))
    return user


def _line(action: AuditAction, user_id: UUID, origin: Origin, identity: Identity) -> AuditLine:
    return AuditLine(action, user_id, f"user:{user_id}", origin, {"by": identity.provider.value})


async def _note_failure(
    services: Services, origin: Origin, identity: Identity, refusal: DomainError
) -> None:
    details = {"by": identity.provider.value, "reason": refusal.code}
    async with services.sessions.begin() as session:
        whose = await identities.owner_of(session, identity)
        whose = whose or await identities.namesake_of(session, identity)
        tried = f"user:{whose.id}" if whose else f"identity:{identity.provider}"
        line = AuditLine(AuditAction.LOGIN_FAILED, None, tried, origin, details)
        await audit.record(session, line)
