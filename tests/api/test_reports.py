"""What operators see of the platform, what a spreadsheet gets, and one's own figures."""

import csv
import io
from collections.abc import AsyncIterator
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

import httpx
import pytest

from activities.reports import PostgresReportSteps
from api import csv_days
from api.kept import Kept
from domain.reports import SHOWN
from models.database import Sessions
from sandbox.temporal import TemporalServer
from tests import given
from tests.api.conftest import promote, serving, settings_of
from tests.api.people import Person, join, problem
from tests.conftest import as_application

ZONE = "Asia/Tehran"


@pytest.fixture
async def alone(own_database: str, temporal: TemporalServer) -> AsyncIterator[httpx.AsyncClient]:
    """An API over a database in which nothing has happened yet."""
    async with serving(settings_of(as_application(own_database), temporal.address)) as http:
        yield http


@pytest.fixture
async def operator(alone: httpx.AsyncClient, own_sessions: Sessions) -> Person:
    return await promote(own_sessions, await join(alone))


def today() -> date:
    return (datetime.now(UTC) + timedelta(hours=3, minutes=30)).date()


async def eventually_counted(operator: Person, users: int) -> dict[str, Any]:
    """Read the summary until it is not the one of a moment ago any more."""
    read: list[dict[str, Any]] = []

    async def is_counted() -> bool:
        read.append(await operator.get("/reports/summary/"))
        return bool(read[-1]["total_users"] == users)

    await given.eventually(is_counted)
    return read[-1]


async def test_the_summary_says_how_much_there_is_and_what_today_brought(
    alone: httpx.AsyncClient, operator: Person, own_sessions: Sessions
) -> None:
    payer = await given.a_user(own_sessions)
    await given.a_payment(own_sessions, user_id=payer)

    summary = await operator.get("/reports/summary/")

    assert (summary["total_users"], summary["active_loans"]) == (2, 0)
    assert summary["total_volume"] == "0.00"
    assert summary["payments"]["paid"] == 1
    assert summary["loans"]["pending"] == 0
    assert set(summary["messages"]) == {"email", "sms", "whatsapp"}
    assert summary["time_zone"] == ZONE
    days = summary["daily_activity"]
    assert [day["day"] for day in days] == [
        str(today() - timedelta(days=ago)) for ago in range(SHOWN.days - 1, -1, -1)
    ]
    assert (days[-1]["new_users"], days[-1]["top_up_amount"]) == (2, "250000.00")
    assert not days[-1]["is_closed"]


async def test_a_summary_that_says_nothing_new_is_not_sent_again(
    alone: httpx.AsyncClient, operator: Person
) -> None:
    first = await operator.call("GET", "/reports/summary/")
    tag = first.headers["etag"]
    headers = {"Authorization": f"Bearer {operator.token}"}

    async def again(known: str) -> httpx.Response:
        url = "/api/v1/reports/summary/"
        return await alone.get(url, headers={**headers, "If-None-Match": known})

    for known in (tag, f'"other", {tag}', tag.removeprefix("W/"), "*"):
        answer = await again(known)
        assert (answer.status_code, answer.content) == (304, b"")
        assert answer.headers["etag"] == tag
    assert first.headers["cache-control"] == "private, no-cache"

    await join(alone)
    await eventually_counted(operator, 2)

    changed = await again(tag)
    assert changed.status_code == 200
    assert changed.headers["etag"] != tag
    assert changed.json()["total_users"] == 2


async def test_many_who_ask_at_once_are_answered_by_one_reading() -> None:
    readings = 0
    kept: Kept[int] = Kept(lasts_s=60)

    async def read() -> int:
        nonlocal readings
        readings += 1
        return readings

    assert [await kept.get(read) for _ in range(5)] == [1] * 5
    assert await Kept[int](lasts_s=0).get(read) == 2


async def reported(sessions: Sessions, *days: date) -> None:
    for day in days:
        await PostgresReportSteps(sessions, ZONE).report_day(day)


async def test_days_are_listed_when_they_are_over(operator: Person, own_sessions: Sessions) -> None:
    yesterday = today() - timedelta(days=1)
    at = datetime.now(UTC) - timedelta(days=1)
    await given.a_payment(own_sessions, created_at=at)
    await reported(own_sessions, yesterday, yesterday - timedelta(days=40))

    listed = await operator.get("/reports/daily/")
    longer = await operator.get("/reports/daily/", **{"from": str(today() - timedelta(days=60))})

    assert [day["day"] for day in listed["items"]] == [str(yesterday)]
    assert listed["items"][0]["is_closed"]
    assert listed["items"][0]["payments"]["paid"] == 1
    assert listed["time_zone"] == ZONE
    assert len(longer["items"]) == 2


@pytest.mark.parametrize(
    ("query", "accept"),
    [({}, "text/csv"), ({"format": "csv"}, "*/*"), ({"format": "csv"}, "application/json")],
)
async def test_a_spreadsheet_gets_rows(
    alone: httpx.AsyncClient,
    operator: Person,
    own_sessions: Sessions,
    query: dict[str, str],
    accept: str,
) -> None:
    yesterday = today() - timedelta(days=1)
    await given.a_payment(own_sessions, created_at=datetime.now(UTC) - timedelta(days=1))
    await reported(own_sessions, yesterday)

    answer = await alone.get(
        "/api/v1/reports/daily/",
        params=query,
        headers={"Authorization": f"Bearer {operator.token}", "Accept": accept},
    )

    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"].startswith("text/csv; charset=utf-8")
    assert answer.headers["content-disposition"].startswith('attachment; filename="days-')
    assert "Accept" in answer.headers["vary"].split(", ")
    assert answer.text.endswith("\r\n")
    [header, row] = csv.reader(io.StringIO(answer.text, newline=""))
    assert tuple(header) == csv_days.HEADER
    found = dict(zip(header, row, strict=True))
    assert (found["day"], found["payments_paid"], found["volume"]) == (str(yesterday), "1", "0.00")
    # Text is in quotes and numbers are not; no cell begins as a formula does.
    assert answer.text.splitlines()[1].startswith(f'"{yesterday}","{ZONE}",0,')
    assert not [cell for cell in row if cell[0] in "=+-@\t"]


def test_the_example_of_the_file_has_as_many_cells_as_its_header() -> None:
    example = str(csv_days.DOCUMENTED["example"])

    [header, row] = csv.reader(io.StringIO(example, newline=""))

    assert (tuple(header), len(row)) == (csv_days.HEADER, len(csv_days.HEADER))


@pytest.mark.parametrize(
    ("query", "pointer"),
    [
        ({"from": "2026-11-22", "to": "2026-11-21"}, "/query/to"),
        ({"from": "2025-01-01", "to": "2026-11-21"}, "/query/to"),
        ({"from": "1700000000"}, "/query/from"),
        ({"to": "0001-01-01"}, "/query/to"),
        ({"from": "yesterday"}, "/query/from"),
        ({"format": "xls"}, "/query/format"),
    ],
)
async def test_a_period_that_makes_no_sense_is_refused(
    operator: Person, query: dict[str, str], pointer: str
) -> None:
    answer = await operator.call("GET", "/reports/daily/", **query)

    body = problem(answer, 422, "validation_error")
    assert [error["pointer"] for error in body["errors"]] == [pointer]


@pytest.mark.parametrize("path", ["/reports/summary/", "/reports/daily/"])
async def test_how_the_platform_does_is_for_operators(sara: Person, path: str) -> None:
    problem(await sara.call("GET", path), 403, "forbidden")


async def test_everybody_reads_their_own_figures(sara: Person, sessions: Sessions) -> None:
    before = await sara.get("/reports/me/")
    await given.money_in_wallet(sessions, UUID(sara.id), Decimal(70_000))

    after = await sara.get("/reports/me/")

    assert (before["balance"], after["balance"]) == ("0.00", "70000.00")
    assert after["held"] == after["as_borrower"]["spent"] == after["as_lender"]["earned"] == "0.00"
    assert set(after["as_borrower"]["loans"].values()) == {0}
    assert set(after["as_lender"]["loans"]) == {
        "pending", "accepted", "escrow", "active", "completed", "cancelled",
    }  # fmt: skip
