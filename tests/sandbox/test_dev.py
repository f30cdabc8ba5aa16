"""`./assets dev` as a person runs it: all processes real, killed, restarted and stopped."""

import json
import os
import signal
import stat
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest

from sandbox import dev_json
from sandbox.dev_json import DevInfo
from sandbox.environment import ROOT
from sandbox.errors import SandboxError
from tests.sandbox.waiting import is_alive, wait_until

PROGRAMS = {"postgres", "temporal", "gateway", "worker", "api"}


def command(home: Path) -> list[str]:
    return [sys.executable, str(ROOT / "cli.py"), "dev", "--home", str(home), "--ports", "auto"]


def shell() -> dict[str, str]:
    """The environment of somebody who works on a deployment at the same time."""
    return {**os.environ, "PYTHONPATH": str(ROOT), "DATABASE_URL": "postgresql://production/assets"}


@contextmanager
def dev(home: Path) -> Iterator[subprocess.Popen[str]]:
    """A sandbox from ready to stopped."""
    process = subprocess.Popen(
        command(home), env=shell(), stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    )
    with process:
        try:
            wait_until(lambda: is_up(home) or process.poll() is not None, 60)
            yield process
        finally:
            process.terminate()
            process.wait(30)


def is_up(home: Path) -> bool:
    try:
        return bool(dev_json.read(home).pids)
    except SandboxError:
        return False


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("dev") / "home"


@pytest.fixture(scope="module")
def running(home: Path) -> Iterator[Path]:
    with dev(home):
        yield home


@pytest.fixture
def info(running: Path) -> DevInfo:
    return dev_json.read(running)


def log_in(info: DevInfo) -> dict[str, object]:
    with httpx.Client(base_url=info.api, trust_env=False) as client:
        credentials = {"email": info.operator.email, "password": info.operator.password}
        token = client.post("/api/v1/auth/token/", json=credentials).json()["access_token"]
        me = client.get("/api/v1/auth/me/", headers={"Authorization": f"Bearer {token}"})
    return dict(me.json())


def test_everything_runs_and_is_named_in_a_private_file(running: Path, info: DevInfo) -> None:
    assert set(info.pids) == PROGRAMS
    assert all(map(is_alive, info.pids.values()))
    assert stat.S_IMODE((running / "dev.json").stat().st_mode) == 0o600
    for url in (f"{info.api}/healthz", f"{info.api}/readyz", info.docs, f"{info.gateway}/healthz"):
        assert answers(url)


def test_the_operator_can_log_in(info: DevInfo) -> None:
    me = log_in(info)

    assert (me["email"], me["role"]) == (info.operator.email, "operator")


def test_a_second_one_in_the_same_home_is_refused(running: Path, info: DevInfo) -> None:
    second = subprocess.run(
        command(running), env=shell(), capture_output=True, text=True, check=False
    )

    assert second.returncode == 1
    assert second.stderr.startswith(f"assets: A sandbox runs in {running} already")
    assert dev_json.read(running) == info


@pytest.mark.parametrize("name", sorted(PROGRAMS))
def test_a_killed_program_comes_back(running: Path, name: str) -> None:
    before = dev_json.read(running).pids[name]

    os.kill(before, signal.SIGKILL)

    wait_until(lambda: dev_json.read(running).pids[name] != before)
    info = dev_json.read(running)
    assert is_alive(info.pids[name])
    wait_until(lambda: answers(f"{info.gateway}/healthz") and answers(f"{info.api}/readyz"))


def answers(url: str) -> bool:
    try:
        return httpx.get(url, trust_env=False).status_code == 200
    except httpx.TransportError:
        return False


def test_after_sigterm_nothing_is_left_and_the_next_start_finds_the_data(tmp_path: Path) -> None:
    home = tmp_path / "home"
    with dev(home) as process:
        first = dev_json.read(home)
        me = log_in(first)
    assert process.returncode == 0
    assert not any(map(is_alive, first.pids.values()))
    assert not (home / "dev.json").exists()

    with dev(home):
        second = dev_json.read(home)
        assert log_in(second) == me

    assert (second.api, second.database_url) == (first.api, first.database_url)


def test_a_part_that_does_not_start_is_shown_with_its_log(tmp_path: Path) -> None:
    home = tmp_path / "home"
    (home / "postgres").mkdir(parents=True)
    (home / "secrets.json").write_text(json.dumps({"superuser_password": "of another server"}))

    with dev(home) as process:
        output, _ = process.communicate()

    assert process.returncode == 1
    assert "postgres ended (exit status" in output
    assert "To start afresh" in output
    assert "Traceback" not in output


if sys.platform == "linux":  # elsewhere no kernel tells children that their parent has died

    def test_a_kill_9_of_the_supervisor_leaves_nothing_in_the_way(tmp_path: Path) -> None:
        home = tmp_path / "home"
        with dev(home) as process:
            first = dev_json.read(home)
            process.kill()
            wait_until(lambda: not any(map(is_alive, first.pids.values())))
            with pytest.raises(SandboxError, match="No sandbox runs"):
                dev_json.read(home)

        with dev(home):
            assert log_in(dev_json.read(home))["role"] == "operator"
