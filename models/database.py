"""How processes connect to PostgreSQL. One engine per process, made by its composition root."""

import select
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from sqlalchemy import event
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.exc import InvalidatePoolError
from sqlalchemy.ext.asyncio import (
    AsyncEngine,
    AsyncSession,
    async_sessionmaker,
    create_async_engine,
)

from models.pool import WatchedPool

Sessions = async_sessionmaker[AsyncSession]


def psycopg_url(url: str) -> str:
    """Name SQLAlchemy's driver in a plain ``postgresql://`` URL."""
    return url.replace("postgresql://", "postgresql+psycopg://", 1)


@asynccontextmanager
async def connected(url: str, pool_size: int) -> AsyncIterator[AsyncEngine]:
    """Hold a pool for the length of a block; see `create_engine` for its arguments."""
    engine = create_engine(url, pool_size)
    try:
        yield engine
    finally:
        await engine.dispose()


def create_engine(url: str, pool_size: int) -> AsyncEngine:
    """Make the pool. Connections found dead after an outage are replaced, not handed out.

    Args:
        url: ``postgresql://user:password@host:port/database``.
        pool_size: The most connections this process opens.
    """
    engine = create_async_engine(
        psycopg_url(url),
        poolclass=WatchedPool,
        pool_size=pool_size,
        max_overflow=0,
        pool_timeout=5,
        hide_parameters=True,  # errors are logged, and what was stored may be personal
        connect_args={
            "connect_timeout": 3,
            "application_name": "assets",
            # No statement of ours runs long; one that does must not hold its locks for ever.
            "options": "-c statement_timeout=15000 -c lock_timeout=10000 -c timezone=UTC",
        },
    )
    event.listen(engine.sync_engine, "checkout", _refuse_if_dead)
    return engine


def _refuse_if_dead(connection: DBAPIConnection, *_: object) -> None:
    """Replace a connection that the server has closed.

    An idle connection has nothing to read, unless it is the news of its end. Looking at the
    socket costs microseconds, where a ping before each use would cost a round trip.
    """
    line = select.poll()  # select() itself cannot watch descriptors above 1023
    line.register(connection.driver_connection.pgconn.socket, select.POLLIN)
    if line.poll(0):
        raise InvalidatePoolError


def sessions_of(engine: AsyncEngine) -> Sessions:
    return async_sessionmaker(engine, expire_on_commit=False)
