"""Databases of the version before, with what people had stored in them, become this one's."""

from collections.abc import Iterator
from datetime import timedelta
from uuid import UUID, uuid4

import pytest
from alembic import command
from alembic.config import Config
from sqlalchemy import Engine, create_engine, text

from activities.seals import PostgresSealSteps
from domain.money import ZERO
from domain.payment import PaymentStatus
from models.base import new_id
from models.database import connected, psycopg_url, sessions_of
from models.database import create_engine as create_async
from models.personal import PersonalData
from models.queries import proofs, reports
from sandbox.postgres import Postgres
from tests.conftest import KEYS, ROOT, environment

BEFORE = "0004"
INSERT = text("""
    INSERT INTO payments (id, user_id, ticket_id, amount, currency, status, created_at)
    VALUES (:id, :user_id, :ticket_id, 250000, 'IRR', 'pending', now())
""")
PAY = text("""
    INSERT INTO payments (id, user_id, amount, currency, status, created_at, paid_at)
    VALUES (:id, :payer, 1000, 'IRR', 'paid', now(), now())
""")
USER = text("""
    INSERT INTO users (id, email, email_verified, full_name, phone, role, locale, is_active)
    VALUES (:id, :id || '@example.test', false, 'Sara', :phone, 'user', 'fa', true)
""")
LOGIN = text("""
    INSERT INTO sessions (id, user_id, created_at)
    VALUES (:id, gen_random_uuid(), now() - CAST(:ago AS interval))
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


def test_phones_of_the_version_before_are_encrypted_and_can_be_found(early: Engine) -> None:
    given = {
        "09121234567": "+989121234567",
        "+989121234567": "+989121234567",
        "+4915112345678": "+4915112345678",
        "1234567": "1234567",  # nobody knows what this was; its owner can correct it
        None: None,
    }
    ids = {phone: new_id() for phone in given}
    with early.begin() as connection:
        for phone, user_id in ids.items():
            connection.execute(USER, {"id": user_id, "phone": phone})
        file_before = connection.scalar(text("SELECT pg_relation_filenode('users')"))

    upgrade(early, "0012")

    personal = PersonalData.under(KEYS, environment("", "")["INDEX_KEY"].encode())
    with early.connect() as connection:
        rows = {
            row.id: row
            for row in connection.execute(
                text("SELECT id, phone, phone_index, phone_verified FROM users")
            )
        }
        stored = " ".join(connection.scalars(text("SELECT u::text FROM users u")))
        file_after = connection.scalar(text("SELECT pg_relation_filenode('users')"))
    for phone, user_id in ids.items():
        row, normal = rows[user_id], given[phone]
        assert not row.phone_verified
        if normal is None:
            assert (row.phone, row.phone_index) == (None, None)
            continue
        assert personal.phones.decrypt(user_id, row.phone) == normal
        assert row.phone_index == personal.phone_index.of(normal)
        assert normal[-7:] not in stored
        assert normal.encode().hex() not in stored
    assert file_before != file_after  # so nothing in clear is left in its pages


def test_logins_of_the_version_before_end_ninety_days_after_they_began(early: Engine) -> None:
    upgrade(early, "0012")
    with early.begin() as connection:
        connection.execute(LOGIN, {"id": new_id(), "ago": "80 days"})

    upgrade(early, "0013")

    with early.begin() as connection:
        # A process of the version before goes on for a while, and names no end.
        connection.execute(LOGIN, {"id": new_id(), "ago": "0 days"})
        lives = list(connection.scalars(text("SELECT expires_at - created_at FROM sessions")))
    assert lives == [timedelta(days=90)] * 2


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


async def test_counters_begin_with_what_there_is(early: Engine) -> None:
    with early.begin() as connection:
        for _ in range(3):
            connection.execute(USER, {"id": new_id(), "phone": None})
        payment = {"id": new_id(), "payer": new_id()}
        connection.execute(PAY, payment)
        connection.execute(DEPOSIT, payment)

    upgrade(early, "head")

    url = early.url.set(drivername="postgresql").render_as_string(hide_password=False)
    async with connected(url, pool_size=1) as engine, sessions_of(engine)() as session:
        found = await reports.counts(session)
        assert await reports.differences(session) == []
    assert (found.users, found.payments[PaymentStatus.PAID], found.volume) == (3, 1, ZERO)


def insert(engine: Engine, ticket_id: UUID | None) -> UUID:
    payment_id = new_id()
    values = {"id": payment_id, "user_id": uuid4(), "ticket_id": ticket_id}
    with engine.begin() as connection:
        connection.execute(INSERT, values)
    return payment_id
