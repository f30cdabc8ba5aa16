"""The yardstick of reads: FastAPI, SQLAlchemy and one SELECT of one row by its key.

No login, no rules, no middleware; the engine, its pool and the model's columns are ours.
"""

import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from decimal import Decimal
from uuid import UUID

from fastapi import FastAPI
from pydantic import BaseModel, ConfigDict

from models.asset import AssetRow
from models.database import create_engine, sessions_of


class Asset(BaseModel):
    model_config = ConfigDict(from_attributes=True)
    id: UUID
    owner_id: UUID
    title: str
    description: str
    category: str
    daily_fee: Decimal
    deposit: Decimal
    max_days: int
    is_listed: bool


@asynccontextmanager
async def lifespan(app: FastAPI) -> AsyncIterator[None]:
    engine = create_engine(os.environ["DATABASE_URL"], pool_size=10)
    # Without BEGIN and ROLLBACK, as our own reads are.
    app.state.reads = sessions_of(engine.execution_options(isolation_level="AUTOCOMMIT"))
    yield
    await engine.dispose()


app = FastAPI(lifespan=lifespan)


@app.get("/assets/{asset_id}/")
async def read_asset(asset_id: UUID) -> Asset:
    async with app.state.reads() as session:
        return Asset.model_validate(await session.get_one(AssetRow, asset_id))
