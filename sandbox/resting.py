"""The database of a sandbox that does not run, held for a command; and its engine's memory."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from sandbox import dev_json
from sandbox.addresses import DATABASE, LOGIN
from sandbox.database import provision
from sandbox.errors import SandboxError
from sandbox.home import Home
from sandbox.ports import free_port
from sandbox.postgres import Postgres
from sandbox.secrets import Secrets

_OF_SQLITE: Final = ("", "-wal", "-shm")


@contextmanager
def database(folder: Path) -> Iterator[str]:
    """Give the URL of a sandbox's database, as its owner, whether the sandbox runs or not.

    Raises:
        SandboxError: There is no sandbox.
    """
    home = Home.at(folder)
    if home.in_use():
        yield dev_json.read(folder).superuser_url
        return
    if not home.postgres.exists():
        raise SandboxError(f"There is no sandbox in {home.path}.")
    with resting(folder) as url:
        yield url


@contextmanager
def resting(folder: Path) -> Iterator[str]:
    """Run nothing but the database of a sandbox, which is made if there is none.

    Raises:
        SandboxError: The sandbox runs.
    """
    home = Home.at(folder)
    home.make()
    with home.lock():
        kept = Secrets.kept_in(home)
        with Postgres(home.postgres, free_port(), kept.superuser_password).running() as server:
            provision(server.superuser_url(), DATABASE, LOGIN, kept.application_password)
            yield server.superuser_url(DATABASE)


@contextmanager
def engine_set_aside(folder: Path) -> Iterator[None]:
    """Have the engine of a sandbox forget what it knows; it is kept, and put back on a failure.

    First, because an engine that forgot can be told again what is open, while one that remembers
    more than the database goes on as if that had happened.
    """
    engine = Home.at(folder).temporal
    kept = engine.with_name(f"temporal-before-{datetime.now(UTC):%Y%m%dT%H%M%SZ}.sqlite")
    _move(engine, kept)
    try:
        yield
    except BaseException:
        _move(kept, engine)
        raise


def _move(file: Path, to: Path) -> None:
    for suffix in _OF_SQLITE:
        part = file.with_name(file.name + suffix)
        if part.exists():
            part.rename(to.with_name(to.name + suffix))
