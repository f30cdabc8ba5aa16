"""Proves the ledger and the audit log of a database, and its counters, for the command line."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from sqlalchemy.ext.asyncio import AsyncSession

from domain.audit_proof import LogReport
from domain.proofs import KnownSeal, Report
from models.database import connected, sessions_of
from models.queries import audit_seals, comparison, proofs, reports


async def verify(database_url: str, known: KnownSeal | None = None) -> Report:
    """Verify on a connection of its own; see `models.queries.proofs.verify`."""
    async with _session(database_url) as session:
        return await proofs.verify(session, known)


async def verify_log(database_url: str, known: KnownSeal | None = None) -> LogReport:
    """Do the same for the audit log; see `models.queries.audit_seals.verify`."""
    async with _session(database_url) as session:
        return await audit_seals.verify(session, known)


async def correct_counters(database_url: str) -> str:
    """Set the counters of reports right; say what differed before."""
    async with _session(database_url) as session, session.begin():
        await comparison.be_patient(session)
        differing = await reports.differences(session)
        await reports.correct(session)
    lines = [f"{name}: {counted:,f} is now {expected:,f}" for name, counted, expected in differing]
    return "\n".join([*lines, "The counters are what counting anew comes to."])


@asynccontextmanager
async def _session(database_url: str) -> AsyncIterator[AsyncSession]:
    async with connected(database_url, pool_size=1) as engine, sessions_of(engine)() as session:
        yield session
