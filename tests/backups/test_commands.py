"""The commands as an operator types them, in processes of their own."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import psutil
import pytest

from backups.archive import opened
from sandbox import resting
from sandbox.home import Home
from tests.backups.packing import flipped
from tests.conftest import ROOT, as_application, environment
from tests.sandbox.waiting import wait_until

CLI = (sys.executable, str(ROOT / "cli.py"))


class Operator:
    """Somebody with a folder of their own, and a deployment in their environment."""

    def __init__(self, folder: Path, url: str) -> None:
        self.folder = folder
        self.scratch = folder / "scratch"
        self.scratch.mkdir()
        own = {"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT), "TMPDIR": str(self.scratch)}
        self.environment = own | environment(as_application(url), url)

    def types(self, *command: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [*CLI, *command],
            cwd=self.folder,
            env=self.environment,
            check=False,
            capture_output=True,
            text=True,
        )

    def begins(self, *command: str) -> subprocess.Popen[bytes]:
        return subprocess.Popen([*CLI, *command], cwd=self.folder, env=self.environment)

    def left_over(self) -> list[Path]:
        return list(self.scratch.iterdir())


@pytest.fixture
def operator(tmp_path: Path, platform: str) -> Operator:
    return Operator(tmp_path, platform)


def test_a_deployment_is_backed_up_checked_and_a_damaged_copy_is_refused(
    operator: Operator, tmp_path: Path
) -> None:
    made = operator.types("backup", "--deployment", "there.backup")
    file = tmp_path / "there.backup"
    checked = operator.types("backup-check", ".", "--deployment", "--metrics", "backup.prom")
    flipped(file, tmp_path / "damaged.backup", at=file.stat().st_size // 2)
    damaged = operator.types(
        "backup-check", "damaged.backup", "--deployment", "--metrics", "damaged.prom"
    )

    assert (made.returncode, checked.returncode, damaged.returncode) == (0, 0, 1), checked.stderr
    assert "there.backup: " in made.stdout
    assert "The keys are not in it. Keep ENCRYPTION_KEYS (k1) and INDEX_KEY" in made.stdout
    assert checked.stdout.splitlines()[-1] == "The backup is good."
    assert "database.dump is not what was written (SHA-256)" in damaged.stderr
    assert "Traceback" not in damaged.stderr
    assert (tmp_path / "backup.prom").exists()
    assert not (tmp_path / "damaged.prom").exists()
    assert operator.left_over() == []


def test_a_deployment_is_restored_and_its_operator_told_what_is_next(
    operator: Operator, sound: Path, empty_database: str
) -> None:
    operator.environment["MIGRATION_DATABASE_URL"] = empty_database

    restored = operator.types("restore", str(sound), "--deployment")
    again = operator.types("restore", str(sound), "--deployment")

    assert restored.returncode == 0, restored.stderr
    assert restored.stdout.startswith("Restored, and every row is as it was.\n")
    steps = ("an empty Temporal", "prepare-engine", "resume --deployment", "verify-ledger")
    places = [restored.stdout.index(step) for step in steps]
    assert places == sorted(places)
    assert again.returncode == 1
    assert "has tables already" in again.stderr


@pytest.mark.parametrize("request_to_stop", [signal.SIGINT, signal.SIGTERM])
def test_a_check_that_is_stopped_leaves_nothing_behind(
    operator: Operator, sound: Path, request_to_stop: signal.Signals
) -> None:
    checking = operator.begins("backup-check", str(sound), "--deployment")
    below: list[psutil.Process] = []

    def serves() -> bool:
        below[:] = psutil.Process(checking.pid).children(recursive=True)
        return any(operator.scratch.glob("*/postgres/postmaster.pid"))

    wait_until(serves, timeout_s=60.0)
    checking.send_signal(request_to_stop)

    assert checking.wait(30) != 0
    assert operator.left_over() == []
    wait_until(lambda: not any(process.is_running() for process in below))


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """A sandbox that does not run, with an engine that remembers something."""
    folder = tmp_path / "home"
    with resting.resting(folder):
        pass
    for name in ("temporal.sqlite", "temporal.sqlite-wal"):
        (folder / name).write_text("memories")
    return folder


def test_a_sandbox_at_rest_is_restored_its_engine_forgets_and_it_is_backed_up_again(
    operator: Operator, home: Path, sound: Path
) -> None:
    at = ("--home", str(home))
    with Home.at(home).lock():
        running = operator.types("restore", str(sound), *at)
    restored = operator.types("restore", str(sound), *at)
    made = operator.types("backup", *at)
    checked = operator.types("backup-check", *at)

    assert (running.returncode, restored.returncode, made.returncode) == (1, 0, 0), made.stderr
    assert "A sandbox runs in" in running.stderr
    assert f"./assets resume --home {home}" in restored.stdout
    names = sorted(file.name for file in home.glob("temporal*"))
    assert [name.startswith("temporal-before-") for name in names] == [True, True]
    [file] = (home / "backups").iterdir()
    with opened(sound) as before, opened(file) as after:
        assert after.manifest.contents == before.manifest.contents
    # The rows are another platform's, whose keys are elsewhere: as after the loss of a machine.
    assert checked.returncode == 1
    assert "BROKEN  users.phone: values do not open" in checked.stdout
    assert checked.stdout.splitlines()[-1] == "THE BACKUP IS NOT GOOD."


def test_an_engine_gets_its_memory_back_when_nothing_was_restored(home: Path) -> None:
    def fail() -> None:
        with resting.engine_set_aside(home):
            assert not Home.at(home).temporal.exists()
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        fail()

    assert sorted(file.name for file in home.glob("temporal*")) == [
        "temporal.sqlite",
        "temporal.sqlite-wal",
    ]


def test_where_no_sandbox_is_nothing_is_made(operator: Operator, tmp_path: Path) -> None:
    nowhere = tmp_path / "nowhere"

    refused = operator.types("backup", "--home", str(nowhere))

    assert (refused.returncode, refused.stdout) == (1, "")
    assert refused.stderr == f"assets: There is no sandbox in {nowhere}.\n"
    assert not nowhere.exists()
