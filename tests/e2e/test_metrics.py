"""What a sandbox shows to Prometheus after a loan: all that the rules and the dashboard ask for."""

import asyncio
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import httpx
import yaml

from tests import given
from tests.api.people import Person
from tests.api.streams import Client
from tests.e2e import loans
from tests.e2e.dev import Dev
from tests.e2e.figures import texts
from tests.e2e.gateway import top_up
from tests.observability.promql import Scrape, Vector, read, read_open, selectors

FOLDER: Final = Path(__file__).parent.parent.parent / "observability"
# Made by Prometheus itself, or by nothing but a failure; tests/engine/test_watching.py makes one.
NOT_SHOWN: Final = {
    "up",
    "temporal_workflow_task_execution_failed_total",
    "temporal_long_request_failure_total",
}
OF_PROMETHEUS: Final = {"job", "instance"}


def expressions() -> Iterator[str]:
    rules = yaml.safe_load((FOLDER / "alerts.yml").read_text())
    for group in rules["groups"]:
        yield from (rule["expr"] for rule in group["rules"])
    for panel in json.loads((FOLDER / "dashboard.json").read_text())["panels"]:
        yield from (target["expr"] for target in panel.get("targets", []))


def declared(text: str) -> set[str]:
    """Name the series of families that have no sample as long as all is well."""
    types = (line.split()[2:] for line in text.splitlines() if line.startswith("# TYPE"))
    return {name for name, _ in types}


def count(vector: Vector, **labels: str) -> float:
    return sum(value for key, value in vector.items() if labels.items() <= dict(key).items())


async def test_after_a_loan_there_is_all_that_rules_and_dashboard_ask_for(
    dev: Dev, gateway: httpx.AsyncClient, sara: Person, omid: Person
) -> None:
    await top_up(gateway, omid, 600_000)
    follower = Client(omid.token)
    async with follower.connected(dev.info.api) as stream, asyncio.timeout(60):
        await stream.read()
        loan = await loans.accepted(sara, omid)
        await loan.pay()
        await loan.complete()
        shown = await texts(dev)
    assert (await omid.call("GET", f"/tickets/{sara.id}/")).status_code == 404

    async def is_complete() -> bool:
        nonlocal shown
        shown = await texts(dev)
        return not missing(shown)

    assert count(read(shown["api"])["assets_event_streams"]) >= 1
    await given.eventually(is_complete)
    assert missing({**shown, "engine": ""})  # the other way round: it is looked for
    worker, api = read(shown["worker"]), read(shown["api"])
    assert_counted(worker, api)
    for name, text in shown.items():
        for secret in (sara.id, omid.id, sara.email, omid.email, omid.token, loan.id):
            assert secret not in text, f"in the metrics of the {name}"


def assert_counted(worker: Scrape, api: Scrape) -> None:
    attempts = worker["assets_step_attempts_total"]
    assert count(attempts, step="move_ticket", path="fast", outcome="ok") >= 3
    assert count(attempts, step="verify_at_gateway", path="operable", outcome="ok") >= 1
    calls = worker["assets_gateway_calls_total"]
    assert count(calls, gateway="zarinpal", operation="verify", outcome="ok") >= 1
    requests = api["assets_http_requests_total"]
    template = "/api/v1/tickets/{ticket_id}/complete/"
    assert count(requests, route=template, method="PATCH", status="200") >= 1
    assert count(api["assets_tickets"], status="completed") >= 1
    assert count(api["assets_payments"], status="paid") >= 1


def missing(shown: dict[str, str]) -> set[str]:
    """Name what is asked for and not shown, by its name or by one of its labels."""
    series: dict[str, set[str]] = {}
    for text in shown.values():
        series |= {name: set() for name in declared(text)}
        for name, vector in read(text).items():
            series[name] = {label for key in vector for label, _ in key}
    found = set()
    for expression in expressions():
        for name, labels in selectors(expression):
            known = series.get(name)
            if name not in NOT_SHOWN and known is None:
                found.add(name)
            elif known and not labels <= known | OF_PROMETHEUS:
                found.add(f"{name} by {labels}")
    return found


async def test_api_and_worker_also_speak_openmetrics(dev: Dev) -> None:
    accept = {"Accept": "application/openmetrics-text; version=1.0.0"}
    async with httpx.AsyncClient(trust_env=False, headers=accept) as http:
        for name in ("api", "worker"):
            answer = await http.get(dev.info.metrics[name])
            assert answer.headers["content-type"].startswith("application/openmetrics-text")
            assert read_open(answer.text)["assets_database_pool_size"] == "gauge"
