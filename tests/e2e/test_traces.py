"""One trace goes from the request through its workflow to the statement, and tells no secret."""

import signal
import socket
import time
from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

import httpx
import pytest
from temporalio.common import HeaderCodecBehavior
from temporalio.worker import Replayer

from engine.client import connect, data_converter
from telemetry.propagation import HEADER, Propagation
from tests import given
from tests.api.people import Person, join
from tests.e2e import loans
from tests.e2e.collector import Collector, Found
from tests.e2e.dev import Dev
from tests.e2e.gateway import top_up
from tests.e2e.pair import beside
from tests.telemetry.once import OnlyOnce
from worker import WORKFLOWS

ROUTE = "PATCH /api/v1/tickets/{ticket_id}/accept/"


async def trace_of(collector: Collector, request_id: str, *last: str) -> list[Found]:
    """Wait for a trace, until the spans have come that end last in API and worker."""
    found: list[Found] = []

    async def is_there() -> bool:
        own = collector.spans(request_id=request_id)
        found[:] = collector.trace(own[0].trace_id) if own else []
        return set(last) <= {span.name for span in found}

    await given.eventually(is_there)
    return found


def way_to(span: Found, trace: list[Found]) -> list[str]:
    by_id = {one.id: one for one in trace}
    way = [f"{span.service}: {span.name}"]
    while span.parent_id:
        span = by_id[span.parent_id]
        way.insert(0, f"{span.service}: {span.name}")
    return way


async def test_one_trace_goes_from_the_request_to_its_statements(
    collector: Collector, http: httpx.AsyncClient, sara: Person, omid: Person
) -> None:
    loan = await loans.requested(sara, omid)
    name = f"traced-{uuid4()}"
    answer = await http.patch(
        f"/api/v1/tickets/{loan.id}/accept/",
        json={},
        headers={"Authorization": f"Bearer {sara.token}", "X-Request-ID": name},
    )
    assert answer.status_code == 200, answer.text

    trace = await trace_of(collector, name, ROUTE, "HandleUpdate accept")

    handed = ["api: StartUpdate accept", "worker: HandleUpdate accept"]
    step = [f"api: {ROUTE}", *handed, "worker: RunActivity move_ticket"]
    statements = [span for span in trace if "db.query.text" in span.attributes]
    ways = {tuple(way_to(span, trace)[:-1]) for span in statements}
    assert tuple(step) in ways
    assert ways <= {tuple(step), (f"api: {ROUTE}",)}
    [run] = [span for span in trace if span.name == "RunActivity move_ticket"]
    assert run.attributes["workflow_id"] == f"ticket:{loan.id}"
    assert run.attributes["path"] == "fast"
    assert {span.attributes["request_id"] for span in trace} == {name}
    assert {span.attributes["actor"] for span in trace if span.service == "worker"} == {sara.id}
    for span in statements:
        assert loan.id not in span.attributes["db.query.text"]
    assert not any(span.is_error for span in trace)


async def test_a_request_begins_a_trace_of_a_loan_and_later_ones_their_own(
    collector: Collector, sara: Person, omid: Person
) -> None:
    loan = await loans.accepted(sara, omid)

    async def both() -> bool:
        runs = collector.spans(workflow_id=f"ticket:{loan.id}")
        return {"RunWorkflow TicketLoan", "HandleUpdate accept"} <= {span.name for span in runs}

    await given.eventually(both)
    spans = collector.spans(workflow_id=f"ticket:{loan.id}")
    [began] = [span.trace_id for span in spans if span.name == "RunWorkflow TicketLoan"]
    opened = {span.trace_id for span in spans if span.name == "RunActivity open_ticket"}
    accepted = {span.trace_id for span in spans if span.name == "HandleUpdate accept"}
    assert opened == {began}
    assert began not in accepted


@pytest.mark.parametrize("tracer", [None, OnlyOnce()], ids=["off", "on"])
async def test_a_traced_loan_goes_on_whether_tracing_is_on_or_off(
    dev: Dev, sara: Person, omid: Person, tracer: OnlyOnce | None
) -> None:
    loan = await loans.accepted(sara, omid)
    info = dev.info
    client = await connect(info.temporal_address, namespace=info.temporal_namespace, keys=dev.keys)
    history = await client.get_workflow_handle(f"ticket:{loan.id}").fetch_history()
    replayer = Replayer(
        workflows=WORKFLOWS,
        data_converter=data_converter(dev.keys),
        interceptors=[Propagation(tracer)],
        header_codec_behavior=HeaderCodecBehavior.CODEC,
    )

    await replayer.replay_workflow(history)

    began = history.events[0].workflow_execution_started_event_attributes
    assert HEADER in began.header.fields
    assert tracer is None or tracer.asked_for == []


async def test_a_refusal_is_no_error_of_a_trace(
    collector: Collector, http: httpx.AsyncClient, sara: Person, omid: Person
) -> None:
    name = f"refused-{uuid4()}"
    headers = {"Authorization": f"Bearer {omid.token}", "X-Request-ID": name}
    wish = {"to": sara.id, "amount": 100_000}
    answer = await http.post("/api/v1/wallet/transfer/", json=wish, headers=headers)
    assert answer.status_code == 409, answer.text

    last = "POST /api/v1/wallet/transfer/", "RunActivity transfer"
    trace = await trace_of(collector, name, *last)

    [step] = [span for span in trace if span.name == "RunActivity transfer"]
    assert step.attributes["refusal"] == "insufficient_funds"
    wrong = [span for span in trace if span.is_error]
    assert all("db.query.text" in span.attributes for span in wrong)  # a guard of the database's


async def test_a_call_to_a_provider_is_named_by_its_host(
    collector: Collector, gateway: httpx.AsyncClient, omid: Person
) -> None:
    await top_up(gateway, omid, 250_000)

    async def is_there() -> bool:
        return bool(collector.spans(**{"server.address": "127.0.0.1"}))

    await given.eventually(is_there)
    for call in collector.spans(**{"server.address": "127.0.0.1"}):
        assert call.name == "POST 127.0.0.1"
        assert set(call.attributes) <= {
            "http.request.method",
            "http.response.status_code",
            "server.address",
            "request_id",
            "actor",
            "error.type",  # of a call of another test's, whose provider is switched off
        }


@pytest.fixture
def black_hole() -> Iterator[str]:
    """An address that takes connections and never answers."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield f"http://127.0.0.1:{server.getsockname()[1]}/v1/traces"


async def test_a_collector_that_never_answers_holds_nothing_up(
    dev: Dev, black_hole: str, tmp_path: Path
) -> None:
    async with beside(dev, tmp_path, TRACES_ENDPOINT=black_hole) as pair:
        async with httpx.AsyncClient(base_url=pair.url, timeout=10, trust_env=False) as http:
            sara, omid = await join(http), await join(http)
            began = time.monotonic()
            for _ in range(5):
                await loans.accepted(sara, omid)
            took_s = time.monotonic() - began
        began = time.monotonic()
        codes = pair.stop()
        stopped_s = time.monotonic() - began

    assert codes == [0, -signal.SIGTERM]  # of the worker; and so uvicorn ends by itself
    assert "Finished server process" in pair.logs["api"]
    assert took_s < 5  # each of these 15 writes would have waited for as long
    assert stopped_s < 10  # the SDK alone waits for half a minute
