"""Where a worker shows what it has measured, and that it works on when it cannot."""

import asyncio

import httpx
import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from composition.metrics import WorkerMeasures
from sandbox.ports import free_port
from tests.observability.promql import read, read_open


async def test_a_worker_shows_its_figures_while_it_works(engine: AsyncEngine) -> None:
    address, measures = f"127.0.0.1:{free_port()}", WorkerMeasures()
    measures.called("zarinpal", "verify", "ok", 0.2)
    async with (
        httpx.AsyncClient(trust_env=False) as http,
        measures.shown(engine, address),
    ):
        figures = read((await http.get(f"http://{address}/metrics")).text)
        accept = {"Accept": "application/openmetrics-text"}
        types = read_open((await http.get(f"http://{address}/metrics", headers=accept)).text)

    calls = frozenset({("gateway", "zarinpal"), ("operation", "verify"), ("outcome", "ok")})
    assert figures["assets_gateway_calls_total"] == {calls: 1}
    assert figures["assets_database_pool_size"] == {frozenset(): 20}
    assert types["assets_gateway_calls"] == "counter"
    async with httpx.AsyncClient(trust_env=False) as http:
        with pytest.raises(httpx.ConnectError):
            await http.get(f"http://{address}/metrics")


async def test_it_works_on_when_the_address_is_taken(
    engine: AsyncEngine, caplog: pytest.LogCaptureFixture
) -> None:
    taken = await asyncio.start_server(lambda *_: None, "127.0.0.1", 0)
    port = taken.sockets[0].getsockname()[1]
    async with taken, WorkerMeasures().shown(engine, f"127.0.0.1:{port}"):
        assert f"no figures at 127.0.0.1:{port}" in caplog.text
