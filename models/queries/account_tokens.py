"""Statements on the secrets that prove an address. Each is used once, and in one statement."""

from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

from sqlalchemy import and_, case, delete, func, or_, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from domain.messages.notice import CODE_ATTEMPTS, WITH_SECRET, NoticeKind
from models.account_token import AccountToken

_T: Final = AccountToken
_FIRST_USE: Final = func.coalesce(_T.used_at, func.clock_timestamp())


@dataclass(frozen=True)
class Issued:
    """What is stored of a secret that is about to be sent."""

    user_id: UUID
    purpose: NoticeKind
    digest: bytes
    target: bytes | None = None


async def issue(session: AsyncSession, issued: Issued) -> None:
    """Store a secret in the place of the one before it, which works no more."""
    now = func.clock_timestamp()
    fresh: dict[str, Any] = {
        "digest": issued.digest,
        "target": issued.target,
        "attempts": 0,
        "created_at": now,
        "expires_at": now + WITH_SECRET[issued.purpose],
        "used_at": None,
        "used_by": None,
    }
    whose = {"user_id": issued.user_id, "purpose": issued.purpose}
    await session.execute(
        insert(_T)
        .values(whose | fresh)
        .on_conflict_do_update(index_elements=["user_id", "purpose"], set_=fresh)
    )


async def owner(session: AsyncSession, purpose: NoticeKind, digest: bytes) -> UUID | None:
    """Return whose secret this is. Whether it can still be used, `use` decides."""
    statement = select(_T.user_id).where(_T.digest == digest, _T.purpose == purpose)
    return await session.scalar(statement)


async def use(
    session: AsyncSession, purpose: NoticeKind, digest: bytes, command_id: UUID
) -> UUID | None:
    """Use a link's secret up and return whose it is; None if it is wrong, used or too old.

    The command that used it may come again.
    """
    statement = (
        update(_T)
        .where(_T.digest == digest, _T.purpose == purpose, _usable_by(command_id))
        .values(used_at=_FIRST_USE, used_by=command_id)
        .returning(_T.user_id)
    )
    return await session.scalar(statement)


@dataclass(frozen=True)
class Guess:
    """Whether a code was right, and what it then proves."""

    is_right: bool
    target: bytes | None


async def guess(
    session: AsyncSession, user_id: UUID, purpose: NoticeKind, digest: bytes, command_id: UUID
) -> Guess:
    """Compare a code and count the attempt, in one statement: no two share an attempt.

    The caller commits although the guess may be wrong.
    """
    is_right = _T.digest == digest
    few_enough = or_(_T.attempts < CODE_ATTEMPTS, _T.used_at.is_not(None))
    statement = (
        update(_T)
        .where(_T.user_id == user_id, _T.purpose == purpose, few_enough, _usable_by(command_id))
        .values(
            attempts=_T.attempts + 1,
            used_at=case((is_right, _FIRST_USE), else_=_T.used_at),
            used_by=case((is_right, command_id), else_=_T.used_by),
        )
        .returning(is_right, _T.target)
    )
    row = (await session.execute(statement)).one_or_none()
    return Guess(row[0], row[1]) if row else Guess(is_right=False, target=None)


async def withdraw(session: AsyncSession, user_id: UUID, purpose: NoticeKind) -> None:
    """Let a secret that was sent work no more."""
    await session.execute(delete(_T).where(_T.user_id == user_id, _T.purpose == purpose))


def _usable_by(command_id: UUID) -> Any:  # noqa: ANN401  (an expression)
    now = func.clock_timestamp()
    return or_(and_(_T.used_at.is_(None), _T.expires_at > now), _T.used_by == command_id)
