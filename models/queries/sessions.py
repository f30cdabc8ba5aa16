"""Statements on logins and their refresh tokens. Times are the database's, one clock for all."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import timedelta
from typing import NamedTuple, cast
from uuid import UUID

from sqlalchemy import (
    ARRAY,
    ColumnElement,
    Table,
    Uuid,
    any_,
    bindparam,
    exists,
    func,
    insert,
    select,
    update,
)
from sqlalchemy.ext.asyncio import AsyncSession

from models.user import LoginSession, RefreshToken, User, UserRole

_USER_OF = (
    select(User)
    .join(LoginSession, LoginSession.user_id == User.id)
    .where(
        LoginSession.id == bindparam("session_id"),
        LoginSession.revoked_at.is_(None),
        User.is_active,
    )
)
# Every request with a login asks for it: two columns, and without the ORM's bookkeeping.
_S, _U = cast("Table", LoginSession.__table__), cast("Table", User.__table__)
_HOLDER_OF = (
    select(_U.c.id, _U.c.role)
    .join(_S, _S.c.user_id == _U.c.id)
    .where(_S.c.id == bindparam("session_id"), _S.c.revoked_at.is_(None), _U.c.is_active)
)
# The ids are one parameter, however many there are.
_GOING_ON = (
    select(LoginSession.id)
    .join(User, LoginSession.user_id == User.id)
    .where(
        LoginSession.id == any_(bindparam("session_ids", type_=ARRAY(Uuid))),
        LoginSession.revoked_at.is_(None),
        User.is_active,
    )
)


class Holder(NamedTuple):
    """Whose login it is, as far as it matters to what they may do."""

    id: UUID
    role: UserRole


async def holder_of(session: AsyncSession, session_id: UUID) -> Holder | None:
    """Return whose login this is, unless it has ended or the account was closed."""
    row = (await session.execute(_HOLDER_OF, {"session_id": session_id})).one_or_none()
    return Holder(*row) if row else None


async def user_of(session: AsyncSession, session_id: UUID) -> User | None:
    """Return whose login this is, unless it has ended or the account was closed."""
    return (await session.scalars(_USER_OF, {"session_id": session_id})).one_or_none()


async def going_on(session: AsyncSession, session_ids: Collection[UUID]) -> set[UUID]:
    """Return those of these logins that have not ended, of accounts that are not closed."""
    return set(await session.scalars(_GOING_ON, {"session_ids": list(session_ids)}))


async def start(
    session: AsyncSession,
    session_id: UUID,
    user_id: UUID,
    *,
    user_agent: str | None,
    address: str | None,
) -> None:
    await session.execute(
        insert(LoginSession).values(
            id=session_id, user_id=user_id, user_agent=user_agent, address=address
        )
    )


async def add_token(
    session: AsyncSession, session_id: UUID, digest: bytes, lifetime: timedelta
) -> None:
    now = func.clock_timestamp()
    await session.execute(
        insert(RefreshToken).values(
            digest=digest, session_id=session_id, created_at=now, expires_at=now + lifetime
        )
    )


async def session_of_token(session: AsyncSession, digest: bytes) -> UUID | None:
    statement = select(RefreshToken.session_id).where(RefreshToken.digest == digest)
    return await session.scalar(statement)


async def lock(session: AsyncSession, session_id: UUID) -> LoginSession:
    """Return a login that nobody else can refresh or end until this transaction ends."""
    statement = select(LoginSession).where(LoginSession.id == session_id).with_for_update()
    return (await session.scalars(statement)).one()


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


async def token_state(session: AsyncSession, digest: bytes) -> TokenState:
    """Read a token anew; call it after `lock`, whose wait may have changed the answer."""
    token = select(RefreshToken).where(RefreshToken.digest == digest).subquery()
    newer = exists().where(
        RefreshToken.session_id == token.c.session_id, RefreshToken.used_at > token.c.used_at
    )
    now = func.clock_timestamp()
    statement = select(token.c.expires_at <= now, now - token.c.used_at, ~newer)
    is_expired, used_for, is_last_used = (await session.execute(statement)).one()
    return TokenState(is_expired, used_for, is_last_used)


async def use_token(session: AsyncSession, digest: bytes, session_id: UUID) -> None:
    now = func.clock_timestamp()
    await session.execute(
        update(RefreshToken).where(RefreshToken.digest == digest).values(used_at=now)
    )
    await session.execute(
        update(LoginSession).where(LoginSession.id == session_id).values(last_seen_at=now)
    )


async def revoke(session: AsyncSession, session_id: UUID) -> None:
    await _revoke(session, LoginSession.id == session_id)


async def revoke_all(session: AsyncSession, user_id: UUID) -> None:
    await _revoke(session, LoginSession.user_id == user_id)


async def _revoke(session: AsyncSession, which: ColumnElement[bool]) -> None:
    statement = update(LoginSession).where(which, LoginSession.revoked_at.is_(None))
    await session.execute(statement.values(revoked_at=func.clock_timestamp()))
