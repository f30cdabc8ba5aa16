"""Proves the ledger and the audit log of a database, for the command line."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from sqlalchemy.ext.asyncio import AsyncSession

from domain.audit_proof import LogReport
from domain.proofs import KnownSeal, Report
from models.database import connected, sessions_of
from models.queries import audit_seals, proofs


async def verify(database_url: str, known: KnownSeal | None = None) -> Report:
    """Verify on a connection of its own; see `models.queries.proofs.verify`."""
    async with _session(database_url) as session:
        return await proofs.verify(session, known)


async def verify_log(database_url: str, known: KnownSeal | None = None) -> LogReport:
    """Do the same for the audit log; see `models.queries.audit_seals.verify`."""
    async with _session(database_url) as session:
        return await audit_seals.verify(session, known)


@asynccontextmanager
async def _session(database_url: str) -> AsyncIterator[AsyncSession]:
    async with connected(database_url, pool_size=1) as engine, sessions_of(engine)() as session:
        yield session
