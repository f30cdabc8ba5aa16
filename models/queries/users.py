"""Statements on accounts."""

from typing import Final
from uuid import UUID

from sqlalchemy import select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from domain.errors import EmailTaken
from models.user import User, UserRole

OPERATORS: Final = frozenset({UserRole.OPERATOR, UserRole.ADMIN})


async def get(session: AsyncSession, user_id: UUID) -> User:
    return await session.get_one(User, user_id)


async def by_email(session: AsyncSession, email: str) -> User | None:
    """Find an account; `email` is in lower case."""
    return (await session.scalars(select(User).where(User.email == email))).one_or_none()


async def is_operator(session: AsyncSession, user_id: UUID) -> bool:
    """Tell whether somebody is an operator now, and not only when a command set out."""
    user = await session.get(User, user_id)
    return user is not None and user.is_active and user.role in OPERATORS


async def insert_once(  # noqa: PLR0913  (what an account is made of)
    session: AsyncSession,
    user_id: UUID,
    *,
    email: str,
    full_name: str,
    password_hash: str,
    phone: str | None = None,
    locale: str = "fa",
    role: UserRole = UserRole.USER,
    email_verified: bool = False,
) -> User:
    """Store a new account; a repeat with the same id finds the stored one.

    Raises:
        EmailTaken: Another account has this address.
    """
    values = {
        "id": user_id,
        "email": email,
        "full_name": full_name,
        "password_hash": password_hash,
        "phone": phone,
        "locale": locale,
        "role": role,
        "email_verified": email_verified,
        "is_active": True,
    }
    await session.execute(insert(User).values(values).on_conflict_do_nothing())
    user = await session.get(User, user_id)
    if user is None:
        raise EmailTaken
    return user


async def change(session: AsyncSession, user_id: UUID, **values: str | None) -> User:
    """Change an account's own fields and return it as it is then."""
    if values:
        await session.execute(update(User).where(User.id == user_id).values(values))
    return await session.get_one(User, user_id, populate_existing=True)


async def set_password_hash(session: AsyncSession, user_id: UUID, password_hash: str) -> None:
    statement = update(User).where(User.id == user_id).values(password_hash=password_hash)
    await session.execute(statement)
