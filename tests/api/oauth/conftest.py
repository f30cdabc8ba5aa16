"""Three providers on this machine, and an API that offers logins with them."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import httpx
import pytest
from pydantic import SecretStr

from models.database import Sessions, create_engine, sessions_of
from settings import Settings
from tests.api.conftest import serving
from tests.api.oauth.members import prove
from tests.api.people import Person, join
from tests.oidc import github, misbehaving
from tests.oidc.github import GitHub
from tests.oidc.misbehaving import Provider
from tests.oidc.serving import served
from tests.oidc.traveller import Traveller


@pytest.fixture(scope="session")
async def _google() -> AsyncIterator[Provider]:
    provider = Provider()
    async with served(provider.app()) as address:
        provider.issuer = address
        yield provider


@pytest.fixture(scope="session")
async def _auth0() -> AsyncIterator[Provider]:
    provider = Provider()
    async with served(provider.app()) as address:
        provider.issuer = f"{address}/"
        yield provider


@pytest.fixture(scope="session")
async def _github() -> AsyncIterator[tuple[GitHub, str]]:
    server = GitHub()
    async with served(server.app()) as address:
        yield server, address


@pytest.fixture(autouse=True)
def _starts_over(_google: Provider, _auth0: Provider, _github: tuple[GitHub, str]) -> None:
    """At the beginning of each test they behave, and somebody new is logged in there."""
    for server in (_google, _auth0, _github[0]):
        server.start_over()


@pytest.fixture
def google(_google: Provider) -> Provider:
    return _google


@pytest.fixture
def auth0(_auth0: Provider) -> Provider:
    return _auth0


@pytest.fixture
def hub(_github: tuple[GitHub, str]) -> GitHub:
    return _github[0]


@pytest.fixture(scope="session")
def offering(
    settings: Settings, _google: Provider, _auth0: Provider, _github: tuple[GitHub, str]
) -> Settings:
    at_github = _github[1]
    changes: dict[str, Any] = {
        "api_url": "http://localhost",
        "google_client_id": misbehaving.CLIENT_ID,
        "google_client_secret": SecretStr(misbehaving.CLIENT_SECRET),
        "google_issuer": _google.issuer,
        "auth0_client_id": misbehaving.CLIENT_ID,
        "auth0_client_secret": SecretStr(misbehaving.CLIENT_SECRET),
        "auth0_issuer": _auth0.issuer,
        "github_client_id": github.CLIENT_ID,
        "github_client_secret": SecretStr(github.CLIENT_SECRET),
        "github_url": at_github,
        "github_api_url": f"{at_github}/api",
    }
    return settings.model_copy(update=changes)


@pytest.fixture
async def as_owner(superuser_url: str) -> AsyncIterator[Sessions]:
    """The database as its owner sees it, who may change what the application may not."""
    engine = create_engine(superuser_url, pool_size=1)
    yield sessions_of(engine)
    await engine.dispose()


@pytest.fixture
async def elsewhere() -> AsyncIterator[httpx.AsyncClient]:
    async with httpx.AsyncClient(trust_env=False) as elsewhere:
        yield elsewhere


@pytest.fixture(scope="session")
async def _api(offering: Settings) -> AsyncIterator[httpx.AsyncClient]:
    async with serving(offering) as http:
        yield http


@asynccontextmanager
async def _at(api: httpx.AsyncClient, elsewhere: httpx.AsyncClient) -> AsyncIterator[Traveller]:
    async with httpx.AsyncClient(transport=api._transport, base_url=api.base_url) as browser:
        yield Traveller(browser, elsewhere)


@pytest.fixture
async def leila(_api: httpx.AsyncClient, elsewhere: httpx.AsyncClient) -> AsyncIterator[Traveller]:
    """Somebody with a browser, whom all three providers know."""
    async with _at(_api, elsewhere) as leila:
        yield leila


@pytest.fixture
async def another(_api: httpx.AsyncClient, leila: Traveller) -> AsyncIterator[Traveller]:
    """Another browser at the same API."""
    async with _at(_api, leila.elsewhere) as another:
        yield another


@pytest.fixture
async def early(offering: Settings, elsewhere: httpx.AsyncClient) -> AsyncIterator[Traveller]:
    """A browser at an API that has not spoken to any provider yet."""
    async with serving(offering) as browser:
        yield Traveller(browser, elsewhere)


@pytest.fixture
async def sara(leila: Traveller, sessions: Sessions) -> Person:
    """Somebody with a password and a proven address."""
    sara = await join(leila.browser)
    await prove(sessions, sara)
    return sara
