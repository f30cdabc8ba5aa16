"""A platform with loans, money, seals and secrets in it, and a sound backup of it."""

from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from pathlib import Path
from uuid import uuid4

import pytest
from sqlalchemy import create_engine, text

from activities.seals import PostgresSealSteps
from backups import taking
from domain.audit import AuditAction, AuditLine
from domain.ticket import Stage
from models.base import new_id
from models.database import Sessions, connected, psycopg_url, sessions_of
from models.personal import PersonalData
from models.queries import audit
from models.reencryption import KeyRing
from sandbox.postgres import Postgres
from tests import given
from tests.conftest import KEYS, a_database, as_application
from tests.lending import Lending

RING = KeyRing(KEYS, b"test-index-key-of-enough-characters")


async def populate(sessions: Sessions) -> None:
    """Have loans at several stages, sealed, with lines in the log and a phone number."""
    lending = await Lending.among_strangers(sessions)
    for stage in (Stage.PENDING, Stage.ESCROW, Stage.CLAIMED, Stage.COMPLETED):
        await lending.at(stage)
    user_id, personal = new_id(), PersonalData.under(RING.keys, RING.index_key)
    await given.a_user(sessions, id=user_id, **personal.sealed_phone(user_id, "+989121234567"))
    async with sessions.begin() as session:
        await audit.record(session, AuditLine(AuditAction.REGISTERED, user_id, f"user:{user_id}"))
    await PostgresSealSteps(sessions).seal_ledger()


@contextmanager
def an_empty_database(postgres: Postgres) -> Iterator[str]:
    name = f"empty_{uuid4().hex}"
    admin = create_engine(psycopg_url(postgres.superuser_url()), isolation_level="AUTOCOMMIT")
    with admin.connect() as connection:
        connection.execute(text(f"CREATE DATABASE {name}"))
    yield postgres.superuser_url(name)
    with admin.connect() as connection:
        connection.execute(text(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)"))
    admin.dispose()


@pytest.fixture
def empty_database(postgres: Postgres, superuser_url: str) -> Iterator[str]:
    """A database without a table, on a server that has the roles."""
    with an_empty_database(postgres) as url:
        yield url


@pytest.fixture(scope="session")
async def platform(postgres: Postgres, superuser_url: str) -> AsyncIterator[str]:
    """The platform's database, as its owner sees it. It is read by many tests: change nothing."""
    with a_database(postgres, superuser_url) as url:
        async with connected(as_application(url), pool_size=5) as engine:
            await populate(sessions_of(engine))
        yield url


@pytest.fixture(scope="session")
async def sound(platform: str, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A backup of it."""
    file = tmp_path_factory.mktemp("sound") / "sound.backup"
    await taking.take(platform, file)
    return file


@pytest.fixture
async def own_platform(own_database: str, own_sessions: Sessions) -> str:
    """The same, for one test that does harm."""
    await populate(own_sessions)
    return own_database
