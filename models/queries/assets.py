"""Statements on assets."""

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import exists, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from domain.asset import Asset
from domain.errors import NotFound
from models.asset import AssetRow
from models.ticket import TicketRow


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


async def find(session: AsyncSession, asset_id: UUID) -> AssetRow | None:
    return await session.get(AssetRow, asset_id)


async def page(
    session: AsyncSession,
    *,
    owner_id: UUID | None = None,
    category: str | None = None,
    text: str | None = None,
    before: UUID | None = None,
    limit: int,
) -> Sequence[AssetRow]:
    """List an owner's assets, or without one those on offer; newest first, older than `before`."""
    mine = AssetRow.owner_id == owner_id
    statement = select(AssetRow).where(AssetRow.is_listed if owner_id is None else mine)
    if category is not None:
        statement = statement.where(AssetRow.category == category)
    if text:
        found = AssetRow.title.icontains(text, autoescape=True)
        statement = statement.where(found | AssetRow.description.icontains(text, autoescape=True))
    if before is not None:
        statement = statement.where(AssetRow.id < before)
    return (await session.scalars(statement.order_by(AssetRow.id.desc()).limit(limit))).all()


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
