"""Adding an identity to the account of somebody who is logged in, and taking it away again."""

from collections.abc import Collection
from dataclasses import replace
from datetime import timedelta
from typing import Final
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from api.deps import Caller, Services
from domain.audit import AuditAction, AuditLine, Origin
from domain.errors import (
    IdentityTaken,
    InvalidCredentials,
    NotAuthenticated,
    NotFound,
    RecentLoginRequired,
)
from domain.identity import Identity, Provider, at_link, at_unlink
from domain.messages.notice import Notice, NoticeKind
from models.queries import audit, identities, messages, sessions, users

_RECENT: Final = timedelta(minutes=10)


async def check_recent(services: Services, caller: Caller, password: str | None) -> None:
    """Let somebody pass who has just shown who they are, by logging in or by their password.

    Raises:
        InvalidCredentials: The password is wrong, or the account has none.
        RecentLoginRequired: The login is old, and there is no password with the request.
    """
    async with services.reads() as session:
        if password is None:
            age = await identities.age_of_login(session, caller.session_id)
            if age is None or age > _RECENT:
                raise RecentLoginRequired
            return
        user = await users.get(session, caller.id)
    # No connection is held while argon2 works or waits for its turn.
    verdict = await services.passwords.verify(password, user.password_hash)
    if not verdict.is_right:
        raise InvalidCredentials


async def link(services: Services, origin: Origin, session_id: UUID, identity: Identity) -> None:
    """Add a way into the account of a login. Safe to repeat.

    Raises:
        NotAuthenticated: That login has ended.
        IdentityTaken: It is somebody else's way in.
        ProviderLinked: The account has another of this provider.
        EmailUnverified: The account's address is to be proven first.
    """
    async with services.sessions.begin() as session:
        holder = await sessions.holder_of(session, session_id)
        if holder is None:
            raise NotAuthenticated("This login has ended.")
        user = identities.account_of(await identities.lock_user(session, holder.id))
        owner = await identities.owner_of(session, identity)
        linked = await identities.of_user(session, user.id)
        has_other = any(one.provider == identity.provider for one in linked)
        if not at_link(user, owner, has_other=has_other):
            return
        if not await identities.insert_once(session, user.id, identity):
            raise IdentityTaken  # since we looked
        where = replace(origin, session_id=session_id)
        line = _line(AuditAction.IDENTITY_LINKED, user.id, identity.provider, where)
        await audit.record(session, line)
        notice = _notice(NoticeKind.IDENTITY_LINKED, user.id, identity.provider)
        message_id = await messages.queue(session, notice)
    await services.messages.start(message_id)


async def unlink(services: Services, caller: Caller, origin: Origin, provider: Provider) -> None:
    """Take a way in away from the caller's account.

    Raises:
        NotFound: It has none of this provider.
        LastWayIn: It has no other.
    """
    async with services.sessions.begin() as session:
        user = await identities.lock_user(session, caller.id)
        linked = {one.provider for one in await identities.of_user(session, user.id)}
        if provider not in linked:
            raise NotFound("No identity of this provider is linked.")
        others = _usable(services, linked - {provider})
        at_unlink(has_password=user.password_hash is not None, others=others)
        await identities.remove(session, user.id, provider)
        where = replace(origin, session_id=caller.session_id)
        line = _line(AuditAction.IDENTITY_UNLINKED, user.id, provider, where)
        await audit.record(session, line)
        notice = _notice(NoticeKind.IDENTITY_UNLINKED, user.id, provider)
        message_id = await messages.queue(session, notice)
    await services.messages.start(message_id)


async def distrust(session: AsyncSession, user_id: UUID, origin: Origin) -> None:
    """Unlink whatever is linked to an account whose address was proven only now, by a reset.

    Somebody else may have claimed the address before its owner came, and must keep no way in.
    """
    for provider in await identities.remove_all(session, user_id):
        line = _line(AuditAction.IDENTITY_UNLINKED, user_id, provider, origin)
        await audit.record(session, line)


def _usable(services: Services, providers: Collection[Provider]) -> int:
    """Count them without those whose credentials are gone: nobody can log in with one."""
    return len(services.providers.by_name.keys() & set(providers))


def _line(action: AuditAction, user_id: UUID, provider: Provider, origin: Origin) -> AuditLine:
    return AuditLine(action, user_id, f"user:{user_id}", origin, {"by": provider.value})


def _notice(kind: NoticeKind, user_id: UUID, provider: Provider) -> Notice:
    return Notice(kind, user_id, facts={"provider": provider.value})
