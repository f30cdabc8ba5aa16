"""Every route of the document by everybody: the answer is the one that access.py says."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest
from fastapi import FastAPI
from starlette.types import Message

from models.database import Sessions
from settings import Settings
from tests.api.access import BODIES, CALLERS, EXPECTED
from tests.api.test_openapi import operations
from tests.api.world import World, an_api

pytestmark = pytest.mark.usefixtures("worker")
ROUTES = sorted(EXPECTED)
BY_POLICY = {
    "everyone": {"anonymous"},
    "own": {"anonymous"},
    "signed_in": {"stranger", "party"},
    "operator": {"operator"},
    "admin": {"admin"},
}


@pytest.fixture(scope="module")
async def app(settings: Settings) -> AsyncIterator[FastAPI]:
    # One that tells where to log in without asking anybody else.
    changes = {"github_client_id": "id", "github_client_secret": "secret"}
    async with an_api(Settings(_env_file=None, **settings.model_dump() | changes)) as app:
        yield app


@pytest.fixture
async def world(app: FastAPI, sessions: Sessions) -> AsyncIterator[World]:
    transport = httpx.ASGITransport(app)
    async with httpx.AsyncClient(transport=transport, base_url="http://localhost") as http:
        yield await World.of(sessions, http)


def test_the_table_has_every_route_of_the_document_and_no_other() -> None:
    documented = {(method.upper(), path) for method, path, _ in operations()}

    assert documented - set(EXPECTED) == set(), "add a line for each to tests/api/access.py"
    assert set(EXPECTED) - documented == set(), "they are gone: remove their lines"
    assert set(BODIES) <= set(EXPECTED)


def test_the_table_agrees_with_what_the_routes_declare() -> None:
    """Whoever the policy shuts out gets 401 or 403; of those whom it lets in somebody gets on."""
    for method, path, operation in operations():
        statuses = EXPECTED[method.upper(), path]
        policy = operation["x-policy"]
        if policy in {"signed_in", "operator", "admin"}:
            assert statuses["anonymous"] == 401, path
        if policy in {"operator", "admin"}:
            assert {statuses["stranger"], statuses["party"]} == {403}, path
        if policy == "admin":
            assert statuses["operator"] == 403, path
        if policy == "everyone":
            assert len(set(statuses.values())) == 1, path


@pytest.mark.parametrize(("method", "path"), ROUTES)
async def test_everybody_gets_the_answer_that_they_may_have(
    app: FastAPI, world: World, method: str, path: str
) -> None:
    url, found = await world.filled(path), {}
    for who in CALLERS:
        person = world.people.get(who)
        headers = {"Authorization": f"Bearer {person.token}"} if person else {}
        body = await world.filled(BODIES.get((method, path)))
        if path.endswith("/events/"):
            found[who] = await status_of_stream(app, url, headers)
        else:
            answer = await world.http.request(method, url, json=body, headers=headers)
            found[who] = answer.status_code
            assert_documented(method, path, answer)

    assert found == EXPECTED[method, path]


def assert_documented(method: str, path: str, answer: httpx.Response) -> None:
    responses = DOCUMENTED[method, path]
    assert str(answer.status_code) in responses, answer.text


DOCUMENTED: dict[tuple[str, str], Any] = {
    (method.upper(), path): operation["responses"] for method, path, operation in operations()
}


async def status_of_stream(app: FastAPI, path: str, headers: dict[str, str]) -> int:
    """Open a stream, and close it when it has begun."""
    begun: asyncio.Future[int] = asyncio.get_running_loop().create_future()
    scope = {
        "type": "http", "asgi": {"version": "3.0"}, "http_version": "1.1", "method": "GET",
        "scheme": "http", "path": path, "raw_path": path.encode(), "query_string": b"",
        "root_path": "", "client": ("127.0.0.1", 1), "server": ("localhost", 80),
        "headers": [(b"host", b"localhost"), *(
            (name.lower().encode(), value.encode()) for name, value in headers.items()
        )],
    }  # fmt: skip

    async def receive() -> Message:
        await begun
        return {"type": "http.disconnect"}

    async def send(message: Message) -> None:
        if message["type"] == "http.response.start" and not begun.done():
            begun.set_result(message["status"])

    async with asyncio.timeout(20):
        await app(scope, receive, send)
    return await begun
