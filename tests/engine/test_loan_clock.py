"""What time it is for loans, and that their workflows begin at it; on a real server."""

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from temporalio.client import Client
from temporalio.exceptions import WorkflowAlreadyStartedError

from engine.loan_clock import LoanClock
from engine.loan_start import in_loan_time
from sandbox.temporal import TemporalServer
from tests.stand_in import Other, StandIn, ahead, start, working

THREE_DAYS = timedelta(days=3)
NOTHING = timedelta(0)
DAY_S = 86_400.0


@pytest.fixture
def clock(tmp_path: Path) -> LoanClock:
    """A clock that is three days ahead."""
    path = tmp_path / "loan-clock"
    path.write_text(f"{3 * 86_400}\n")
    return LoanClock(path)


@pytest.fixture
async def client(temporal: TemporalServer) -> AsyncIterator[Client]:
    async with working(temporal.address) as (client, _):
        yield client


async def ask(client: Client, operation: Any) -> list[timedelta]:
    """Start a workflow, and return how far ahead it was: at its first line, and now."""
    times: list[float] = await client.execute_update_with_start_workflow(
        "times", start_workflow_operation=operation, result_type=list[float]
    )
    return [ahead(time) for time in times]


@pytest.mark.parametrize("path", [None, Path("nothing-was-skipped-yet")])
def test_where_nothing_was_skipped_it_is_real_time(path: Path | None) -> None:
    clock = LoanClock(path)

    before = datetime.now(UTC)
    told = clock.now()

    assert before <= told <= datetime.now(UTC)
    assert clock.ahead == NOTHING


def test_it_is_ahead_by_what_its_file_says_now(clock: LoanClock) -> None:
    assert clock.path is not None
    assert (clock.ahead, ahead(clock.now().timestamp())) == (THREE_DAYS, THREE_DAYS)

    clock.path.write_text("60")

    assert (clock.ahead, clock.now().tzinfo) == (timedelta(minutes=1), UTC)


async def test_a_loan_begins_at_the_loans_time_and_waits_for_its_timers(
    client: Client, clock: LoanClock
) -> None:
    loans = [start(StandIn, DAY_S) for _ in range(20)]

    first = await asyncio.gather(*(ask(in_loan_time(client, clock), loan) for loan in loans))

    assert first == [[THREE_DAYS, THREE_DAYS]] * 20
    for loan in loans:
        handle = await loan.workflow_handle()
        later = await handle.execute_update("times", result_type=list[float])
        assert [ahead(time) for time in later] == [THREE_DAYS, THREE_DAYS]
        await handle.terminate()


async def test_what_is_no_loan_begins_in_real_time(client: Client, clock: LoanClock) -> None:
    other = start(Other, DAY_S)

    assert await ask(in_loan_time(client, clock), other) == [NOTHING, NOTHING]

    await (await other.workflow_handle()).terminate()


async def test_while_the_clocks_agree_a_loan_begins_in_real_time(
    client: Client, tmp_path: Path
) -> None:
    loan = start(StandIn, DAY_S)

    assert await ask(in_loan_time(client, LoanClock(tmp_path / "none")), loan) == [NOTHING, NOTHING]

    await (await loan.workflow_handle()).terminate()


async def test_asking_again_for_a_loan_moves_nothing(client: Client, clock: LoanClock) -> None:
    loan = start(StandIn, DAY_S)
    await ask(client, loan)
    handle = await loan.workflow_handle()

    again = await ask(in_loan_time(client, clock), start(StandIn, DAY_S, name=handle.id))

    assert again == [NOTHING, NOTHING]
    await handle.terminate()


async def test_a_loan_that_ends_in_its_first_task_has_answered(
    client: Client, clock: LoanClock
) -> None:
    for _ in range(30):
        assert await ask(in_loan_time(client, clock), start(StandIn))


async def test_a_loan_that_has_ended_is_not_begun_again(client: Client, clock: LoanClock) -> None:
    loan = start(StandIn)
    await ask(client, loan)
    handle = await loan.workflow_handle()
    await handle.result()

    again = start(StandIn, name=handle.id)
    with pytest.raises(WorkflowAlreadyStartedError):
        await ask(in_loan_time(client, clock), again)
    with pytest.raises(WorkflowAlreadyStartedError):
        await again.workflow_handle()
