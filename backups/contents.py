"""Reads what is in a database as of one moment; the server counts and hashes every row."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, Final

from sqlalchemy import Result, text
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncSession

from backups.errors import BackupError
from backups.guards import GUARDS, OURS, UNBROUGHT
from backups.manifest import Contents, Money, Seal, Table
from models.audit import AuditSeal
from models.database import connected, sessions_of
from models.encrypted import ENCRYPTED_FIELDS
from models.ledger import LedgerSeal
from models.queries import audit_seals, encrypted_values, seals

# Rows read the same whoever asks, and a scan of a large table takes its time: nobody waits for it.
_ONE_READING: Final = (
    "SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY",
    "SET LOCAL statement_timeout = 0",
    "SET LOCAL idle_in_transaction_session_timeout = 0",
    "SET LOCAL search_path = public",
    "SET LOCAL timezone = 'UTC'",
    "SET LOCAL datestyle = 'ISO'",
    "SET LOCAL bytea_output = 'hex'",
    "SET LOCAL extra_float_digits = 1",
)
# Each table with the statement that reads it. What the server generates from other columns is left
# out: a newer server may generate it differently, and it is made anew in any case.
_TABLES: Final = f"""
SELECT name, format('SELECT count(*), coalesce(sum(CAST(CAST(''x'' || left(encode(sha256('
    'convert_to(CAST(ROW(%s) AS text), ''UTF8'')), ''hex''), 15) AS bit(60)) AS bigint)), 0) '
    'FROM %s AS r', columns, name)
FROM (
    SELECT c.oid::regclass::text AS name,
        string_agg(format('r.%I', a.attname), ', ' ORDER BY a.attnum) AS columns
    FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
    JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0
        AND NOT a.attisdropped AND a.attgenerated = ''
    WHERE c.relkind = 'r' AND {OURS} AND {UNBROUGHT.format(oid="c.oid")}
    GROUP BY c.oid
) AS readable ORDER BY name
"""  # noqa: S608  (constants only)
_MONEY: Final = """
SELECT (SELECT count(*) FROM ledger_transactions),
    (SELECT coalesce(sum(amount), 0) FROM ledger_entries WHERE type = 'debit'),
    (SELECT coalesce(sum(balance), 0) FROM ledger_accounts WHERE owner_id IS NOT NULL)
"""
_REVISION: Final = "SELECT string_agg(version_num, ', ' ORDER BY version_num) FROM alembic_version"
_KNOWN: Final = "SELECT to_regclass('alembic_version')::text"


@asynccontextmanager
async def one_moment(url: str) -> AsyncIterator[AsyncSession]:
    """Read a database as of one moment. It takes no locks that a writer waits for.

    Raises:
        BackupError: It cannot be read.
    """
    try:
        async with connected(url, pool_size=1) as engine, sessions_of(engine)() as session:
            for setting in _ONE_READING:
                await session.execute(text(setting))
            yield session
    except SQLAlchemyError as error:
        raise BackupError(f"The database cannot be read: {_reason(error)}") from error


def _reason(error: SQLAlchemyError) -> str:
    reason = str(getattr(error, "orig", None) or error).strip().splitlines()[0]
    if "permission denied" in reason:
        reason += (
            ". The application's role may not read everything: name the owner of the tables "
            "in MIGRATION_DATABASE_URL"
        )
    return f"{reason}."


async def read(session: AsyncSession) -> Contents:
    """Read everything; the session is one of `one_moment`.

    Raises:
        BackupError: It is not the platform's database.
    """
    if await session.scalar(text(_KNOWN)) is None:
        raise BackupError(
            "The database has no tables of the platform. If it is the right one, "
            "`alembic upgrade head` makes them."
        )
    ledger, log = await seals.newest(session), await audit_seals.newest(session)
    return Contents(
        revision=await session.scalar(text(_REVISION)) or "",
        tables={
            name: await _table(session, statement)
            for name, statement in (await _run(session, _TABLES)).all()
        },
        guards=tuple((await _run(session, GUARDS)).scalars()),
        money=Money(*(await _run(session, _MONEY)).one()),
        ledger_seal=_seal(ledger),
        audit_seal=_seal(log),
        keys={
            field.name: {
                use.key_id: use.values for use in await encrypted_values.uses(session, field)
            }
            for field in ENCRYPTED_FIELDS
        },
    )


async def _table(session: AsyncSession, statement: str) -> Table:
    rows, digest = (await _run(session, statement)).one()
    return Table(rows, f"{int(digest):x}")


async def _run(session: AsyncSession, statement: str) -> Result[*tuple[Any, ...]]:
    # A colon in it, even one in somebody's name of a column, is no parameter.
    return await session.execute(text(statement.replace(":", r"\:")))


def _seal(seal: LedgerSeal | AuditSeal | None) -> Seal | None:
    return None if seal is None else Seal(seal.number, seal.digest.hex())
