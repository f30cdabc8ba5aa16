"""Statements on failed logins: of accounts and of addresses, each known by a keyed hash alone."""

from collections.abc import Collection, Sequence
from datetime import timedelta
from typing import Final, NamedTuple

from sqlalchemy import any_, bindparam, delete, func, select, update
from sqlalchemy.dialects.postgresql import ARRAY, BYTEA, insert
from sqlalchemy.ext.asyncio import AsyncSession

from models.limit import LoginFailure
from models.user import LoginSession, User

_KNOWN_FOR: Final = timedelta(days=30)
_KEYS: Final = LoginFailure.key == any_(bindparam("keys", type_=ARRAY(BYTEA)))
_KNOWN_PLACES: Final = (
    select(LoginSession.address)
    .join(User, LoginSession.user_id == User.id)
    .where(
        User.email == bindparam("email"),
        LoginSession.last_seen_at > func.now() - _KNOWN_FOR,
        LoginSession.address.is_not(None),
    )
    .distinct()
)


class Failures(NamedTuple):
    """How often somebody failed, and how long ago for the last time."""

    number: int
    ago: timedelta


async def lock(session: AsyncSession, keys: Collection[bytes]) -> dict[bytes, Failures]:
    """Return the failures of these keys, which nobody else counts until this transaction ends."""
    new = [{"key": key, "failures": 0, "last_at": func.clock_timestamp()} for key in sorted(keys)]
    await session.execute(insert(LoginFailure).values(new).on_conflict_do_nothing())
    ago = func.clock_timestamp() - LoginFailure.last_at
    statement = (
        select(LoginFailure.key, LoginFailure.failures, ago)
        .where(_KEYS)
        .order_by(LoginFailure.key)
        .with_for_update()
    )
    rows = await session.execute(statement, {"keys": list(keys)})
    return {key: Failures(number, ago) for key, number, ago in rows}


async def write(session: AsyncSession, key: bytes, number: int) -> None:
    """Write down that the last of so many failures was now."""
    await session.execute(
        update(LoginFailure)
        .where(LoginFailure.key == key)
        .values(failures=number, last_at=func.clock_timestamp())
    )


async def forgive(session: AsyncSession, key: bytes) -> None:
    """Forget the failures of a key."""
    await session.execute(delete(LoginFailure).where(LoginFailure.key == key))


async def take_back(session: AsyncSession, key: bytes) -> None:
    """Forget the last failure of a key."""
    await session.execute(
        update(LoginFailure)
        .where(LoginFailure.key == key)
        .values(failures=func.greatest(LoginFailure.failures - 1, 0))
    )


async def known_places(session: AsyncSession, email: str) -> Sequence[str]:
    """Return the addresses from which an account has been used lately; of an unknown one none."""
    found = await session.scalars(_KNOWN_PLACES, {"email": email})
    return [address for address in found if address is not None]


async def forget_past(session: AsyncSession, older_than: timedelta) -> None:
    """Remove what no longer counts against anybody."""
    past = LoginFailure.last_at < func.clock_timestamp() - older_than
    await session.execute(delete(LoginFailure).where(past))
