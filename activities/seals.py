"""Seals the ledger in the background: nobody who posts waits for it."""

import asyncio
import logging
from dataclasses import dataclass
from typing import Final

from temporalio import activity

from activities.contracts import Sealed, SealSteps
from models.database import Sessions
from models.ledger import LedgerSeal
from models.queries import seals

MOST_IN_ONE: Final = (
    1_000  # transactions; more of them would only make a changed row slower to find
)
POLL_S: Final = 0.02
POLLS: Final = 500
log = logging.getLogger(__name__)


class StillUnderWay(Exception):
    """Something that began before the horizon has not ended."""


@dataclass(frozen=True)
class PostgresSealSteps(SealSteps):
    sessions: Sessions

    @activity.defn
    async def seal_ledger(self) -> Sealed:
        """Close all that is committed; a repeat closes what came since."""
        horizon = await self._settled()
        count, last = 0, None
        while seal := await self._next(horizon):
            count, last = count + 1, seal
            # Whoever rewrites the database would have to rewrite the logs as well.
            log.info("ledger seal %s sha256 %s", seal.number, seal.digest.hex())
        if last is None:
            async with self.sessions() as session:
                last = await seals.newest(session)
        return Sealed(count, last.number if last else 0, last.digest.hex() if last else "")

    async def _settled(self) -> seals.Horizon:
        """Look how far the ledger reaches, and wait until nothing before that is under way."""
        async with self.sessions() as session:
            horizon = await seals.horizon(session)
        for _ in range(POLLS):
            if await self._has_settled(horizon):
                return horizon
            await asyncio.sleep(POLL_S)
        raise StillUnderWay(
            "A database transaction that writes has been open for seconds; see pg_stat_activity. "
            "Sealing is tried again."
        )

    async def _has_settled(self, horizon: seals.Horizon) -> bool:
        async with self.sessions() as session:
            return await seals.has_settled(session, horizon)

    async def _next(self, horizon: seals.Horizon) -> LedgerSeal | None:
        async with self.sessions.begin() as session:
            return await seals.seal(session, horizon, MOST_IN_ONE)
