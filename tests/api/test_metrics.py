"""What Prometheus reads of an API: requests by their templates, and little of the database."""

import asyncio
from collections.abc import AsyncIterator
from decimal import Decimal
from typing import Final
from uuid import uuid4

import httpx
import pytest
from fastapi import FastAPI
from pydantic import SecretStr
from sqlalchemy import event, text
from sqlalchemy.ext.asyncio import AsyncEngine

from api.app import create_app
from domain.attention import Outcome
from models.database import Sessions, create_engine, sessions_of
from models.queries import attention, operating
from sandbox.ports import free_port
from settings import Settings
from tests import given
from tests.activities.test_attention import a_need
from tests.api.conftest import serving
from tests.api.people import Person, join
from tests.conftest import as_application
from tests.observability.promql import Scrape, read, read_open

OPEN_METRICS: Final = "application/openmetrics-text"
REQUESTS: Final = "assets_http_requests_total"


@pytest.fixture
async def watched(settings: Settings) -> AsyncIterator[httpx.AsyncClient]:
    """An API whose figures are of one test alone."""
    async with serving(settings) as http:
        yield http


async def scraped(http: httpx.AsyncClient) -> Scrape:
    answer = await http.get("/metrics")
    assert answer.status_code == 200, answer.text
    return read(answer.text)


def answers(figures: Scrape) -> dict[tuple[str, str, str], float]:
    return {
        (labels["method"], labels["route"], labels["status"]): value
        for labels, value in ((dict(key), value) for key, value in figures[REQUESTS].items())
    }


async def test_requests_are_counted_by_the_template_of_their_route(
    watched: httpx.AsyncClient,
) -> None:
    sara = await join(watched)
    for _ in range(3):
        await sara.call("GET", f"/tickets/{uuid4()}/")
    await sara.get("/wallet/")
    figures = await scraped(watched)

    assert answers(figures) == {
        ("POST", "/api/v1/auth/register/", "201"): 1,
        ("POST", "/api/v1/auth/token/", "200"): 1,
        ("GET", "/api/v1/tickets/{ticket_id}/", "404"): 3,
        ("GET", "/api/v1/wallet/", "200"): 1,
    }
    assert figures["assets_http_refusals_total"] == {frozenset({("code", "not_found")}): 3}
    took = figures["assets_http_request_duration_seconds_count"]
    assert sum(took.values()) == 6
    assert figures["assets_http_requests_in_flight"] == {frozenset(): 1}  # the one that asks


async def test_strangers_cannot_make_series(watched: httpx.AsyncClient) -> None:
    for _ in range(5):
        await watched.get(f"/{uuid4()}/")
        await watched.request(f"X{uuid4().hex[:6]}", "/healthz")
        await watched.get("/healthz", headers={"Host": f"{uuid4()}.example"})
    found = answers(await scraped(watched))

    assert {route for _, route, _ in found} <= {"none", "/healthz"}
    assert {method for method, _, _ in found} == {"GET", "other"}
    assert sum(found.values()) == 15
    assert len(found) == 3


async def test_requests_that_are_refused_for_their_number_are_counted(settings: Settings) -> None:
    few = Settings(_env_file=None, **{**settings.model_dump(), "limit_public": "2/hour"})
    async with serving(few) as http:
        for _ in range(3):
            await http.get("/api/v1/assets/")
        figures = await scraped(http)

    assert answers(figures)["GET", "/api/v1/assets/", "429"] == 1
    assert figures["assets_http_refusals_total"][frozenset({("code", "rate_limited")})] == 1


async def test_what_an_outage_refuses_is_told_by_its_code(settings: Settings) -> None:
    away = f"127.0.0.1:{free_port()}"
    async with serving(settings.model_copy(update={"temporal_address": away})) as http:
        sara = await join(http)
        refused = await sara.call("POST", "/payments/initiate/", {"amount": 50_000})
        figures = await scraped(http)

    assert refused.status_code == 503, refused.text
    assert answers(figures)["POST", "/api/v1/payments/initiate/", "503"] == 1
    assert figures["assets_http_refusals_total"] == {frozenset({("code", "engine_unavailable")}): 1}


async def test_who_asks_for_openmetrics_gets_that(watched: httpx.AsyncClient) -> None:
    answer = await watched.get("/metrics", headers={"Accept": f"{OPEN_METRICS}; version=1.0.0"})

    assert answer.headers["content-type"].startswith(f"{OPEN_METRICS}; version=1.0.0")
    types = read_open(answer.text)
    assert types["assets_database_pool_size"] == "gauge"
    assert types["assets_database_pool_timeouts"] == "counter"


async def test_however_many_ask_the_database_is_asked_once(settings: Settings) -> None:
    app: FastAPI = create_app(settings)
    async with app.router.lifespan_context(app):
        bind = app.state.services.reads.kw["bind"]
        statements = counted(bind)
        transport = httpx.ASGITransport(app)
        async with httpx.AsyncClient(transport=transport, base_url="http://localhost") as http:
            many = await asyncio.gather(*(http.get("/metrics") for _ in range(50)))
        asked = [one for one in statements if "ledger_seals" in one]

    assert {answer.status_code for answer in many} == {200}
    assert len(asked) == 1


def counted(engine: AsyncEngine) -> list[str]:
    """Collect the statements that a pool is asked for."""
    seen: list[str] = []

    def note(_connection: object, _cursor: object, statement: str, *_: object) -> None:
        seen.append(statement)

    event.listen(engine.sync_engine, "before_cursor_execute", note)
    return seen


async def test_the_figures_cost_four_statements(database_url: str) -> None:
    engine = create_engine(database_url, pool_size=1)
    statements = counted(engine)
    async with sessions_of(engine)() as session:
        await operating.condition(session)
    await engine.dispose()

    assert len(statements) == 4


async def test_what_is_late_is_the_first_row_of_an_index(sessions: Sessions) -> None:
    async with sessions() as session:
        connection = await session.connection()
        await connection.exec_driver_sql("SET LOCAL enable_seqscan = off")
        explained = text(f"EXPLAIN {operating.DELAYS}")
        rows = await session.execute(explained, {"channels": ["email", "sms", "whatsapp"]})
        plan = "\n".join(row[0] for row in rows)

    assert "Seq Scan" not in plan
    assert "messages_due_idx" in plan
    assert "ledger_transactions_seq_key" in plan


async def test_nobody_is_named_in_the_figures(watched: httpx.AsyncClient, sara: Person) -> None:
    here = await join(watched)
    await here.get("/auth/me/")
    await watched.get(f"/api/v1/assets/?q={here.email}")
    shown = (await watched.get("/metrics")).text

    for secret in (here.email, here.id, here.token, sara.id):
        assert secret not in shown


async def test_a_workflow_that_waits_is_shown_until_somebody_decides(
    own_database: str, own_sessions: Sessions, settings: Settings
) -> None:
    need = a_need(amount=Decimal(250_000))
    async with own_sessions.begin() as session:
        await attention.keep(session, need)
    labels = frozenset({("kind", "parked"), ("workflow", need.workflow_type)})
    async with serving(over(settings, own_database)) as http:
        figures = await scraped(http)
        assert figures["assets_attention_workflows"] == {labels: 1}
        assert figures["assets_attention_rials"] == {labels: 250_000}
        since = figures["assets_attention_since_timestamp_seconds"][labels]
        assert since == pytest.approx(need.since.timestamp(), abs=0.001)
        async with own_sessions.begin() as session:
            await attention.clear(session, need, Outcome.RETRY)

        async def is_gone() -> bool:
            return "assets_attention_workflows" not in await scraped(http)

        await given.eventually(is_gone)


def over(settings: Settings, database: str) -> Settings:
    return settings.model_copy(update={"database_url": SecretStr(as_application(database))})
