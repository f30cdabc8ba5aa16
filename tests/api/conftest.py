"""The API over ASGI, on real PostgreSQL and real Temporal, with a real worker behind it."""

from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager
from decimal import Decimal
from functools import cache
from typing import Any
from uuid import UUID

import httpx
import pytest
from argon2 import PasswordHasher
from fastapi import FastAPI
from zxcvbn import zxcvbn

from api.accounts import passwords
from api.app import create_app
from engine.client import connect
from models.database import Sessions
from models.user import User, UserRole
from sandbox.gateway.app import create_app as create_gateway
from sandbox.temporal import TemporalServer
from settings import Settings
from tests import given
from tests.api.loans import Cast
from tests.api.people import Person, join
from tests.conftest import KEYS, environment
from worker import build

SIMULATOR = "http://simulator"
FRONTEND = "http://frontend.test"


def settings_of(database_url: str, temporal_address: str, **changes: Any) -> Settings:
    required = environment(database_url, database_url)
    values: dict[str, Any] = {name.lower(): value for name, value in required.items()}
    values |= {
        "debug": True,
        "temporal_address": temporal_address,
        "task_queue": "api-tests",
        "frontend_url": FRONTEND,
        "temporal_ui_url": "http://localhost:8233",
        "zarinpal_base_url": SIMULATOR,
    }
    return Settings(_env_file=None, **values | changes)


@asynccontextmanager
async def api(settings: Settings) -> AsyncIterator[httpx.ASGITransport]:
    """Run an API of its own for the length of a block."""
    app: FastAPI = create_app(settings)
    async with app.router.lifespan_context(app):
        yield httpx.ASGITransport(app)


def visiting(transport: httpx.ASGITransport) -> httpx.AsyncClient:
    """Return a client whose cookies nobody else sees."""
    return httpx.AsyncClient(transport=transport, base_url="http://localhost")


@asynccontextmanager
async def serving(settings: Settings) -> AsyncIterator[httpx.AsyncClient]:
    """Visit an API of its own for the length of a block."""
    async with api(settings) as transport, visiting(transport) as http:
        yield http


@pytest.fixture(scope="session")
def settings(database_url: str, temporal: TemporalServer) -> Settings:
    return settings_of(database_url, temporal.address)


@pytest.fixture(scope="session", autouse=True)
def real_hasher() -> Iterator[PasswordHasher]:
    """Judge each password once and hash it cheaply: half of a test's time would go there.

    Yields what was there before, for the tests of passwords.
    """
    real = passwords._HASHER
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(passwords, "_HASHER", PasswordHasher(1, memory_cost=8, parallelism=1))
        patch.setattr(passwords, "zxcvbn", cache(zxcvbn))
        yield real


@pytest.fixture(scope="session")
async def transport(settings: Settings) -> AsyncIterator[httpx.ASGITransport]:
    async with api(settings) as transport:
        yield transport


@pytest.fixture(scope="session")
async def http(transport: httpx.ASGITransport) -> AsyncIterator[httpx.AsyncClient]:
    async with visiting(transport) as http:
        yield http


@pytest.fixture
async def browser(transport: httpx.ASGITransport) -> AsyncIterator[httpx.AsyncClient]:
    """A client whose cookies nobody else sees."""
    async with visiting(transport) as http:
        yield http


@pytest.fixture(scope="session")
async def gateway(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[httpx.AsyncClient]:
    app = create_gateway(tmp_path_factory.mktemp("gateway") / "state.sqlite", SIMULATOR)
    transport = httpx.ASGITransport(app)
    async with httpx.AsyncClient(transport=transport, base_url=SIMULATOR) as gateway:
        yield gateway


@asynccontextmanager
async def working(
    settings: Settings, sessions: Sessions, gateway: httpx.AsyncClient
) -> AsyncIterator[None]:
    """Run a worker for the length of a block."""
    client = await connect(settings.temporal_address, namespace="default", keys=KEYS)
    async with build(client, settings, sessions, gateway):
        yield


@pytest.fixture(scope="session")
async def worker(
    settings: Settings, sessions: Sessions, gateway: httpx.AsyncClient
) -> AsyncIterator[None]:
    async with working(settings, sessions, gateway):
        yield


@pytest.fixture
async def sara(http: httpx.AsyncClient) -> Person:
    return await join(http)


@pytest.fixture
async def omid(http: httpx.AsyncClient) -> Person:
    return await join(http)


@pytest.fixture
async def stranger(http: httpx.AsyncClient) -> Person:
    return await join(http)


async def promote(sessions: Sessions, person: Person, role: UserRole = UserRole.OPERATOR) -> Person:
    """Make somebody an operator, or an administrator."""
    async with sessions.begin() as session:
        user = await session.get_one(User, UUID(person.id))
        user.role = role
    return person


@pytest.fixture
async def operator(http: httpx.AsyncClient, sessions: Sessions) -> Person:
    return await promote(sessions, await join(http))


@pytest.fixture
async def admin(http: httpx.AsyncClient, sessions: Sessions) -> Person:
    return await promote(sessions, await join(http), UserRole.ADMIN)


@pytest.fixture(scope="session")
async def cast(http: httpx.AsyncClient, sessions: Sessions) -> Cast:
    """People for many loans; the borrower is rich."""
    people = {who: await join(http) for who in ("borrower", "lender", "stranger", "operator")}
    await promote(sessions, people["operator"])
    borrower_id = UUID(people["borrower"].id)
    await given.money_in_wallet(sessions, borrower_id, Decimal(1_000_000_000_000))
    return Cast(http, sessions, people)


Enrich = Callable[[Person, int], Awaitable[None]]


@pytest.fixture
async def forgetful(settings: Settings, cast: Cast) -> AsyncIterator[Cast]:
    """The same people at an API whose engine knows of no loan, as after its retention time."""
    async with serving(settings.model_copy(update={"temporal_namespace": "empty"})) as http:
        yield cast.at(http)


@pytest.fixture
def enrich(sessions: Sessions) -> Enrich:
    async def into_wallet(person: Person, rials: int) -> None:
        await given.money_in_wallet(sessions, UUID(person.id), Decimal(rials))

    return into_wallet
