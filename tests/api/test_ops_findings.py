"""Findings as operators read them and as Prometheus does."""

from collections.abc import AsyncIterator
from datetime import timedelta
from decimal import Decimal
from uuid import uuid4

import httpx
import pytest
from prometheus_client.parser import text_string_to_metric_families as families

from domain.finding import Finding, FindingKind
from models.database import Sessions
from models.queries import comparison, findings
from sandbox.ports import free_port
from sandbox.temporal import TemporalServer
from tests import given
from tests.api.conftest import serving, settings_of
from tests.api.people import Person, problem
from tests.conftest import as_application


@pytest.fixture
async def alone(own_database: str, temporal: TemporalServer) -> AsyncIterator[httpx.AsyncClient]:
    """An API over a database in which nothing has happened yet."""
    async with serving(settings_of(as_application(own_database), temporal.address)) as http:
        yield http


async def keep(sessions: Sessions, *found: Finding, ago: timedelta = timedelta(0)) -> None:
    async with sessions.begin() as session:
        await findings.keep(session, found, await comparison.now(session) - ago)


async def clear(sessions: Sessions, kind: FindingKind) -> None:
    async with sessions.begin() as session:
        later = await comparison.now(session) + timedelta(seconds=1)
        await findings.clear(session, [kind], later)


def a_finding(kind: FindingKind, rials: int) -> Finding:
    return Finding(kind, f"payment:{uuid4()}", Decimal(rials), "They disagree.")


async def scraped(http: httpx.AsyncClient) -> dict[str, float]:
    answer = await http.get("/metrics")
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"].startswith("text/plain; version=0.0.4")
    return {
        sample.name + str(sample.labels.get("kind", "")): sample.value
        for family in families(answer.text)
        for sample in family.samples
    }


async def test_a_system_without_findings_has_no_money_unexplained(
    alone: httpx.AsyncClient,
) -> None:
    figures = await scraped(alone)

    assert figures["assets_money_unexplained_rials"] == 0
    kinds = {name: value for name, value in figures.items() if name.startswith("assets_open_fin")}
    assert kinds == {f"assets_open_findings{kind}": 0 for kind in FindingKind}


async def test_the_metric_sums_what_is_open(
    alone: httpx.AsyncClient, own_sessions: Sessions
) -> None:
    await keep(
        own_sessions,
        a_finding(FindingKind.UNKNOWN_TO_US, 70_000),
        a_finding(FindingKind.UNKNOWN_TO_US, 30_000),
        a_finding(FindingKind.FAILED_HERE, 5_000),
        a_finding(FindingKind.WORKFLOW_NOT_RUNNING, 0),
    )
    figures = await scraped(alone)
    assert figures["assets_money_unexplained_rials"] == 105_000
    assert figures["assets_open_findingsunknown_to_us"] == 2
    assert figures["assets_open_findingsworkflow_not_running"] == 1

    await clear(own_sessions, FindingKind.UNKNOWN_TO_US)

    async def is_told() -> bool:
        return (await scraped(alone))["assets_money_unexplained_rials"] == 5_000

    await given.eventually(is_told)


async def test_without_a_database_there_is_no_false_zero(temporal: TemporalServer) -> None:
    away = f"postgresql://assets:app@127.0.0.1:{free_port()}/assets"
    async with serving(settings_of(away, temporal.address)) as http:
        figures = await scraped(http)

    assert figures["assets_database_up"] == 0
    assert "assets_money_unexplained_rials" not in figures
    assert figures["assets_database_pool_size"] == 20


async def test_findings_are_listed_newest_first_open_or_cleared(
    operator: Person, sessions: Sessions
) -> None:
    old = a_finding(FindingKind.NOT_CLAIMED, 90_000)
    new = a_finding(FindingKind.FAILED_HERE, 5_000)
    await keep(sessions, old, ago=timedelta(hours=2))
    await keep(sessions, new)

    shown = (await operator.get("/ops/findings/", open=True, limit=2))["items"]
    assert [item["subject"] for item in shown] == [new.subject, old.subject]
    assert shown[1]["amount"] == "90000.00"
    assert shown[1]["detail"] == "They disagree."
    assert 7_200 <= shown[1]["age_seconds"] < 7_260
    assert shown[1]["cleared_at"] is None

    await clear(sessions, FindingKind.NOT_CLAIMED)

    listed = await operator.get("/ops/findings/", open=True, limit=100)
    assert old.subject not in {item["subject"] for item in listed["items"]}
    first = await operator.get("/ops/findings/", open=False, limit=1)
    assert first["items"][0]["subject"] == old.subject
    assert first["items"][0]["cleared_at"] is not None
    assert first["items"][0]["age_seconds"] >= 7_200


async def test_the_list_has_pages(operator: Person, sessions: Sessions) -> None:
    await keep(sessions, *(a_finding(FindingKind.UNKNOWN_TO_US, 1) for _ in range(3)))

    first = await operator.get("/ops/findings/", limit=2)
    second = await operator.get("/ops/findings/", limit=2, cursor=first["next"])

    subjects = [item["subject"] for item in first["items"] + second["items"]]
    assert len(set(subjects)) >= 3
    problem(await operator.call("GET", "/ops/findings/", cursor="no"), 422, "validation_error")
