"""The nightly report by its workflow: nights that were missed are made up for."""

from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import uuid4

from temporalio.client import Client, WorkflowHandle

from models.database import Sessions
from models.queries import daily_reports
from tests import given
from tests.workflows.conftest import QUEUE
from workflows.report import NightlyReport

MISSED = 4


def today() -> date:
    return (datetime.now(UTC) + timedelta(hours=3, minutes=30)).date()


async def run(client: Client) -> WorkflowHandle[NightlyReport, str]:
    return await client.start_workflow(NightlyReport.run, id=f"nightly-{uuid4()}", task_queue=QUEUE)


async def test_missed_nights_are_made_up_for_and_a_repeat_has_nothing_to_add(
    client: Client, sessions: Sessions, seen: list[WorkflowHandle[Any, Any]]
) -> None:
    days = [today() - timedelta(days=ago) for ago in range(MISSED, 0, -1)]
    await given.a_user(sessions, created_at=datetime.now(UTC) - timedelta(days=MISSED))

    first = await run(client)
    seen.append(first)
    said = await first.result()

    async with sessions() as session:
        found = await daily_reports.closed(session, days[0], days[-1])
    assert [day.day for day in found] == days
    assert found[0].new_users >= 1
    assert int(said.split()[0]) >= MISSED
    # Only the last two days may still grow.
    again = await (await run(client)).result()
    assert again.startswith("2 days, ")
    async with sessions() as session:
        assert await daily_reports.closed(session, days[0], days[-1]) == found
