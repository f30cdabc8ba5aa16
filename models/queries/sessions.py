"""Statements on logins. Times are the database's, one clock for all."""

from collections.abc import Collection, Sequence
from datetime import datetime, timedelta
from typing import NamedTuple, cast
from uuid import UUID

from sqlalchemy import (
    ARRAY,
    ColumnElement,
    Table,
    Uuid,
    and_,
    any_,
    bindparam,
    exists,
    func,
    insert,
    select,
    update,
)
from sqlalchemy.ext.asyncio import AsyncSession

from domain.errors import NotFound
from models.user import LoginSession, RefreshToken, User, UserRole

_S, _U = cast("Table", LoginSession.__table__), cast("Table", User.__table__)
_T = cast("Table", RefreshToken.__table__)
# A closed account has no logins, whatever their rows say.
_GOES_ON = and_(_S.c.revoked_at.is_(None), _S.c.expires_at > func.now(), _U.c.is_active)
_USER_OF = (
    select(User)
    .join(_S, _S.c.user_id == _U.c.id)
    .where(_S.c.id == bindparam("session_id"), _GOES_ON)
)
# Every request with a login asks for it: two columns, and without the ORM's bookkeeping.
HOLDER_OF = (
    select(_U.c.id, _U.c.role)
    .join(_S, _S.c.user_id == _U.c.id)
    .where(_S.c.id == bindparam("session_id"), _GOES_ON)
)
# The ids are one parameter, however many there are.
_GOING_ON = (
    select(_S.c.id)
    .join(_U, _S.c.user_id == _U.c.id)
    .where(_S.c.id == any_(bindparam("session_ids", type_=ARRAY(Uuid))), _GOES_ON)
)


class Holder(NamedTuple):
    """Whose login it is, as far as it matters to what they may do."""

    id: UUID
    role: UserRole


class Place(NamedTuple):
    """Where a user is logged in.

    Attributes:
        last_seen_at: When its tokens were exchanged last, or when it began.
    """

    id: UUID
    created_at: datetime
    last_seen_at: datetime
    user_agent: str | None
    address: str | None


async def holder_of(session: AsyncSession, session_id: UUID) -> Holder | None:
    """Return whose login this is, unless it has ended or the account was closed."""
    row = (await session.execute(HOLDER_OF, {"session_id": session_id})).one_or_none()
    return Holder(*row) if row else None


async def user_of(session: AsyncSession, session_id: UUID) -> User | None:
    """Return whose login this is, unless it has ended or the account was closed."""
    return (await session.scalars(_USER_OF, {"session_id": session_id})).one_or_none()


async def going_on(session: AsyncSession, session_ids: Collection[UUID]) -> set[UUID]:
    """Return those of these logins that have not ended, of accounts that are not closed."""
    return set(await session.scalars(_GOING_ON, {"session_ids": list(session_ids)}))


async def page(
    session: AsyncSession, user_id: UUID, *, before: UUID | None, limit: int
) -> Sequence[Place]:
    """Return where a user is logged in, newest first: those that can still be refreshed."""
    usable = and_(_T.c.session_id == _S.c.id, _T.c.used_at.is_(None), _T.c.expires_at > func.now())
    statement = (
        select(_S.c.id, _S.c.created_at, _S.c.last_seen_at, _S.c.user_agent, _S.c.address)
        .join(_T, usable)
        .where(_S.c.user_id == user_id, _S.c.revoked_at.is_(None))
        .order_by(_S.c.id.desc())
        .limit(limit)
    )
    if before is not None:
        statement = statement.where(_S.c.id < before)
    return [Place(*row) for row in await session.execute(statement)]


async def start(
    session: AsyncSession,
    session_id: UUID,
    user_id: UUID,
    lifetime: timedelta,
    **origin: str | None,
) -> None:
    """Store a login that began now.

    Args:
        session: The caller's transaction.
        session_id: Names the login.
        user_id: Whose it is.
        lifetime: After this it ends, however often it is refreshed.
        origin: Where it came from: `user_agent` and `address`.
    """
    now = func.clock_timestamp()
    values = {"id": session_id, "user_id": user_id, "expires_at": now + lifetime, **origin}
    await session.execute(insert(LoginSession).values(values))


async def lock(session: AsyncSession, session_id: UUID) -> LoginSession:
    """Return a login that nobody else can refresh or end until this transaction ends."""
    statement = select(LoginSession).where(LoginSession.id == session_id).with_for_update()
    return (await session.scalars(statement)).one()


async def see(session: AsyncSession, session_id: UUID) -> None:
    """Note that a login was used now."""
    statement = update(LoginSession).where(LoginSession.id == session_id)
    await session.execute(statement.values(last_seen_at=func.clock_timestamp()))


async def revoke(session: AsyncSession, session_id: UUID) -> bool:
    """End a login; False if it had ended before."""
    return await _revoke(session, _S.c.id == session_id) > 0


async def revoke_own(session: AsyncSession, user_id: UUID, session_id: UUID) -> bool:
    """End one of a user's own logins; False if it had ended before.

    Raises:
        NotFound: There is none, or it is another's.
    """
    own = and_(_S.c.id == session_id, _S.c.user_id == user_id)
    if await _revoke(session, own):
        return True
    if not await session.scalar(select(exists().where(own))):
        raise NotFound("There is no such login.")
    return False


async def revoke_all(session: AsyncSession, user_id: UUID, *, but: UUID | None = None) -> int:
    """End all logins of a user, with the exception of `but`; return how many there were."""
    whose = _S.c.user_id == user_id
    return await _revoke(session, whose if but is None else and_(whose, _S.c.id != but))


async def _revoke(session: AsyncSession, which: ColumnElement[bool]) -> int:
    statement = update(LoginSession).where(which, LoginSession.revoked_at.is_(None))
    ended = await session.execute(
        statement.values(revoked_at=func.clock_timestamp()).returning(LoginSession.id)
    )
    return len(ended.all())
