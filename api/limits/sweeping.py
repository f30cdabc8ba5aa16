"""Removes what nobody needs to know any more, now and then, in each process of the API."""

import asyncio
import random
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Final

import structlog
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from models.database import Sessions
from models.queries import limits, login_failures, oauth_flows

_EVERY_S: Final = 600.0
# Longer than the longest wait by far, and by then the most failures that are remembered recovered.
_FAILURES_LAST: Final = timedelta(days=7)
log = structlog.get_logger("api")


@asynccontextmanager
async def sweeping(reads: Sessions) -> AsyncIterator[None]:
    """Sweep from time to time for the length of a block."""
    stopped = asyncio.Event()
    task = asyncio.create_task(_sweep_until(stopped, reads))
    try:
        yield
    finally:
        stopped.set()
        await task


async def _sweep_until(stopped: asyncio.Event, reads: Sessions) -> None:
    while not await _wait(stopped):
        try:
            await sweep(reads)
        except (DBAPIError, PoolTimeout) as error:
            log.warning("sweep_failed", reason=type(error).__name__)


async def _wait(stopped: asyncio.Event) -> bool:
    # Replicas that started together do not all sweep together.
    pause = _EVERY_S * random.uniform(0.5, 1.5)  # noqa: S311  (not a secret)
    try:
        async with asyncio.timeout(pause):
            return await stopped.wait()
    except TimeoutError:
        return False


async def sweep(reads: Sessions) -> None:
    async with reads() as session:
        await limits.forget_past(session)
        await login_failures.forget_past(session, _FAILURES_LAST)
        await oauth_flows.forget_past(session)
