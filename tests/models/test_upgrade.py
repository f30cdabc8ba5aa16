"""Databases of the version before, with what people had stored in them, become this one's."""

from collections.abc import Iterator
from uuid import UUID, uuid4

import pytest
from alembic import command
from alembic.config import Config
from sqlalchemy import Engine, create_engine, text

from activities.seals import PostgresSealSteps
from models.base import new_id
from models.database import create_engine as create_async
from models.database import psycopg_url, sessions_of
from models.queries import proofs
from sandbox.postgres import Postgres
from tests.conftest import ROOT, environment

BEFORE = "0004"
INSERT = text("""
    INSERT INTO payments (id, user_id, ticket_id, amount, currency, status, created_at)
    VALUES (:id, :user_id, :ticket_id, 250000, 'IRR', 'pending', now())
""")
PAY = text("""
    INSERT INTO payments (id, user_id, amount, currency, status, created_at, paid_at)
    VALUES (:id, :payer, 1000, 'IRR', 'paid', now(), now())
""")
DEPOSIT = text(r"""
    SELECT post_ledger_transaction(gen_random_uuid(), 'payment\:' || :id || '\:deposit', 'deposit',
        'payment\:' || :id, 'Wallet top-up', ARRAY[
            (gen_random_uuid(), gen_random_uuid(), 'gateway_clearing', NULL, 'debit', 1000),
            (gen_random_uuid(), gen_random_uuid(), 'user_wallet', CAST(:payer AS uuid), 'credit',
                1000)
        ]\:\:ledger_line[])
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


async def test_a_ledger_of_the_version_before_holds_and_can_be_sealed(early: Engine) -> None:
    payer = uuid4()
    with early.begin() as connection:
        for _ in range(3):
            payment = {"id": new_id(), "payer": payer}
            connection.execute(PAY, payment)
            connection.execute(DEPOSIT, payment)

    upgrade(early, "head")

    url = early.url.set(drivername="postgresql").render_as_string(hide_password=False)
    engine = create_async(url, pool_size=2)
    sessions = sessions_of(engine)
    sealed = await PostgresSealSteps(sessions).seal_ledger()
    async with sessions() as session:
        report = await proofs.verify(session)
    await engine.dispose()
    assert sealed.made == 1
    assert (report.transactions, report.unsealed, report.violations) == (3, 0, ())


def insert(engine: Engine, ticket_id: UUID | None) -> UUID:
    payment_id = new_id()
    values = {"id": payment_id, "user_id": uuid4(), "ticket_id": ticket_id}
    with engine.begin() as connection:
        connection.execute(INSERT, values)
    return payment_id
