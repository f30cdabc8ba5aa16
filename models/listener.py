"""A connection outside of every pool, on which a process hears what NOTIFY says."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import cast

from psycopg import AsyncConnection
from sqlalchemy.ext.asyncio import AsyncSession

from models.database import connected


class Listener:
    """Attributes.

    session: For statements on the same connection, each a transaction of its own.
    """

    def __init__(self, session: AsyncSession, driver: AsyncConnection) -> None:
        self.session = session
        self._driver = driver

    async def wait(self, seconds: float) -> None:
        """Return when something was notified since the last wait, or when the time is over."""
        async for _ in self._driver.notifies(timeout=seconds, stop_after=1):
            pass


@asynccontextmanager
async def listening(url: str) -> AsyncIterator[Listener]:
    """Open the connection for the length of a block; nobody shares it."""
    async with connected(url, pool_size=1) as engine:
        each_for_itself = engine.execution_options(isolation_level="AUTOCOMMIT")
        async with each_for_itself.connect() as connection:
            raw = await connection.get_raw_connection()
            driver = cast("AsyncConnection", raw.driver_connection)
            yield Listener(AsyncSession(connection), driver)
