"""What a worker measures, and where it shows that to Prometheus."""

import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from prometheus_client import start_http_server
from sqlalchemy.ext.asyncio import AsyncEngine

from engine.step_watch import StepWatch
from metrics.calls import CallMeasures
from metrics.exposition import new_registry
from metrics.pools import PoolCollector
from metrics.steps import StepMeasures

log = logging.getLogger(__name__)


class WorkerMeasures:
    """Attributes.

    steps: Goes to the workers as an interceptor.
    called: Goes to the gateways, which report to it.
    """

    def __init__(self) -> None:
        self._registry = new_registry()
        self.steps = StepWatch(StepMeasures(self._registry).attempted)
        self.called = CallMeasures(self._registry).called

    @asynccontextmanager
    async def shown(self, engine: AsyncEngine, address: str | None) -> AsyncIterator[None]:
        """Show the figures for the length of a block, from a thread: a busy worker answers as well.

        Without an address, or when it is taken, they are shown nowhere: a loan is worth more than
        a figure, and whoever asks for the figures misses them.
        """
        self._registry.register(PoolCollector(engine))
        if address is None:
            yield
            return
        host, _, port = address.rpartition(":")
        try:
            server, thread = start_http_server(int(port), host.strip("[]"), self._registry)
        except OSError as error:
            log.error("no figures at %s: %s", address, error)  # noqa: TRY400  (that is all of it)
            yield
            return
        try:
            yield
        finally:
            await asyncio.to_thread(server.shutdown)
            await asyncio.to_thread(thread.join)
            server.server_close()
