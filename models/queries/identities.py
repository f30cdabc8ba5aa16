"""Statements on accounts at other providers."""

from collections.abc import Sequence
from datetime import timedelta
from uuid import UUID

from sqlalchemy import delete, func, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from domain.identity import Account, Identity, Provider
from models.base import new_id
from models.identity import IdentityRow
from models.user import LoginSession, User


async def owner_of(session: AsyncSession, identity: Identity) -> Account | None:
    """Return whose account an identity is linked to."""
    statement = (
        select(User)
        .join(IdentityRow, IdentityRow.user_id == User.id)
        .where(
            IdentityRow.provider == identity.provider,
            IdentityRow.issuer == identity.issuer,
            IdentityRow.subject == identity.subject,
        )
    )
    user = (await session.scalars(statement)).one_or_none()
    return account_of(user) if user else None


async def namesake_of(session: AsyncSession, identity: Identity) -> Account | None:
    """Return the account that has the same e-mail address as an identity."""
    user = (await session.scalars(select(User).where(User.email == identity.email))).one_or_none()
    return account_of(user) if user else None


def account_of(user: User) -> Account:
    return Account(user.id, user.email_verified, user.is_active)


async def insert_once(session: AsyncSession, user_id: UUID, identity: Identity) -> bool:
    """Link an identity to an account; False if it, or another of its provider, is linked now."""
    values = {
        "id": new_id(),
        "user_id": user_id,
        "provider": identity.provider,
        "issuer": identity.issuer,
        "subject": identity.subject,
        "email": identity.email,
    }
    statement = insert(IdentityRow).values(values).on_conflict_do_nothing()
    done = await session.execute(statement.returning(IdentityRow.id))
    return done.one_or_none() is not None


async def of_user(session: AsyncSession, user_id: UUID) -> Sequence[IdentityRow]:
    """Return what is linked to an account, newest first."""
    statement = select(IdentityRow).where(IdentityRow.user_id == user_id)
    return (await session.scalars(statement.order_by(IdentityRow.id.desc()))).all()


async def remove(session: AsyncSession, user_id: UUID, provider: Provider) -> None:
    statement = delete(IdentityRow).where(
        IdentityRow.user_id == user_id, IdentityRow.provider == provider
    )
    await session.execute(statement)


async def remove_all(session: AsyncSession, user_id: UUID) -> list[Provider]:
    """Unlink everything from an account, and return of which providers it was."""
    statement = delete(IdentityRow).where(IdentityRow.user_id == user_id)
    return list(await session.scalars(statement.returning(IdentityRow.provider)))


async def lock_user(session: AsyncSession, user_id: UUID) -> User:
    """Return an account whose ways in nobody else can change until this transaction ends."""
    return await session.get_one(User, user_id, with_for_update=True, populate_existing=True)


async def age_of_login(session: AsyncSession, session_id: UUID) -> timedelta | None:
    """Return how long ago somebody proved who they are, by a password or at a provider."""
    age = func.clock_timestamp() - LoginSession.created_at
    return await session.scalar(select(age).where(LoginSession.id == session_id))
