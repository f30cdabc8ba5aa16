"""What the API says while something it stands on is away."""

import time
from collections.abc import AsyncIterator

import httpx
import pytest
from sqlalchemy import create_engine, text

from models.database import psycopg_url
from sandbox.ports import free_port
from sandbox.temporal import TemporalServer
from settings import Settings
from tests.api.conftest import FRONTEND, serving, settings_of
from tests.api.people import Person, join, problem

SOON_S = 3


@pytest.fixture(params=["never there", "gone"])
async def without_engine(
    request: pytest.FixtureRequest, database_url: str
) -> AsyncIterator[httpx.AsyncClient]:
    """An API whose Temporal never was there, or went away after it had been spoken to."""
    server = TemporalServer(free_port())
    async with serving(settings_of(database_url, server.address)) as http:
        if request.param == "gone":
            with server.running():
                assert (await http.get("/readyz")).status_code == 200
        yield http


async def test_without_the_engine_reads_go_on_and_writes_say_when_to_come_back(
    without_engine: httpx.AsyncClient,
) -> None:
    sara, omid = await join(without_engine), await join(without_engine)
    asset = await sara.lists()
    began = time.monotonic()

    refused = [
        await omid.call("POST", "/tickets/", {"asset_id": asset["id"], "days": 1}, key="t"),
        await omid.call("POST", "/payments/initiate/", {"amount": 10_000}),
    ]

    for answer in refused:
        problem(answer, 503, "engine_unavailable")
        assert int(answer.headers["retry-after"]) > 0
    assert time.monotonic() - began < 2 * SOON_S
    assert (await omid.get("/tickets/"))["items"] == []
    assert (await omid.get("/wallet/"))["balance"] == "0.00"
    ready = await without_engine.get("/readyz")
    assert (ready.status_code, ready.json()) == (503, {"database": "ok", "engine": "unavailable"})
    assert (await without_engine.get("/healthz")).status_code == 200


@pytest.mark.usefixtures("worker")
async def test_an_action_refused_while_the_engine_was_away_succeeds_with_its_key_later(
    database_url: str, sara: Person, omid: Person
) -> None:
    asset = await sara.lists()
    ticket = await omid.post("/tickets/", {"asset_id": asset["id"], "days": 1})
    path = f"/tickets/{ticket['id']}/accept/"
    away = settings_of(database_url, f"127.0.0.1:{free_port()}")
    async with serving(away) as http:
        sara_there = Person(http, sara.id, sara.email, sara.token, sara.refresh_token)
        early = await sara_there.call("PATCH", path, {}, key="accept it")
        problem(early, 422, "validation_error")
        early = await sara_there.call("PATCH", path, {}, key="accept-it")
        problem(early, 503, "engine_unavailable")

    assert (await sara.patch(path, {}, key="accept-it"))["status"] == "accepted"


@pytest.mark.usefixtures("worker")
async def test_a_payer_who_comes_back_while_the_engine_is_away_is_sent_on(
    database_url: str, sara: Person
) -> None:
    payment = await sara.post("/payments/initiate/", {"amount": 10_000})
    query = {"Authority": payment["authority"], "Status": "OK"}
    async with serving(settings_of(database_url, f"127.0.0.1:{free_port()}")) as http:
        browser = await http.get("/api/v1/payments/verify/", params=query)
        program = await http.get(
            "/api/v1/payments/verify/", params=query, headers={"Accept": "application/json"}
        )

    assert browser.headers["location"] == f"{FRONTEND}/payments/{payment['id']}?status=pending"
    assert program.json()["status"] == "pending"


async def test_without_the_database_everything_says_when_to_come_back(
    temporal: TemporalServer, settings: Settings, sara: Person
) -> None:
    gone = f"postgresql://assets:app@127.0.0.1:{free_port()}/assets"
    async with serving(settings_of(gone, temporal.address)) as http:
        bearer = {"Authorization": f"Bearer {sara.token}"}
        credentials = {"email": "sara@example.test", "password": "whatever"}
        answers = [
            await http.get("/api/v1/assets/"),
            await http.get("/api/v1/wallet/", headers=bearer),
            await http.post("/api/v1/auth/login/", json=credentials),
        ]
        query = {"Authority": "A1", "Status": "OK"}
        payer = await http.get("/api/v1/payments/verify/", params=query)
        ready = await http.get("/readyz")

    for answer in answers:
        problem(answer, 503, "database_unavailable")
        assert int(answer.headers["retry-after"]) > 0
    assert payer.status_code == 303
    assert payer.headers["location"] == f"{FRONTEND}/payments/?status=processing"
    assert ready.json() == {"database": "unavailable", "engine": "ok"}


async def test_connections_that_died_are_replaced(sara: Person, superuser_url: str) -> None:
    assert await sara.get("/wallet/")
    admin = create_engine(psycopg_url(superuser_url))
    # It waits for each to be gone: a server that is still at it has not told anybody.
    kill = "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE usename = 'assets'"
    with admin.connect() as connection:
        assert all(connection.scalars(text(kill)))
    admin.dispose()

    assert await sara.get("/wallet/")


async def test_an_engine_without_our_namespace_is_none(
    database_url: str, temporal: TemporalServer
) -> None:
    """It is healthy, and nothing can be started on it."""
    settings = settings_of(database_url, temporal.address)
    elsewhere = settings.model_copy(update={"temporal_namespace": "elsewhere"})

    async with serving(elsewhere) as http:
        ready = await http.get("/readyz")

    assert (ready.status_code, ready.json()) == (503, {"database": "ok", "engine": "unavailable"})
