"""A database of its own for a measurement, on the server of a running sandbox; dropped after it."""

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from uuid import uuid4

import psycopg
from psycopg import sql

from sandbox import environment
from sandbox.addresses import Addresses
from sandbox.dev_json import DevInfo
from sandbox.ports import Ports
from sandbox.secrets import Secrets

STATEMENTS = Path(__file__).with_name("pgbench")


@dataclass(frozen=True)
class Scratch:
    """A migrated, empty database, as its owner and as the application's role see it."""

    name: str
    superuser_url: str
    database_url: str

    def settings(self) -> dict[str, str]:
        """Return the environment of a program that works on it, with secrets of its own."""
        urls = {"DATABASE_URL": self.database_url, "MIGRATION_DATABASE_URL": self.superuser_url}
        return environment.application(Addresses(Ports(), Secrets())) | urls


@contextmanager
def database(dev: DevInfo) -> Iterator[Scratch]:
    name = f"bench_{uuid4().hex}"
    scratch = Scratch(name, _named(dev.superuser_url, name), _named(dev.database_url, name))
    with psycopg.connect(dev.superuser_url, autocommit=True) as server:
        server.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))
        try:
            _migrate(scratch)
            yield scratch
        finally:
            drop = sql.SQL("DROP DATABASE {} WITH (FORCE)")
            server.execute(drop.format(sql.Identifier(name)))


def _named(url: str, name: str) -> str:
    return f"{url.rpartition('/')[0]}/{name}"


def _migrate(scratch: Scratch) -> None:
    subprocess.run(
        [sys.executable, "-m", "alembic", "upgrade", "head"],
        cwd=environment.ROOT,
        env=scratch.settings(),
        check=True,
    )
