"""Statements on assets."""

from uuid import UUID

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from domain.asset import Asset
from domain.errors import NotFound
from models.asset import AssetRow


async def terms(session: AsyncSession, asset_id: UUID) -> Asset:
    """Return what a request to borrow must know of an asset.

    Raises:
        NotFound: There is no such asset.
    """
    row = await session.get(AssetRow, asset_id)
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
    """Queue those who take the asset's calendar, so that the constraint never has to deadlock."""
    statement = select(AssetRow.id).where(AssetRow.id == asset_id)
    await session.execute(statement.with_for_update(key_share=True))
