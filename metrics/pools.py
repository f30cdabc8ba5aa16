"""How full a process's pool of database connections is, read at the moment of a scrape."""

from collections.abc import Iterator

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily
from prometheus_client.registry import Collector
from sqlalchemy.ext.asyncio import AsyncEngine

from models.pool import usage


class PoolCollector(Collector):
    """Reads a few numbers, so it may be asked from any thread."""

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine

    def collect(self) -> Iterator[GaugeMetricFamily | CounterMetricFamily]:
        now = usage(self._engine)
        yield GaugeMetricFamily(
            "assets_database_pool_size", "The most connections there may be.", value=now.size
        )
        yield GaugeMetricFamily(
            "assets_database_pool_in_use", "Connections that are held.", value=now.in_use
        )
        yield GaugeMetricFamily(
            "assets_database_pool_waiting",
            "Callers that have no connection yet, and wait for one or for the server.",
            value=now.waiting,
        )
        yield CounterMetricFamily(
            "assets_database_pool_timeouts",
            "Callers that got no connection in time.",
            value=now.timeouts,
        )
