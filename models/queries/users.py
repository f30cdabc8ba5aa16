"""Statements on accounts."""

from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from types import MappingProxyType
from typing import Any, Final
from uuid import UUID

from sqlalchemy import ARRAY, Text, Uuid, and_, any_, bindparam, or_, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession

from domain.errors import DomainError, EmailTaken, NationalIdTaken, PhoneTaken
from models.user import User, UserRole

OPERATORS: Final = frozenset({UserRole.OPERATOR, UserRole.ADMIN})


async def get(session: AsyncSession, user_id: UUID) -> User:
    return await session.get_one(User, user_id)


async def by_email(session: AsyncSession, email: str) -> User | None:
    """Find an account; `email` is in lower case."""
    return (await session.scalars(select(User).where(User.email == email))).one_or_none()


async def among(
    session: AsyncSession, user_ids: Collection[UUID], emails: Collection[str]
) -> list[User]:
    """Find accounts by their ids, or by their addresses in lower case."""
    is_named = User.id == any_(bindparam("user_ids", list(user_ids), ARRAY(Uuid)))
    is_at = User.email == any_(bindparam("emails", list(emails), ARRAY(Text)))
    return list(await session.scalars(select(User).where(or_(is_named, is_at))))


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
    password_hash: str | None,
    locale: str = "fa",
    role: UserRole = UserRole.USER,
    email_verified: bool = False,
    sealed: Mapping[str, bytes | None] = MappingProxyType({}),
) -> User:
    """Store a new account; a repeat with the same id finds the stored one.

    `sealed` is what models/personal.py makes of a phone number.

    Raises:
        EmailTaken: Another account has this address.
    """
    values = {
        "id": user_id,
        "email": email,
        "full_name": full_name,
        "password_hash": password_hash,
        "locale": locale,
        "role": role,
        "email_verified": email_verified,
        "is_active": True,
        **sealed,
    }
    await session.execute(insert(User).values(values).on_conflict_do_nothing())
    user = await session.get(User, user_id)
    if user is None:
        raise EmailTaken
    return user


async def change(session: AsyncSession, user_id: UUID, **values: str | bytes | None) -> User:
    """Change an account's own fields and return it as it is then.

    Raises:
        NationalIdTaken: Another account has this one.
    """
    new: dict[str, Any] = dict(values)
    if "phone_index" in new:
        # What was proven of a number is not proven of another one.
        is_same = User.phone_index.is_not_distinct_from(new["phone_index"])
        new["phone_verified"] = and_(User.phone_verified, is_same)
    if new:
        with _unique("users_national_id_key", NationalIdTaken()):
            await session.execute(update(User).where(User.id == user_id).values(new))
    return await session.get_one(User, user_id, populate_existing=True)


async def prove_phone(session: AsyncSession, user_id: UUID, phone_index: bytes | None) -> bool:
    """Note that a user has a number; False if it is not the account's any more.

    Raises:
        PhoneTaken: Another account proved to have it.
    """
    statement = (
        update(User)
        .where(User.id == user_id, User.phone_index == phone_index)
        .values(phone_verified=True)
        .returning(User.id)
    )
    with _unique("users_verified_phone_key", PhoneTaken()):
        return (await session.execute(statement)).one_or_none() is not None


@contextmanager
def _unique(index: str, taken: DomainError) -> Iterator[None]:
    """Say of what a unique index refuses why; the transaction is over then."""
    try:
        yield
    except IntegrityError as error:
        if getattr(getattr(error.orig, "diag", None), "constraint_name", None) != index:
            raise
        raise taken from None  # what the database says of it quotes the values


async def prove_email(session: AsyncSession, user_id: UUID) -> bool:
    """Note that a user reads what is sent to their address; False if that was known."""
    statement = update(User).where(User.id == user_id, User.email_verified.is_(False))
    done = await session.execute(statement.values(email_verified=True).returning(User.id))
    return done.one_or_none() is not None


async def lock(session: AsyncSession, user_id: UUID) -> User:
    statement = select(User).where(User.id == user_id).with_for_update(key_share=True)
    return (await session.scalars(statement)).one()


async def hold(session: AsyncSession, user_id: UUID) -> User:
    """Return an account as it is, and keep others from changing it until this transaction ends."""
    statement = select(User).where(User.id == user_id).with_for_update(read=True)
    return (await session.scalars(statement)).one()


async def replace_password(session: AsyncSession, user_id: UUID, old: str | None, new: str) -> bool:
    """Store a password's hash in the place of another; False if that one is not there any more."""
    statement = update(User).where(User.id == user_id, User.password_hash.is_not_distinct_from(old))
    done = await session.execute(statement.values(password_hash=new).returning(User.id))
    return done.one_or_none() is not None


async def set_password_hash(session: AsyncSession, user_id: UUID, password_hash: str) -> None:
    statement = update(User).where(User.id == user_id).values(password_hash=password_hash)
    await session.execute(statement)
