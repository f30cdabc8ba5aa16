"""`python -m sandbox.prepare HOME`: roles, database, tables and first accounts. Safe to repeat.

A process of its own, beside the supervisor. Mostly there is nothing to do, and then it loads
neither Alembic nor SQLAlchemy, which would take longer than all the rest.
"""

import asyncio
import os
import re
import sys
from pathlib import Path

import psycopg
from psycopg.conninfo import make_conninfo

from sandbox.accounts import admin, operator
from sandbox.addresses import DATABASE, LOGIN
from sandbox.database import provision
from sandbox.environment import ROOT
from sandbox.home import Home
from sandbox.secrets import Secrets

VERSIONS = ROOT / "migrations" / "versions"


def main(folder: Path) -> None:
    secrets = Secrets.kept_in(Home.at(folder))
    owner_url = os.environ["MIGRATION_DATABASE_URL"]
    server_url = make_conninfo(owner_url, dbname="postgres")
    provision(server_url, DATABASE, LOGIN, secrets.application_password)
    with psycopg.connect(owner_url) as connection:
        is_prepared = is_current(connection) and has_accounts(connection, secrets)
    if not is_prepared:
        from sandbox.first_start import migrate, open_accounts  # noqa: PLC0415  (see above)

        migrate()
        asyncio.run(open_accounts(os.environ["DATABASE_URL"], secrets))


def is_current(connection: psycopg.Connection) -> bool:
    """Whether the database was migrated to the newest revision."""
    if connection.execute("SELECT to_regclass('alembic_version')").fetchone() == (None,):
        return False
    rows = connection.execute("SELECT version_num FROM alembic_version").fetchall()
    return {str(row[0]) for row in rows} == newest(VERSIONS)


def newest(versions: Path) -> set[str]:
    """Return the revisions in a folder that no other one builds on, as Alembic would."""
    texts = [file.read_text() for file in versions.glob("*.py")]
    return _named("revision", texts) - _named("down_revision", texts)


def _named(variable: str, texts: list[str]) -> set[str]:
    lines = (re.search(rf"^{variable}\b[^=]*=(.*)$", text, re.MULTILINE) for text in texts)
    return {name for line in lines if line for name in re.findall(r"[\"'](\w+)[\"']", line[1])}


def has_accounts(connection: psycopg.Connection, secrets: Secrets) -> bool:
    emails = [operator(secrets).email, admin(secrets).email]
    found = connection.execute("SELECT FROM users WHERE email = ANY(%s)", (emails,))
    return found.rowcount == len(emails)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
