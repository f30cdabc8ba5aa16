"""Brings a backup back into a database, and holds what came of it to what was backed up."""

import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import IO, Final, cast

from backups import contents, programs, sequences
from backups.archive import CHUNK, Backup, opened
from backups.errors import BackupError
from backups.manifest import Manifest, differences
from backups.target import Target

_OPTIONS: Final = ("--no-owner", "--no-tablespaces", "--no-password")
# All of it, or nothing.
_STRICT: Final = ("--exit-on-error", "--single-transaction")
# What pg_restore sets from version 17 on, and older servers do not know. It is the one complaint
# that is passed over, and only there; it would end a transaction, so there is none.
_UNKNOWN_BEFORE: Final = (17, "transaction_timeout")
_LEFT_OUT: Final = "errors ignored on restore: 1\n"


@dataclass(frozen=True)
class Restored:
    """What became of it.

    Attributes:
        kept: The name that the database of before has now, if there was one.
        roles: What had to be made, because the server did not have them.
    """

    manifest: Manifest
    kept: str | None
    roles: tuple[str, ...]


async def restore(url: str, file: Path, *, replace: bool) -> Restored:
    """Restore a backup.

    Args:
        url: The database, as its owner. Nobody else may be connected to it.
        file: It is read and verified before anything is touched.
        replace: Let it take the place of a database that has tables; that one is kept under
            another name, and touched when the new one is found to be right, not before.

    Raises:
        BackupError: It was not restored, and what to do.
    """
    target = Target(url)
    with opened(file) as backup:
        target.refuse_if_used()
        if target.is_empty():
            roles = load(backup, target)
            await _hold(backup.manifest, target)
            return Restored(backup.manifest, None, tuple(roles))
        if not replace:
            raise BackupError(
                f"The database {target.name} has tables already. With --replace the backup takes "
                "its place, and what is there now is kept under another name."
            )
        with _beside(target) as new:
            roles = load(backup, new)
            await _hold(backup.manifest, new)
            kept = _take_place(target, new)
        return Restored(backup.manifest, kept, tuple(roles))


def load(backup: Backup, target: Target) -> list[str]:
    """Load the dump into an empty database; return the roles that were made for it.

    Raises:
        BackupError: It cannot be loaded. A server of version 17 or newer is as empty as it was.
    """
    manifest, server = backup.manifest, target.server()
    if server < manifest.server:
        raise BackupError(
            f"The backup is of PostgreSQL {manifest.server} and cannot be restored into "
            f"PostgreSQL {server}. Use a server of that version or a newer one."
        )
    loader = programs.find("pg_restore", at_least=max(manifest.dumped_by, server))
    made = target.make_roles(manifest.roles)
    first_to_know, name = _UNKNOWN_BEFORE
    is_strict = server >= first_to_know or loader.major < first_to_know
    code, said = _run(loader.path("pg_restore"), backup, target, _STRICT if is_strict else ())
    if code != 0 and not (not is_strict and name in said and said.endswith(_LEFT_OUT)):
        raise BackupError(f"pg_restore failed:\n{said}")
    target.analyze()
    return made


def _run(program: str, backup: Backup, target: Target, options: tuple[str, ...]) -> tuple[int, str]:
    database, environment = programs.login(target.url)
    command = (program, *_OPTIONS, *options, f"--dbname={database}")
    with tempfile.TemporaryFile() as complaints:
        process = subprocess.Popen(  # noqa: S603
            command, stdin=subprocess.PIPE, stderr=complaints, env=environment
        )
        # Whatever stops us closes its input, too; it misses the end then, and rolls back. If it
        # ends first, its exit code and last words say why.
        with process, suppress(BrokenPipeError), cast("IO[bytes]", process.stdin) as its_input:
            shutil.copyfileobj(backup.dump(), its_input, CHUNK)
        complaints.seek(0)
        return process.returncode, complaints.read().decode(errors="replace")


async def _hold(manifest: Manifest, target: Target) -> None:
    """Raise BackupError when a database is not what was backed up."""
    found = await compare(manifest, target.url)
    if found:
        told = "\n".join(f"  {one}" for one in found)
        raise BackupError(
            f"What was restored is not what was backed up:\n{told}\n"
            f"Do not use the database {target.name}. Take another copy of the backup, or an older "
            "one, and restore it into an empty database."
        )


async def compare(manifest: Manifest, url: str) -> list[str]:
    """Say what in a database is not as the manifest has it, one sentence each."""
    async with contents.one_moment(url) as session:
        found = differences(manifest.contents, await contents.read(session))
        return found + await sequences.behind(session)


@contextmanager
def _beside(target: Target) -> Iterator[Target]:
    """Make a database for the length of a block, unless it gets another name meanwhile."""
    name = f"{target.name}_restoring"
    new = target.create(name)
    try:
        yield new
    except BaseException:
        target.drop(name)
        raise


def _take_place(target: Target, new: Target) -> str:
    """Give a database the name of another one; return the name that one has now."""
    kept = f"{target.name}_before_{datetime.now(UTC):%Y%m%dt%H%M%S}"
    target.give_place_to(new, kept)
    return kept
