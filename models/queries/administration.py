"""Statements on accounts as operators see them, and as administrators change them."""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import collate, select
from sqlalchemy.ext.asyncio import AsyncSession

from domain.errors import NotFound
from models.user import User, UserRole

_LAST_CHARACTER = "\U0010ffff"


@dataclass(frozen=True)
class AccountFilter:
    """Which accounts are wanted; what is None does not matter.

    Attributes:
        email_prefix: What their address begins with, in lower case.
    """

    email_prefix: str | None = None
    role: UserRole | None = None
    is_active: bool | None = None


async def page(
    session: AsyncSession, wanted: AccountFilter, *, before: UUID | None = None, limit: int
) -> Sequence[User]:
    """List accounts, newest first, older than `before`."""
    statement = select(User)
    if wanted.email_prefix:
        # By code point, as the index has it, whatever the order of the database's language is.
        email = collate(User.email, "C")
        prefix = wanted.email_prefix
        statement = statement.where(email >= prefix, email < prefix + _LAST_CHARACTER)
    if wanted.role is not None:
        statement = statement.where(User.role == wanted.role)
    if wanted.is_active is not None:
        statement = statement.where(User.is_active if wanted.is_active else ~User.is_active)
    if before is not None:
        statement = statement.where(User.id < before)
    return (await session.scalars(statement.order_by(User.id.desc()).limit(limit))).all()


async def get(session: AsyncSession, user_id: UUID) -> User:
    """Return an account.

    Raises:
        NotFound: There is no such account.
    """
    user = await session.get(User, user_id)
    if user is None:
        raise NotFound("There is no such user.")
    return user


async def lock_admins(session: AsyncSession) -> set[UUID]:
    """Return the active administrators; none of them changes until this transaction ends.

    Whoever waited here for another's change reads what it left.
    """
    admins = select(User.id).where(User.role == UserRole.ADMIN, User.is_active)
    return set(await session.scalars(admins.order_by(User.id).with_for_update()))


async def lock(session: AsyncSession, user_id: UUID) -> User:
    """Return an account that nobody else changes, or logs in to, until this transaction ends.

    Raises:
        NotFound: There is no such account.
    """
    statement = select(User).where(User.id == user_id).with_for_update()
    user = (await session.scalars(statement)).one_or_none()
    if user is None:
        raise NotFound("There is no such user.")
    return user
