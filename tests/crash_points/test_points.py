"""A crash point ends one process, once, where it is armed and nowhere else."""

import subprocess
import sys
from pathlib import Path

import pytest
from pydantic import ValidationError

from crash_points.points import KILLED, Points, Work, at_hand, reached
from sandbox.environment import ROOT
from tests.api.conftest import settings_of

PROGRAM = """
import logging, sys
from pathlib import Path
from crash_points.points import Points
logging.basicConfig()
Points(Path(sys.argv[1])).reached("move_ticket:committed")
print("lives")
"""


def test_a_process_ends_at_an_armed_point_and_says_so_once(tmp_path: Path) -> None:
    (tmp_path / "move_ticket:committed").touch()
    command = [sys.executable, "-c", PROGRAM, str(tmp_path)]

    first, second = (
        subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
        for _ in range(2)
    )

    assert (first.returncode, first.stdout) == (KILLED, "")
    assert "ending at the crash point move_ticket:committed" in first.stderr
    assert (second.returncode, second.stdout, second.stderr) == (0, "lives\n", "")


def test_moments_belong_to_the_work_at_hand_and_the_second_turn_has_its_own_name(
    tmp_path: Path,
) -> None:
    ended: list[str] = []
    points = Points(tmp_path, ended.append)
    names = ("seal_ledger:committed", "seal_ledger:committed-2", "seal_ledger:committed-3")
    for name in names:
        (tmp_path / name).touch()

    reached("committed")
    with at_hand(Work(points, lambda: "seal_ledger")):
        for _ in range(4):
            reached("committed")
    reached("committed")

    assert ended == list(names[:2])


def test_nothing_ends_by_appointment_where_strangers_come() -> None:
    with pytest.raises(ValidationError, match="CRASH_AT is for tests: without DEBUG"):
        settings_of("postgresql://localhost/x", "nowhere:7233", debug=False, crash_at="/armed")
