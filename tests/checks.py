"""What `./assets test` and CI run, in order of how fast each one fails."""

import os
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path

from settings import Settings

ROOT = Path(__file__).resolve().parent.parent
BIN = Path(sys.executable).parent
# Enough to fill the waits for servers; more would only have more servers to start.
MOST_WORKERS = 4
CHECKS: dict[str, tuple[str, ...]] = {
    "format": ("ruff", "format", "--check", "."),
    "lint": ("ruff", "check", "."),
    "types": ("mypy",),
    "import rules": ("lint-imports",),
}


def run(pytest_arguments: Sequence[str], *, long: bool, containers: bool = False) -> int:
    """Run all checks, stop at the first that fails, and return its exit code."""
    if containers:
        # One engine, one stack: nothing to share out.
        return _step("containers", ("pytest", "-m", "containers", *pytest_arguments))
    markers = ["-m", "not containers" if long else "not long and not containers"]
    workers = ["-n", "auto", "--maxprocesses", str(MOST_WORKERS), "--dist", "loadgroup"]
    tests = ("pytest", *workers, *markers, *pytest_arguments)
    # With arguments it is one test that somebody works on: the rest would only be in the way.
    steps = {"tests": tests} if pytest_arguments else {**CHECKS, "tests": tests}
    return next(filter(None, (_step(name, command) for name, command in steps.items())), 0)


def _step(name: str, command: tuple[str, ...]) -> int:
    print(f"--- {name}", flush=True)
    began = time.monotonic()
    program, *arguments = command
    code = subprocess.run(
        [str(BIN / program), *arguments], cwd=ROOT, env=_environment(), check=False
    ).returncode
    print(
        f"--- {name}: {'ok' if code == 0 else f'failed ({code})'}"
        f" in {time.monotonic() - began:.1f} s",
        flush=True,
    )
    return code


def _environment() -> dict[str, str]:
    """Pass on nothing that names a deployment: tests must not find somebody's database."""
    deployment = {name.upper() for name in Settings.model_fields}
    return {name: value for name, value in os.environ.items() if name not in deployment}
