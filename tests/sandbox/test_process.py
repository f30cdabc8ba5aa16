"""One child: its log, its environment, and that it does not outlive us."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from sandbox.process import Child, StartError, running
from sandbox.program import Program
from tests.sandbox.waiting import is_alive, wait_until

ROOT = Path(__file__).parents[2]
PARENT = """
import pathlib, sys, time
from sandbox.process import Child
from sandbox.program import Program
child = Child(Program("p", ("sleep", "600")), pathlib.Path(sys.argv[1]))
print(child.pid, flush=True)
time.sleep(600)
"""


def python(code: str) -> tuple[str, ...]:
    return (sys.executable, "-c", code)


def test_the_variables_of_our_shell_do_not_reach_a_program(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DATABASE_URL", "postgresql://production")
    printing = Program("p", python("import os; print(sorted(os.environ))"), once=True)

    with running(printing, tmp_path / "p.log") as child:
        assert "DATABASE_URL" not in child.log_tail()
        assert "'PATH'" in child.log_tail()


def test_the_log_keeps_earlier_runs_but_the_tail_is_of_this_one(tmp_path: Path) -> None:
    for word in ("first", "second"):
        speaking = Program("p", python(f"print({word!r})"), once=True)
        with running(speaking, tmp_path / "p.log") as child:
            tail = child.log_tail()

    assert tail == "  second"
    assert (tmp_path / "p.log").read_text() == "first\nsecond\n"


def test_a_program_that_does_not_exist_is_named(tmp_path: Path) -> None:
    with (
        pytest.raises(
            StartError,
            match=r"(?s)p ended \(exit status 1\).*cannot run no-such-program: No such file",
        ),
        running(Program("p", ("no-such-program",), ready=lambda: False), tmp_path / "p.log"),
    ):
        pass


def test_killing_a_child_kills_what_it_has_started(tmp_path: Path) -> None:
    code = "import subprocess, sys; print(subprocess.Popen(['sleep', '600']).pid, flush=True); "
    child = Child(Program("p", python(code + "import time; time.sleep(600)")), tmp_path / "p.log")
    wait_until(lambda: child.log_tail() != "")
    grandchild = int(child.log_tail())

    child.kill()

    wait_until(lambda: not is_alive(grandchild))


if sys.platform == "linux":  # elsewhere no kernel tells children that their parent has died

    def test_a_kill_9_of_the_parent_leaves_no_child(tmp_path: Path) -> None:
        parent = subprocess.Popen(
            [*python(PARENT), str(tmp_path / "p.log")],
            stdout=subprocess.PIPE,
            env={**os.environ, "PYTHONPATH": str(ROOT)},
        )
        with parent:
            assert parent.stdout is not None
            pid = int(parent.stdout.readline())
            wait_until(lambda: Path(f"/proc/{pid}/comm").read_text() == "sleep\n")

            parent.send_signal(signal.SIGKILL)

        wait_until(lambda: not is_alive(pid))
