"""One open payment per ticket, also where several were open before that became a rule."""

from collections.abc import Iterator
from uuid import UUID, uuid4

import pytest
from alembic import command
from alembic.config import Config
from sqlalchemy import Engine, create_engine, text

from models.base import new_id
from models.database import psycopg_url
from sandbox.postgres import Postgres
from tests.conftest import ROOT, environment

BEFORE = "0004"
INSERT = text("""
    INSERT INTO payments (id, user_id, ticket_id, amount, currency, status, created_at)
    VALUES (:id, :user_id, :ticket_id, 250000, 'IRR', 'pending', now())
""")


@pytest.fixture
def early(postgres: Postgres, superuser_url: str) -> Iterator[Engine]:
    """A database of the version before, in which nothing is checked against other tables."""
    name = f"early_{uuid4().hex}"
    admin = create_engine(psycopg_url(superuser_url), isolation_level="AUTOCOMMIT")
    with admin.connect() as connection:
        connection.execute(text(f"CREATE DATABASE {name}"))
        connection.execute(text(f"ALTER DATABASE {name} SET session_replication_role = 'replica'"))
    engine = create_engine(psycopg_url(postgres.superuser_url(name)))
    upgrade(engine, BEFORE)
    yield engine
    engine.dispose()
    with admin.connect() as connection:
        connection.execute(text(f"DROP DATABASE {name} WITH (FORCE)"))
    admin.dispose()


def upgrade(engine: Engine, revision: str) -> None:
    url = engine.url.set(drivername="postgresql").render_as_string(hide_password=False)
    with pytest.MonkeyPatch.context() as patch:
        for name, value in environment(url, url).items():
            patch.setenv(name, value)
        patch.chdir(ROOT)
        command.upgrade(Config(ROOT / "alembic.ini"), revision)


def test_of_several_open_payments_for_a_ticket_the_newest_stays_open(early: Engine) -> None:
    twice, once = uuid4(), uuid4()
    older, newer = insert(early, twice), insert(early, twice)
    others = [insert(early, ticket_id) for ticket_id in (once, None, None)]

    upgrade(early, "head")

    with early.connect() as connection:
        rows = connection.execute(text("SELECT id, status FROM payments"))
        statuses = {row.id: row.status for row in rows}
    assert statuses == {older: "expired", newer: "pending", **dict.fromkeys(others, "pending")}


def insert(engine: Engine, ticket_id: UUID | None) -> UUID:
    payment_id = new_id()
    values = {"id": payment_id, "user_id": uuid4(), "ticket_id": ticket_id}
    with engine.begin() as connection:
        connection.execute(INSERT, values)
    return payment_id
