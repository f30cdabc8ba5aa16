"""The first screen of the README, run as it stands there."""

import os
import re
import subprocess
from pathlib import Path

from tests.e2e.dev import Dev

README = Path(__file__).parents[2] / "README.md"


def test_the_main_job_with_curl_runs_as_the_readme_says(dev: Dev) -> None:
    script = section("The main job, with curl")

    done = subprocess.run(
        ["sh", "-eu", "-c", script],
        env={"API": dev.info.api, "PATH": os.environ["PATH"]},
        check=False,
        capture_output=True,
        text=True,
        timeout=60,
    )

    assert done.returncode == 0, done.stdout + done.stderr
    assert '"status":"paid"' in done.stdout
    assert '"balance":"200000.00","held":"800000.00"' in done.stdout
    assert '"balance":"285000.00"' in done.stdout
    assert '"balance":"700000.00"' in done.stdout


def section(title: str) -> str:
    text = README.read_text().split(f"## {title}", 1)[1]
    found = re.search(r"```sh\n(.*?)```", text, re.DOTALL)
    assert found
    return found[1]
