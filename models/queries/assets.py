"""Statements on assets."""

from typing import Any, Final, cast
from uuid import UUID

from sqlalchemy import Row, Table, bindparam, exists, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from domain.asset import Asset
from domain.errors import NotFound
from models.asset import AssetRow
from models.ticket import TicketRow

ASSETS: Final = cast("Table", AssetRow.__table__)
# All but the words that it is searched by.
SHOWN: Final = tuple(column for column in ASSETS.c if column.computed is None)
_ONE = select(*SHOWN).where(ASSETS.c.id == bindparam("asset_id"))


async def terms(session: AsyncSession, asset_id: UUID, *, queued: bool = False) -> Asset:
    """Return what a request to borrow must know of an asset.

    With `queued` it waits for who is taking the asset's calendar, and who comes next waits for
    us: a request is then either refused because the time is taken, or seen as a rival.

    Raises:
        NotFound: There is no such asset.
    """
    row = await session.get(AssetRow, asset_id, with_for_update={"read": True} if queued else None)
    if row is None:
        raise NotFound("There is no such asset.")
    return Asset(
        id=row.id,
        owner_id=row.owner_id,
        daily_fee=row.daily_fee,
        deposit=row.deposit,
        max_days=row.max_days,
        handover=row.handover,
        cancellation_policy=row.cancellation_policy,
        is_listed=row.is_listed,
    )


async def lock(session: AsyncSession, asset_id: UUID) -> None:
    """Queue those who take the asset's calendar.

    They then meet the exclusion constraint one by one, and it never has to break a deadlock.
    """
    statement = select(AssetRow.id).where(AssetRow.id == asset_id)
    await session.execute(statement.with_for_update(key_share=True))


async def find(session: AsyncSession, asset_id: UUID) -> Row[Any] | None:
    return (await session.execute(_ONE, {"asset_id": asset_id})).one_or_none()


async def was_asked_for_by(session: AsyncSession, asset_id: UUID, user_id: UUID) -> bool:
    """Tell whether a user ever asked to borrow an asset, which may be unlisted by now."""
    statement = select(
        exists().where(TicketRow.asset_id == asset_id, TicketRow.borrower_id == user_id)
    )
    return bool(await session.scalar(statement))


async def insert_once(session: AsyncSession, asset_id: UUID, values: dict[str, object]) -> AssetRow:
    """Store a new asset; a repeat with the same id finds the stored one."""
    statement = insert(AssetRow).values(id=asset_id, **values)
    await session.execute(statement.on_conflict_do_nothing())
    return await session.get_one(AssetRow, asset_id, populate_existing=True)


async def change(
    session: AsyncSession, asset_id: UUID, owner_id: UUID, values: dict[str, object]
) -> AssetRow:
    """Change an owner's own asset and return it as it is then.

    Raises:
        NotFound: There is no such asset, or it is another's.
    """
    statement = update(AssetRow).where(AssetRow.id == asset_id, AssetRow.owner_id == owner_id)
    # Setting the owner to itself lets an empty change find out, too, whether the asset is there.
    row = (
        await session.scalars(statement.values(owner_id=owner_id, **values).returning(AssetRow))
    ).one_or_none()
    if row is None:
        raise NotFound("There is no such asset.")
    return row
