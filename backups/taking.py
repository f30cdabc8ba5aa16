"""Takes a backup: a dump, and what describes it, of one snapshot, while everybody goes on."""

import asyncio
import subprocess
import tempfile
from asyncio.subprocess import Process
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import IO, Final

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from backups import contents, programs
from backups.archive import CHUNK, SUFFIX, Draft, writing
from backups.errors import BackupError
from backups.manifest import Manifest

_SERVER: Final = "SELECT current_setting('server_version_num')::int / 10000"
_NOW: Final = "SELECT now()"
# Whatever something was granted to: roles are the server's, and no dump of a database has them.
_ROLES: Final = """
SELECT DISTINCT r.rolname::text FROM pg_shdepend d JOIN pg_roles r ON r.oid = d.refobjid
WHERE d.refclassid = 'pg_authid'::regclass AND d.deptype = 'a'
    AND d.dbid = (SELECT oid FROM pg_database WHERE datname = current_database())
ORDER BY 1
"""
_OPTIONS: Final = (
    "--format=custom",
    "--no-password",
    "--no-publications",
    "--no-subscriptions",
    # Only a migration holds such locks. It shall be told, and nobody shall queue behind us.
    "--lock-wait-timeout=30s",
)


def name_for(moment: datetime) -> str:
    """Return what a backup is called; names sort as the backups were made."""
    return f"assets-{moment.astimezone(UTC):%Y%m%dT%H%M%SZ}{SUFFIX}"


async def take(url: str, file: Path) -> Manifest:
    """Back up a database into a file.

    Args:
        url: As the owner of the tables, or another role that may read everything.
        file: Where to; it must not be there.

    Raises:
        BackupError: It was not made, and there is no such file.
    """
    with writing(file) as draft:
        async with contents.one_moment(url) as session:
            manifest = await _dump(session, url, draft)
        draft.finish(manifest)
    return manifest


async def _dump(session: AsyncSession, url: str, draft: Draft) -> Manifest:
    server = int(await session.scalar(text(_SERVER)) or 0)
    made_at = await session.scalar(text(_NOW))
    snapshot = await session.scalar(text("SELECT pg_export_snapshot()"))
    dumper = programs.find("pg_dump", at_least=server)
    roles = tuple(await session.scalars(text(_ROLES)))
    with tempfile.TemporaryFile() as complaints:
        async with _running(dumper.path("pg_dump"), url, str(snapshot), complaints) as dump:
            pumping = asyncio.create_task(_pump(dump, draft))
            try:
                described = await contents.read(session)
                await pumping
            finally:
                pumping.cancel()
            code = await dump.wait()
        if code != 0:
            complaints.seek(0)
            raise BackupError(f"pg_dump failed:\n{complaints.read().decode(errors='replace')}")
    return Manifest(
        made_at=made_at or datetime.now(UTC),
        server=server,
        dumped_by=dumper.major,
        roles=roles,
        contents=described,
    )


@asynccontextmanager
async def _running(
    program: str, url: str, snapshot: str, complaints: IO[bytes]
) -> AsyncIterator[Process]:
    database, environment = programs.login(url)
    process = await asyncio.create_subprocess_exec(
        program,
        *_OPTIONS,
        f"--snapshot={snapshot}",
        f"--dbname={database}",
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=complaints,
        env=environment,
    )
    try:
        yield process
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()


async def _pump(dump: Process, draft: Draft) -> None:
    assert dump.stdout is not None  # noqa: S101  (it was asked for)
    while part := await dump.stdout.read(CHUNK):
        draft.write(part)
