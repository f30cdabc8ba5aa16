"""A folder that looks as after `git clone`, in which a test types what a document says."""

import os
import shlex
import shutil
import signal
import subprocess
import sys
from pathlib import Path

from sandbox import dev_json
from sandbox.dev_json import DevInfo
from sandbox.environment import ROOT
from sandbox.home import Home
from tests.e2e.dev import START_TIMEOUT_S, STOP_TIMEOUT_S
from tests.sandbox.waiting import wait_until

ANSWER = "correct horse battery\n"  # to whoever asks for a password


class Terminal:
    """Types lines as they are written, `./assets` included; what it starts, it stops."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._dev: subprocess.Popen[bytes] | None = None
        # The environment that runs this test stands for the one that ./assets would install.
        venv = folder / "venv"
        (venv / "bin").mkdir(parents=True)
        shutil.copy(ROOT / "requirements.lock", venv)
        _script(venv / "bin/python", sys.executable)
        _script(folder / "assets", str(ROOT / "assets"))
        self._environment = {**os.environ, "ASSETS_VENV": str(venv)}

    def start(self, line: str, home: str) -> DevInfo:
        """Type the line that starts a sandbox in a home of this folder; return where it is."""
        (self.folder / ".assets").symlink_to(home)  # where every other line looks for it
        with (self.folder / "output").open("wb") as output:
            self._dev = subprocess.Popen(
                shlex.split(line, comments=True),
                cwd=self.folder,
                env=self._environment,
                stdout=output,
                stderr=subprocess.STDOUT,
            )
        process, ready = self._dev, Home.at(self.folder / home).dev_json
        wait_until(lambda: ready.exists() or process.poll() is not None, START_TIMEOUT_S)
        assert process.poll() is None, (self.folder / "output").read_text()
        return dev_json.read(self.folder / home)

    def press_ctrl_c(self) -> int:
        """End the sandbox as a person does, and return its exit code."""
        assert self._dev is not None
        self._dev.send_signal(signal.SIGINT)
        return self._dev.wait(STOP_TIMEOUT_S)

    def type(self, script: str, **variables: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            ["sh", "-eu", "-c", script],
            cwd=self.folder,
            env=self._environment | variables,
            input=ANSWER,
            capture_output=True,
            text=True,
            check=False,
        )


def _script(path: Path, program: str) -> None:
    path.write_text(f'#!/bin/sh\nexec {shlex.quote(program)} "$@"\n')
    path.chmod(0o755)
