"""Skipping time: what may be asked for, and that every loan arrives; on a real server."""

import asyncio
import fcntl
from collections.abc import AsyncIterator, Iterator
from contextlib import suppress
from datetime import timedelta
from pathlib import Path

import pytest
from temporalio.client import Client, WorkflowHandle
from temporalio.service import RPCError

from engine.loan_clock import LoanClock
from sandbox import skip
from sandbox.addresses import Addresses
from sandbox.dev_json import DevFile, describe
from sandbox.errors import SandboxError
from sandbox.home import Home
from sandbox.journey import Journey
from sandbox.loan_time import LONGEST, parse, told, words
from sandbox.ports import Ports, free_port
from sandbox.secrets import Secrets
from sandbox.temporal import TemporalServer
from tests import given
from tests.stand_in import Holder, StandIn, ahead, begin, working

THREE_DAYS = timedelta(days=3)
DAY_S = 86_400.0


@pytest.fixture
def clock(tmp_path: Path) -> LoanClock:
    """A clock that was just moved three days ahead."""
    path = tmp_path / "loan-clock"
    path.write_text(f"{3 * 86_400}\n")
    return LoanClock(path)


@pytest.fixture(scope="module")
def server() -> Iterator[TemporalServer]:
    """A server of our own: a skip moves every loan that it finds."""
    with TemporalServer(free_port()).running() as server:
        yield server


@pytest.fixture
async def worker(server: TemporalServer) -> AsyncIterator[tuple[Client, Holder]]:
    async with working(server.address) as (client, holder):
        yield client, holder
        async for left in client.list_workflows("ExecutionStatus = 'Running'"):
            with suppress(RPCError):  # it has just ended
                await client.get_workflow_handle(left.id).terminate()


@pytest.fixture
def client(worker: tuple[Client, Holder]) -> Client:
    return worker[0]


@pytest.fixture
def home(tmp_path: Path) -> Iterator[Home]:
    """The home of a sandbox that says it runs, whose engine does not answer."""
    home = Home.at(tmp_path)
    at = Addresses(Ports(temporal=free_port()), Secrets.kept_in(home))
    file = DevFile(home)
    file.write(describe(at, {}))
    yield home
    file.remove()


async def is_ahead(loan: WorkflowHandle[StandIn, list[float]]) -> timedelta:
    times: list[float] = await loan.execute_update("times", result_type=list[float])
    return ahead(times[-1])


@pytest.mark.parametrize(
    ("text", "duration"),
    [
        ("3d", timedelta(days=3)),
        ("12h", timedelta(hours=12)),
        ("30m", timedelta(minutes=30)),
        ("2d12h", timedelta(days=2, hours=12)),
        ("1D1H1M", timedelta(days=1, hours=1, minutes=1)),
        ("P3D", timedelta(days=3)),
        ("PT36H", timedelta(hours=36)),
        ("P1DT2H30M", timedelta(days=1, hours=2, minutes=30)),
        ("400d", LONGEST),
    ],
)
def test_a_length_of_time_is_read(text: str, duration: timedelta) -> None:
    assert parse(text) == duration


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("", "no length of time"),
        ("3", "no length of time"),
        ("-3d", "no length of time"),
        ("3 days", "no length of time"),
        ("3d 12h", "no length of time"),
        ("12h3d", "no length of time"),
        ("1.5d", "no length of time"),
        ("P", "no length of time"),
        ("P1DT", "no length of time"),
        ("P3M", "no length of time"),
        ("tomorrow", "no length of time"),
        ("0d", "only be skipped forward"),
        ("PT0H", "only be skipped forward"),
        ("401d", "at most 400 days"),
        ("399d48h", "at most 400 days"),
        ("9" * 30 + "d", "at most 400 days"),
    ],
)
def test_what_is_no_length_of_time_is_refused(text: str, complaint: str) -> None:
    with pytest.raises(SandboxError, match=complaint):
        parse(text)


@pytest.mark.parametrize(
    ("duration", "said"),
    [
        (timedelta(days=3), "3 days"),
        (timedelta(days=1, hours=1, minutes=1), "1 day 1 hour 1 minute"),
        (timedelta(hours=36), "1 day 12 hours"),
        (timedelta(0), "0 minutes"),
    ],
)
def test_a_length_of_time_is_said(duration: timedelta, said: str) -> None:
    assert words(duration) == said


def test_the_loan_clock_is_told(clock: LoanClock, tmp_path: Path) -> None:
    assert f"3 days ahead of this machine's clock: for them it is {clock.now():%Y-%m-%d}" in told(
        clock
    )
    assert told(LoanClock(tmp_path / "none")) == "The loans' time is this machine's time."


def test_where_nothing_runs_nothing_is_skipped(tmp_path: Path) -> None:
    with pytest.raises(SandboxError, match="No sandbox runs"):
        skip.run(tmp_path, "3d")

    assert not Home.at(tmp_path).loan_clock.exists()


def test_two_do_not_skip_at_once(home: Home) -> None:
    with home.loan_clock.with_suffix(".lock").open("a") as other:
        fcntl.flock(other, fcntl.LOCK_EX)
        with pytest.raises(SandboxError, match="Another skip"):
            skip.run(home.path, "3d")

    assert not home.loan_clock.exists()


def test_with_the_engine_away_it_says_how_to_go_on(
    home: Home, capsys: pytest.CaptureFixture[str]
) -> None:
    assert not skip.run(home.path, "3d")

    assert "The engine did not answer" in capsys.readouterr().err
    assert LoanClock(home.loan_clock).ahead == THREE_DAYS


def test_skips_add_up(home: Home) -> None:
    for wish in ("3d", "12h"):
        skip.run(home.path, wish)
    skip.run(home.path, None)

    assert LoanClock(home.loan_clock).ahead == THREE_DAYS + timedelta(hours=12)


async def test_every_loan_arrives_and_none_goes_further(client: Client, clock: LoanClock) -> None:
    loans = await asyncio.gather(*(begin(client, 10 * DAY_S) for _ in range(50)))
    journey, again = Journey(client, clock), Journey(client, clock)

    await journey.run()
    await again.run()

    assert {await is_ahead(loan) for loan in loans} == {THREE_DAYS}
    assert (len(journey.arrived), again.arrived) == (50, set())
    assert journey.told() == "Moved 50 loans and 0 top-ups."


async def test_each_timer_has_its_own_moment(client: Client, clock: LoanClock) -> None:
    loan = await begin(client, DAY_S, DAY_S / 2, DAY_S, 10 * DAY_S)

    await Journey(client, clock).run()

    times: list[float] = await loan.execute_update("times", result_type=list[float])
    gone_by = [round((time - times[0]) / DAY_S, 2) for time in times[1:]]
    assert gone_by == [1.0, 1.5, 2.5, 3.0]


async def has_arrived(journey: Journey) -> bool:
    return bool(journey.arrived)


async def test_who_was_left_behind_is_brought_along(client: Client, clock: LoanClock) -> None:
    assert clock.path is not None
    loans = await asyncio.gather(*(begin(client, 30 * DAY_S) for _ in range(30)))
    first = Journey(client, clock)
    cut_short = asyncio.create_task(first.run())
    await given.eventually(lambda: has_arrived(first))
    cut_short.cancel()
    await asyncio.gather(cut_short, return_exceptions=True)
    assert len(first.arrived) < len(loans), "it was not cut short"

    await Journey(client, clock).run()

    assert {await is_ahead(loan) for loan in loans} == {THREE_DAYS}


async def test_a_loan_that_ends_on_the_way_has_arrived(client: Client, clock: LoanClock) -> None:
    loan = await begin(client, DAY_S)
    journey = Journey(client, clock)

    await journey.run()

    first, last = await loan.result()
    assert round((last - first) / DAY_S, 2) == 1.0
    assert (journey.arrived, journey.trouble()) == ({loan.id}, None)


async def test_who_is_held_up_is_named_and_follows_when_let_go(
    worker: tuple[Client, Holder], clock: LoanClock
) -> None:
    client, holder = worker
    loan = await begin(client, 0, DAY_S)
    await holder.held.wait()
    journey = Journey(client, clock, patience_s=0.5)

    await journey.run()

    assert journey.stuck == {loan.id}
    assert loan.id in str(journey.trouble())
    holder.let_go.set()
    begun, let_go, ended = await loan.result()
    assert [round((time - begun) / DAY_S, 2) for time in (let_go, ended)] == [0.0, 1.0]


async def test_a_skip_that_was_cut_short_goes_no_further_once_another_looks(
    worker: tuple[Client, Holder], clock: LoanClock
) -> None:
    """Else it could arrive between that look at its clock and the next skip, and go twice."""
    client, holder = worker
    loan = await begin(client, 0, 10 * DAY_S)
    await holder.held.wait()
    await Journey(client, clock, patience_s=0.5).run()

    behind = await Journey(client, clock)._behind(loan)
    holder.let_go.set()
    await given.eventually(lambda: is_let_go(loan))

    assert round(behind / THREE_DAYS, 3) == 1
    assert await is_ahead(loan) == timedelta(0)


async def is_let_go(loan: WorkflowHandle[StandIn, list[float]]) -> bool:
    times: list[float] = await loan.execute_update("times", result_type=list[float])
    return len(times) == 3


async def test_who_has_a_long_way_to_go_is_not_given_up(client: Client, clock: LoanClock) -> None:
    loan = await begin(client, *[600.0] * 300, 10 * DAY_S)
    journey = Journey(client, clock, patience_s=1)

    await journey.run()

    assert (journey.arrived, journey.trouble()) == ({loan.id}, None)
    assert await is_ahead(loan) == THREE_DAYS


async def test_what_is_no_loan_stays_where_it_is(client: Client, clock: LoanClock) -> None:
    other = await client.start_workflow(
        "NotALoan", [DAY_S], id="withdrawal:1", task_queue="stand-ins"
    )
    journey = Journey(client, clock)

    await journey.run()

    assert journey.arrived == set()
    assert ahead((await other.execute_update("times", result_type=list[float]))[-1]) == timedelta(0)
