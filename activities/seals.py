"""Seals the ledger and the audit log in the background: nobody who writes to them waits for it."""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Final, TypeVar

from sqlalchemy.ext.asyncio import AsyncSession
from temporalio import activity

from activities.contracts.seals import Sealed, SealSteps
from models.audit import AuditSeal
from models.database import Sessions
from models.ledger import LedgerSeal
from models.queries import audit_seals, seals

MOST_IN_ONE: Final = (
    1_000  # transactions or lines; more of them would only make a changed row slower to find
)
POLL_S: Final = 0.02
POLLS: Final = 500
log = logging.getLogger(__name__)
Seal = TypeVar("Seal", LedgerSeal, AuditSeal)
Sealing = Callable[[AsyncSession, seals.Horizon, int], Awaitable[Seal | None]]


class StillUnderWay(Exception):
    """Something that began before the horizon has not ended."""


@dataclass(frozen=True)
class PostgresSealSteps(SealSteps):
    sessions: Sessions

    @activity.defn
    async def seal_ledger(self) -> Sealed:
        """Close all that is committed, of the audit log too; a repeat closes what came since."""
        horizon = await self._settled()
        made = await self._close("ledger", seals.seal, horizon)
        logged = await self._close("audit", audit_seals.seal, horizon)
        async with self.sessions() as session:
            last = made[-1] if made else await seals.newest(session)
            last_logged = logged[-1] if logged else await audit_seals.newest(session)
        return Sealed(len(made), *_named(last), *_named(last_logged))

    async def _settled(self) -> seals.Horizon:
        """Look how far both reach, and wait until nothing before that is under way."""
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

    async def _close(self, what: str, sealing: Sealing[Seal], horizon: seals.Horizon) -> list[Seal]:
        made: list[Seal] = []
        while seal := await self._next(sealing, horizon):
            made.append(seal)
            # Whoever rewrites the database would have to rewrite the logs as well.
            log.info("%s seal %s sha256 %s", what, seal.number, seal.digest.hex())
        return made

    async def _next(self, sealing: Sealing[Seal], horizon: seals.Horizon) -> Seal | None:
        async with self.sessions.begin() as session:
            return await sealing(session, horizon, MOST_IN_ONE)


def _named(seal: LedgerSeal | AuditSeal | None) -> tuple[int, str]:
    return (seal.number, seal.digest.hex()) if seal else (0, "")
