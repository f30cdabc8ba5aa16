"""Statements on which messages people want, and on when they want none."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import ARRAY, Uuid, any_, bindparam, delete, func, select, tuple_
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from domain.messages.notice import Channel, NoticeKind, is_usual
from domain.messages.sending import Quiet
from models.preference import PreferenceRow, QuietHours

Choices = Mapping[tuple[NoticeKind, Channel], bool]


@dataclass(frozen=True)
class Wishes:
    """What somebody has chosen; where they have not, `domain.messages.notice` has what is usual."""

    choices: Choices
    quiet: Quiet | None

    def wants(self, kind: NoticeKind, channel: Channel) -> bool:
        return self.choices.get((kind, channel), is_usual(kind, channel))


async def get(session: AsyncSession, user_id: UUID) -> Wishes:
    """Return all that somebody has chosen, in one round trip."""
    me = select(bindparam("me", user_id, Uuid).label("id")).subquery()
    statement = (
        select(PreferenceRow, QuietHours)
        .select_from(me)
        .join(PreferenceRow, PreferenceRow.user_id == me.c.id, isouter=True)
        .join(QuietHours, QuietHours.user_id == me.c.id, isouter=True)
    )
    rows = (await session.execute(statement)).all()
    choices = {(row.kind, row.channel): row.is_wanted for row, _ in rows if row is not None}
    hours = rows[0][1]
    quiet = Quiet(hours.starts, hours.ends, hours.time_zone) if hours else None
    return Wishes(choices, quiet)


async def asleep(session: AsyncSession, user_ids: Collection[UUID]) -> dict[UUID, datetime]:
    """Return which of them have quiet hours now, and when those are over."""
    statement = select(QuietHours, func.clock_timestamp()).where(
        QuietHours.user_id == any_(bindparam("user_ids", list(user_ids), ARRAY(Uuid)))
    )
    mornings = {
        row.user_id: Quiet(row.starts, row.ends, row.time_zone).until(now)
        for row, now in await session.execute(statement)
    }
    return {user_id: morning for user_id, morning in mornings.items() if morning}


async def choose(session: AsyncSession, user_id: UUID, choices: Choices) -> None:
    """Store choices. One that is the usual one is not kept, so that it follows what is usual."""
    usual = [key for key, is_wanted in choices.items() if is_wanted == is_usual(*key)]
    chosen = [
        {"user_id": user_id, "kind": kind, "channel": channel, "is_wanted": is_wanted}
        for (kind, channel), is_wanted in choices.items()
        if is_wanted != is_usual(kind, channel)
    ]
    if usual:
        named = tuple_(PreferenceRow.kind, PreferenceRow.channel).in_(usual)
        await session.execute(delete(PreferenceRow).where(PreferenceRow.user_id == user_id, named))
    if chosen:
        statement = insert(PreferenceRow).values(chosen)
        await session.execute(
            statement.on_conflict_do_update(
                constraint="notification_preferences_pkey",
                set_={"is_wanted": statement.excluded.is_wanted},
            )
        )


async def be_quiet(session: AsyncSession, user_id: UUID, quiet: Quiet | None) -> None:
    """Store somebody's quiet hours, or that they have none."""
    if quiet is None:
        await session.execute(delete(QuietHours).where(QuietHours.user_id == user_id))
        return
    hours = {"starts": quiet.starts, "ends": quiet.ends, "time_zone": quiet.time_zone}
    statement = insert(QuietHours).values(user_id=user_id, **hours)
    await session.execute(
        statement.on_conflict_do_update(constraint="quiet_hours_pkey", set_=hours)
    )
