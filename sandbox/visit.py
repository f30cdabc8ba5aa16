"""A system for a command to work on: the one that runs in a home, or one for the occasion."""

import os
import signal
import sys
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from sandbox import dev_json
from sandbox.dev_json import DevInfo
from sandbox.environment import ROOT
from sandbox.home import Home
from sandbox.process import running
from sandbox.program import Program

START_TIMEOUT_S = 120.0
# `dev` stops its children in order, each with a grace of its own.
STOP_GRACE_S = 60.0


@contextmanager
def system_in(folder: Path) -> Iterator[DevInfo]:
    """Yield what runs in a home; if nothing does, start a system in a temporary one meanwhile.

    Raises:
        SandboxError: The system is just starting or stopping, or could not be started.
    """
    if Home.at(folder).in_use():
        yield dev_json.read(folder)
        return
    print(f"No sandbox runs in {folder}. Starting one for this demo ...", flush=True)
    with tempfile.TemporaryDirectory(prefix="assets-") as temporary:
        home = Path(temporary) / "home"
        with own_system(home):
            yield dev_json.read(home)
            print("\nStopping that sandbox; one that stays: ./assets dev", flush=True)


@contextmanager
def own_system(folder: Path, settings: Mapping[str, str] | None = None) -> Iterator[None]:
    """Run a system in a home for the length of a block; what it says is kept beside the home.

    Raises:
        SandboxError: It could not be started.
    """
    home = Home.at(folder)
    log = home.path.with_name("dev.log")
    with running(_dev(home, settings or {}), log, START_TIMEOUT_S):
        yield


def _dev(home: Home, settings: Mapping[str, str]) -> Program:
    options = ("--home", str(home.path), "--ports", "auto")
    return Program(
        name="dev",
        argv=(sys.executable, str(ROOT / "cli.py"), "dev", *options),
        ready=home.dev_json.exists,
        env={**os.environ, "PYTHONPATH": str(ROOT), **settings},
        grace_s=STOP_GRACE_S,
        death_signal=signal.SIGTERM,  # it has children of its own to stop
    )
