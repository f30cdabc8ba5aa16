"""Order, restarts and the clean stop, shown on tiny programs that really run."""

import os
import signal
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import partial
from pathlib import Path

import pytest

from sandbox.process import StartError
from sandbox.program import Program
from sandbox.supervisor import Supervisor
from tests.sandbox.programs import Programs
from tests.sandbox.waiting import is_alive, wait_until


class Run:
    """A supervisor in a thread of its own, and what it said."""

    def __init__(self, programs: list[Program], logs: Path, start_timeout_s: float) -> None:
        self.stop: list[int] = []
        self.said: list[str] = []
        self.seen: list[dict[str, int]] = []
        self.error: Exception | None = None
        self._supervisor = Supervisor(
            programs, logs, self.stop, self.said.append, self._see, self._see, start_timeout_s
        )
        self.thread = threading.Thread(target=self._run)
        self.thread.start()

    def _see(self, pids: Mapping[str, int]) -> None:
        self.seen.append(dict(pids))

    def _run(self) -> None:
        try:
            self._supervisor.run()
        except StartError as error:
            self.error = error

    @property
    def pids(self) -> dict[str, int]:
        wait_until(lambda: bool(self.seen))
        return self.seen[-1]

    def end(self) -> None:
        self.stop.append(signal.SIGTERM)
        self.thread.join()


@pytest.fixture
def programs(tmp_path: Path) -> Programs:
    return Programs(tmp_path)


@contextmanager
def supervised(tmp_path: Path, *programs: Program, start_timeout_s: float = 30.0) -> Iterator[Run]:
    run = Run(list(programs), tmp_path / "logs", start_timeout_s)
    try:
        yield run
    finally:
        run.end()


def test_what_others_need_starts_first_and_stops_last(tmp_path: Path, programs: Programs) -> None:
    api = programs.serving("api", "database", "migrate")
    migrate = programs.once("migrate", "database")

    with supervised(tmp_path, api, migrate, programs.serving("database")) as run:
        pids = run.pids

    assert set(pids) == {"api", "database"}
    assert programs.lines() == ["+database", "+migrate", "+api", "-api", "-database"]


def test_after_the_stop_nothing_is_left(tmp_path: Path, programs: Programs) -> None:
    with supervised(tmp_path, programs.serving("a"), programs.serving("b")) as run:
        pids = run.pids
        assert all(map(is_alive, pids.values()))

    assert not any(map(is_alive, pids.values()))
    assert run.error is None


def test_a_killed_program_is_started_again_and_said_so(tmp_path: Path, programs: Programs) -> None:
    with supervised(tmp_path, programs.serving("worker"), programs.serving("api")) as run:
        before = run.pids
        os.kill(before["worker"], signal.SIGKILL)
        wait_until(lambda: len(run.said) == 2)
        after = run.pids

        assert is_alive(after["worker"])
        assert after["worker"] != before["worker"]
        assert after["api"] == before["api"]
    assert run.said[0].startswith("worker died (signal 9, Killed); restarting.")
    assert run.said[1] == f"worker is back (process {after['worker']})"


def seen_more_than(run: Run, times: int) -> bool:
    return len(run.seen) > times


def test_a_program_that_keeps_dying_is_started_ever_more_seldom(
    tmp_path: Path, programs: Programs
) -> None:
    with supervised(tmp_path, programs.serving("worker")) as run:
        for death in range(1, 4):
            os.kill(run.pids["worker"], signal.SIGKILL)
            wait_until(partial(seen_more_than, run, death))
        watched = run._supervisor._watched["worker"]

    assert watched.pause_s == pytest.approx(0.4)


def test_a_program_that_ends_at_its_start_stops_the_others(
    tmp_path: Path, programs: Programs
) -> None:
    with supervised(tmp_path, programs.serving("database"), programs.dying("api")) as run:
        run.thread.join()

    assert str(run.error).startswith("api ended (exit status 1) instead of becoming ready.")
    assert "  no such file: ledger.cfg" in str(run.error)
    assert run.seen == []
    assert not any(is_alive(w.child.pid) for w in run._supervisor._watched.values())


def test_a_program_that_is_never_ready_fails_the_start(tmp_path: Path, programs: Programs) -> None:
    with supervised(tmp_path, programs.silent("api"), start_timeout_s=1.0) as run:
        run.thread.join()

    assert str(run.error).startswith("api was not ready after 1 s.")
    assert "still loading" in str(run.error)


def test_a_once_program_that_fails_stops_what_came_before(
    tmp_path: Path, programs: Programs
) -> None:
    migrate = Program("migrate", ("false",), once=True)

    with supervised(tmp_path, programs.serving("database"), migrate) as run:
        run.thread.join()

    assert str(run.error).startswith("migrate ended (exit status 1)")


def test_a_program_that_does_not_stop_is_killed_after_its_grace(
    tmp_path: Path, programs: Programs
) -> None:
    with supervised(tmp_path, programs.stubborn("worker", grace_s=0.3)) as run:
        pid = run.pids["worker"]

    assert not is_alive(pid)


def test_a_second_stop_signal_kills_at_once(tmp_path: Path, programs: Programs) -> None:
    with supervised(tmp_path, programs.stubborn("worker", grace_s=600.0)) as run:
        pid = run.pids["worker"]
        run.stop.append(signal.SIGINT)
        wait_until(lambda: run.said != [])  # it has asked the program to stop

    assert not is_alive(pid)


def test_a_stop_during_the_start_is_heeded(tmp_path: Path, programs: Programs) -> None:
    with supervised(tmp_path, programs.serving("database"), programs.silent("api")) as run:
        wait_until(lambda: "+database" in programs.lines())

    assert run.error is None
    assert run.seen == []
    assert programs.lines() == ["+database", "-database"]
