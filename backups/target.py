"""The database that a backup is restored into: whether it is fit, and how it takes its place."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Final, LiteralString

import psycopg
from psycopg import sql
from sqlalchemy import make_url

from backups.errors import BackupError
from backups.guards import OURS

_TABLES: Final = f"""
SELECT count(*) FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE c.relkind = 'r' AND {OURS}
"""  # noqa: S608  (constants only)
_OTHERS: Final = """
SELECT format('%s (process %s)', coalesce(nullif(application_name, ''), usename), pid)
FROM pg_stat_activity
WHERE datname = current_database() AND pid <> pg_backend_pid() AND backend_type = 'client backend'
ORDER BY 1
"""

_THIRD: Final = "postgres"  # every server has it, and nobody's tables are in it


@dataclass(frozen=True)
class Target:
    """A database, by its URL; as a role that owns it."""

    url: str

    @property
    def name(self) -> str:
        return make_url(self.url).database or ""

    def named(self, name: str) -> "Target":
        """Return another database of the same server."""
        return Target(make_url(self.url).set(database=name).render_as_string(hide_password=False))

    def server(self) -> int:
        """Return the version of its server."""
        with self._connected() as connection:
            return connection.info.server_version // 10000

    def is_empty(self) -> bool:
        return self._asked(_TABLES) == [0]

    def refuse_if_used(self) -> None:
        """Raise BackupError when somebody is connected."""
        others = self._asked(_OTHERS)
        if others:
            raise BackupError(
                f"The database {self.name} is in use by {', '.join(map(str, others))}. "
                "Stop every API, worker and program that is connected to it, and begin again."
            )

    def make_roles(self, roles: Sequence[str]) -> list[str]:
        """Make those that the server does not have, without a login; return which these were."""
        with self._connected() as connection:
            known = "SELECT rolname::text FROM pg_roles WHERE rolname = ANY(%s)"
            there = {name for (name,) in connection.execute(known, (list(roles),))}
            missing = [role for role in roles if role not in there]
            for role in missing:
                connection.execute(sql.SQL("CREATE ROLE {} NOLOGIN").format(sql.Identifier(role)))
        return missing

    def create(self, name: str) -> "Target":
        """Make another, empty database on its server, in place of one that was left over."""
        self._do("DROP DATABASE IF EXISTS {}", name)
        self._do("CREATE DATABASE {}", name)
        return self.named(name)

    def drop(self, name: str) -> None:
        self._do("DROP DATABASE {} WITH (FORCE)", name)

    def give_place_to(self, new: "Target", kept: str) -> None:
        """Give a database this one's name, and this one another: both at once, or neither.

        Nobody may be connected to a database that is renamed, so it is done from a third one.
        """
        self.named(_THIRD).rename({self.name: kept, new.name: self.name})

    def rename(self, names: Mapping[str, str]) -> None:
        """Rename other databases of its server in one transaction."""
        statement = sql.SQL("ALTER DATABASE {} RENAME TO {}")
        with self._connected() as connection, connection.transaction():
            for pair in names.items():
                connection.execute(statement.format(*map(sql.Identifier, pair)))

    def analyze(self) -> None:
        """Tell the planner what is in it; without that the first hours would be slow."""
        self._do("ANALYZE")

    def _asked(self, question: LiteralString) -> list[object]:
        with self._connected() as connection:
            return [value for (value,) in connection.execute(question)]

    def _do(self, statement: LiteralString, *names: str) -> None:
        with self._connected() as connection:
            connection.execute(sql.SQL(statement).format(*map(sql.Identifier, names)))

    @contextmanager
    def _connected(self) -> Iterator[psycopg.Connection]:
        try:
            with psycopg.connect(self.url, autocommit=True, connect_timeout=10) as connection:
                connection.execute("SET statement_timeout = 0")
                yield connection
        except psycopg.errors.InsufficientPrivilege as error:
            raise BackupError(
                f"{_reason(error)}. Restoring takes the role that owns the database, named in "
                "MIGRATION_DATABASE_URL; where roles or a database are to be made, with the "
                "attributes CREATEROLE and CREATEDB. An administrator may make them beforehand."
            ) from error
        except psycopg.Error as error:
            raise BackupError(f"The database {self.name}: {_reason(error)}.") from error


def _reason(error: psycopg.Error) -> str:
    return (str(error).strip().splitlines() or [type(error).__name__])[0]
