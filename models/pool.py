"""The pool of connections, which also knows who waits for one."""

from typing import NamedTuple, cast

from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.ext.asyncio import AsyncEngine
from sqlalchemy.pool import AsyncAdaptedQueuePool, ConnectionPoolEntry


class Usage(NamedTuple):
    """Connections of one pool; `timeouts` since the process began."""

    size: int
    in_use: int
    waiting: int
    timeouts: int


class WatchedPool(AsyncAdaptedQueuePool):
    waiting = 0
    timeouts = 0

    def _do_get(self) -> ConnectionPoolEntry:
        self.waiting += 1
        try:
            return super()._do_get()
        except PoolTimeout:
            self.timeouts += 1
            raise
        finally:
            self.waiting -= 1


def usage(engine: AsyncEngine) -> Usage:
    pool = cast("WatchedPool", engine.pool)
    return Usage(pool.size(), pool.checkedout(), pool.waiting, pool.timeouts)
