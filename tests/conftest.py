"""One PostgreSQL and one Temporal dev server for the whole run (for each xdist worker its own)."""

import base64
import os
import signal
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from pathlib import Path
from uuid import uuid4

import pytest
from alembic import command
from alembic.config import Config
from sqlalchemy import create_engine as create_sync_engine
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from models.database import Sessions, create_engine, psycopg_url, sessions_of
from sandbox.ports import free_port
from sandbox.postgres import Postgres
from sandbox.temporal import TemporalServer

ROOT = Path(__file__).parent.parent
KEYS = {"k1": b"1" * 32}
PER_ADDRESS = ("LIMIT_LOGIN", "LIMIT_REGISTER", "LIMIT_RESET", "LIMIT_REFRESH", "LIMIT_PUBLIC")
SIMULATOR = "http://simulator"
PRISTINE = "pristine"  # a migrated database that nobody writes to


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--record", action="store_true", help="keep the histories of tests/workflows for replay"
    )
    parser.addoption("--seed", type=int, help="repeat the run of tests/properties with this seed")


def pytest_configure() -> None:
    """Let the programs of tests be stopped by SIGINT; what nohup or `&` starts ignores it."""
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture(scope="session")
def postgres(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Postgres]:
    """A server without fsync: it is thrown away, so nothing in it has to survive a power cut."""
    data = tmp_path_factory.mktemp("postgres") / "data"
    with Postgres(data, free_port(), "secret", options={"fsync": "off"}).running() as server:
        yield server


@pytest.fixture(scope="session")
def superuser_url(postgres: Postgres) -> str:
    """A migrated database, as its owner sees it."""
    admin = create_sync_engine(psycopg_url(postgres.superuser_url()), isolation_level="AUTOCOMMIT")
    with admin.connect() as connection:
        connection.execute(text("CREATE DATABASE assets"))
    url = postgres.superuser_url("assets")
    migrate(url)
    with admin.connect() as connection:
        connection.execute(text("CREATE ROLE assets LOGIN PASSWORD 'app' IN ROLE assets_app"))
        connection.execute(text(f"CREATE DATABASE {PRISTINE} TEMPLATE assets"))
    admin.dispose()
    return url


def as_application(superuser_url: str) -> str:
    """Name the same database as the application's role."""
    return superuser_url.replace("postgres:secret@", "assets:app@")


@pytest.fixture(scope="session")
def database_url(superuser_url: str) -> str:
    """The same database, as the application's role sees it."""
    return as_application(superuser_url)


@pytest.fixture
def own_database(postgres: Postgres, superuser_url: str) -> Iterator[str]:
    """A migrated, empty database for one test alone, as its owner sees it."""
    with a_database(postgres, superuser_url) as url:
        yield url


@contextmanager
def a_database(postgres: Postgres, superuser_url: str) -> Iterator[str]:
    name = f"own_{uuid4().hex}"
    admin = create_sync_engine(psycopg_url(superuser_url), isolation_level="AUTOCOMMIT")
    with admin.connect() as connection:
        connection.execute(text(f"CREATE DATABASE {name} TEMPLATE {PRISTINE}"))
    yield postgres.superuser_url(name)
    with admin.connect() as connection:
        connection.execute(text(f"DROP DATABASE {name} WITH (FORCE)"))
    admin.dispose()


@pytest.fixture
async def own_sessions(own_database: str) -> AsyncIterator[Sessions]:
    """That database, as the application's role sees it."""
    engine = create_engine(as_application(own_database), pool_size=20)
    yield sessions_of(engine)
    await engine.dispose()


@pytest.fixture(scope="session")
async def engine(database_url: str) -> AsyncIterator[AsyncEngine]:
    engine = create_engine(database_url, pool_size=20)
    yield engine
    await engine.dispose()


@pytest.fixture(scope="session")
def sessions(engine: AsyncEngine) -> Sessions:
    return sessions_of(engine)


@pytest.fixture(scope="session")
def temporal() -> Iterator[TemporalServer]:
    with TemporalServer(free_port()).running() as server:
        yield server


def environment(database_url: str, owner_url: str) -> dict[str, str]:
    """Every variable that `settings/` requires, for many people who share one address."""
    return {
        **dict.fromkeys(PER_ADDRESS, "100000/minute"),
        "LOGIN_FAILURES_PER_ADDRESS": "100000",
        "DEBUG": "true",
        "SECRET_KEY": "test-secret-key-of-enough-characters",
        "JWT_SECRET": "test-jwt-secret-of-enough-characters",
        "ENCRYPTION_KEYS": "k1:" + base64.b64encode(KEYS["k1"]).decode(),
        "INDEX_KEY": "test-index-key-of-enough-characters",
        "DATABASE_URL": database_url,
        "MIGRATION_DATABASE_URL": owner_url,
        "EMAIL_FROM": "assets@example.com",
        "POSTMARK_TOKEN": "test-postmark-token",
        "POSTMARK_BASE_URL": SIMULATOR,
        "KAVENEGAR_API_KEY": "test-kavenegar-key",
        "KAVENEGAR_BASE_URL": SIMULATOR,
        "WHATSAPP_ACCESS_TOKEN": "test-whatsapp-token",
        "WHATSAPP_PHONE_NUMBER_ID": "100000000000001",
        "WHATSAPP_TEMPLATE": "message",
        "WHATSAPP_BASE_URL": SIMULATOR,
        "ZARINPAL_MERCHANT_ID": "8d7c1f52-0000-4000-8000-000000000000",
        "ZARINPAL_CALLBACK_URL": "http://127.0.0.1:8000/api/v1/payments/verify/",
    }


def migrate(url: str) -> None:
    with pytest.MonkeyPatch.context() as patch:
        for name, value in environment(url, url).items():
            patch.setenv(name, value)
        patch.chdir(ROOT)
        os.environ.pop("TEMPORAL_ADDRESS", None)
        command.upgrade(Config(ROOT / "alembic.ini"), "head")
