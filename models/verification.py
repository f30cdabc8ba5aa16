"""Proves the ledger of a database, for the command line."""

from domain.proofs import KnownSeal, Report
from models.database import create_engine, sessions_of
from models.queries import proofs


async def verify(database_url: str, known: KnownSeal | None = None) -> Report:
    """Verify on a connection of its own; see `models.queries.proofs.verify`."""
    engine = create_engine(database_url, pool_size=1)
    try:
        async with sessions_of(engine)() as session:
            return await proofs.verify(session, known)
    finally:
        await engine.dispose()
