"""A pool knows who holds a connection, who waits for one, and who got none."""

import asyncio

import pytest
from sqlalchemy import text
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.ext.asyncio import AsyncEngine

from models.database import create_engine
from models.pool import Usage, WatchedPool, usage
from tests import given


async def test_a_full_pool_is_seen_and_so_is_who_waits(database_url: str) -> None:
    engine = create_engine(database_url, pool_size=1)
    assert usage(engine) == Usage(size=1, in_use=0, waiting=0, timeouts=0)
    async with engine.connect() as held:
        await held.execute(text("SELECT 1"))
        waiting = asyncio.create_task(_select(engine))

        async def is_seen() -> bool:
            return usage(engine) == Usage(size=1, in_use=1, waiting=1, timeouts=0)

        await given.eventually(is_seen)
    await waiting
    assert usage(engine) == Usage(size=1, in_use=0, waiting=0, timeouts=0)
    await engine.dispose()


async def test_who_got_no_connection_in_time_is_counted(database_url: str) -> None:
    engine = create_engine(database_url, pool_size=1)
    assert isinstance(engine.pool, WatchedPool)
    engine.pool._timeout = 0.01
    async with engine.connect():
        with pytest.raises(PoolTimeout):
            await _select(engine)
    assert usage(engine) == Usage(size=1, in_use=0, waiting=0, timeouts=1)
    await engine.dispose()


async def _select(engine: AsyncEngine) -> None:
    async with engine.connect() as connection:
        await connection.execute(text("SELECT 1"))
