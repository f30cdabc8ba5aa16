"""Commands on a deployment, run from a folder that holds what the image holds: no sandbox."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from sandbox.ports import free_port
from tests.conftest import ROOT, as_application, environment

SAID = {
    ("verify-ledger",): "every",
    ("verify-audit",): "",
    ("correct-counters",): "what counting anew comes to",
    ("attention",): "Nothing is parked or stuck.",
    ("keys", "list"): "",
    ("keys", "rotate"): "ENCRYPTION_KEYS",
    ("create-admin", "--email", "you@example.com", "--generate"): "is an administrator",
}


@pytest.fixture(scope="session")
def image(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Copy what .dockerignore lets in."""
    folder = tmp_path_factory.mktemp("image")
    allowed = [
        line[1:] for line in (ROOT / ".dockerignore").read_text().splitlines() if line[:1] == "!"
    ]
    for name in allowed:
        source, target = ROOT / name, folder / name
        target.parent.mkdir(parents=True, exist_ok=True)
        if source.is_dir():
            shutil.copytree(source, target, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy(source, target)
    return folder


def run(image: Path, url: str, *command: str) -> subprocess.CompletedProcess[str]:
    nowhere = {"TEMPORAL_ADDRESS": f"127.0.0.1:{free_port()}"}
    return subprocess.run(
        [sys.executable, str(image / "cli.py"), *command, "--deployment"],
        cwd=image,
        env={"PATH": os.environ["PATH"], "PYTHONPATH": str(image)}
        | environment(url, url)
        | nowhere,
        check=False,
        capture_output=True,
        text=True,
    )


@pytest.mark.parametrize("command", SAID, ids=" ".join)
def test_a_command_on_a_deployment_needs_nothing_that_is_not_in_the_image(
    image: Path, own_database: str, command: tuple[str, ...]
) -> None:
    done = run(image, as_application(own_database), *command)

    assert done.returncode == 0, done.stdout + done.stderr
    assert SAID[command] in done.stdout


@pytest.mark.parametrize("command", [("decide", "ticket:1", "retry", "--note", "why"), ("resume",)])
def test_a_command_whose_engine_is_away_says_so(
    image: Path, own_database: str, command: tuple[str, ...]
) -> None:
    done = run(image, as_application(own_database), *command)

    assert done.returncode == 1
    assert done.stderr.splitlines()[-1].startswith("assets: ")
    assert "Traceback" not in done.stderr
