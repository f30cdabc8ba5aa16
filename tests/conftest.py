"""One PostgreSQL and one Temporal dev server for the whole run (for each xdist worker its own)."""

import base64
import os
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

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


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--record", action="store_true", help="keep the histories of tests/workflows for replay"
    )


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
    admin.dispose()
    return url


@pytest.fixture(scope="session")
def database_url(superuser_url: str) -> str:
    """The same database, as the application's role sees it."""
    return superuser_url.replace("postgres:secret@", "assets:app@")


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
    """Every variable that `settings.py` requires."""
    return {
        "SECRET_KEY": "test-secret-key-of-enough-characters",
        "JWT_SECRET": "test-jwt-secret-of-enough-characters",
        "ENCRYPTION_KEYS": "k1:" + base64.b64encode(KEYS["k1"]).decode(),
        "DATABASE_URL": database_url,
        "MIGRATION_DATABASE_URL": owner_url,
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
