"""The processes of `./assets dev`, to be started, killed, held down and stopped by a test."""

import asyncio
import base64
import os
import signal
import subprocess
import sys
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path

import psutil

from sandbox import dev_json
from sandbox.dev_json import DevInfo
from sandbox.environment import ROOT
from sandbox.home import Home
from sandbox.secrets import Secrets
from tests import given
from tests.sandbox.waiting import is_alive, wait_until

# Short, so that a lost callback is found while a test waits; everything else is as delivered.
RECONCILE_INTERVAL_S = 2.0
START_TIMEOUT_S = 60.0
STOP_TIMEOUT_S = 40.0


class Dev:
    """One sandbox in one home, with settings of its own if it is given some."""

    def __init__(self, home: Path, settings: Mapping[str, str] | None = None) -> None:
        self.home = home
        # Where a test arms crash points; otherwise there is no such folder.
        self.armed = home.with_suffix(".armed")
        short = {
            "RECONCILE_INTERVAL": f"PT{RECONCILE_INTERVAL_S:g}S",
            "CRASH_AT": str(self.armed),
        }
        self._settings = short | dict(settings or {})
        self._output = home.with_suffix(".output")
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def info(self) -> DevInfo:
        """Where everything is just now: a restarted program has another process id."""
        return dev_json.read(self.home)

    @property
    def output(self) -> str:
        return self._output.read_text()

    @property
    def keys(self) -> dict[str, bytes]:
        """Return what encrypts its payloads."""
        name, _, key = Secrets.kept_in(Home.at(self.home)).encryption_keys.partition(":")
        return {name: base64.b64decode(key)}

    def start(self) -> None:
        with self._output.open("wb") as output:
            self._process = subprocess.Popen(
                [*command("dev", self.home), "--ports", "auto"],
                env=environment() | self._settings,
                stdout=output,
                stderr=subprocess.STDOUT,
            )
        process = self._process
        ready = Home.at(self.home).dev_json
        wait_until(lambda: ready.exists() or process.poll() is not None, START_TIMEOUT_S)
        assert process.poll() is None, self.output

    def stop(self) -> int:
        """Ask it to stop as a service manager does, and return its exit code."""
        assert self._process is not None
        self._process.send_signal(signal.SIGTERM)
        return self._process.wait(STOP_TIMEOUT_S)

    def processes(self) -> set[int]:
        """Return its own process id and those of all its children, theirs included."""
        assert self._process is not None
        return {self._process.pid} | set(self.info.pids.values()) | below(self._process.pid)

    async def run(self, name: str, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Run a command of `./assets` on it."""
        return await asyncio.to_thread(
            subprocess.run,
            [*command(name, self.home), *arguments],
            env=environment(),
            check=False,
            capture_output=True,
            text=True,
        )

    def kill(self, name: str) -> None:
        """Do what the kernel does when memory runs out."""
        os.kill(self.info.pids[name], signal.SIGKILL)

    def arm(self, *names: str) -> None:
        """Let the first process that passes one of these crash points end there."""
        self.armed.mkdir(exist_ok=True)
        for name in names:
            (self.armed / name).touch()

    async def has_died_everywhere(self) -> bool:
        return not any(self.armed.iterdir())

    @asynccontextmanager
    async def without(self, name: str) -> AsyncIterator[None]:
        """Hold a program down for the length of a block: kill it whenever it is restarted."""
        assassin = asyncio.create_task(self._kill_on_sight(name))
        try:
            pid = self.info.pids[name]
            await given.eventually(lambda: _is_gone(pid))
            yield
        finally:
            assassin.cancel()
            await asyncio.gather(assassin, return_exceptions=True)

    async def _kill_on_sight(self, name: str) -> None:
        killed = 0
        while True:
            if (pid := self.info.pids[name]) != killed:
                os.kill(pid, signal.SIGKILL)
                killed = pid
            await asyncio.sleep(0.01)


async def _is_gone(pid: int) -> bool:
    return not is_alive(pid)


def command(name: str, home: Path) -> list[str]:
    return [sys.executable, str(ROOT / "cli.py"), name, "--home", str(home)]


def environment() -> dict[str, str]:
    return {**os.environ, "PYTHONPATH": str(ROOT)}


def below(ancestor: int) -> set[int]:
    """Return the process ids of all descendants."""
    return {child.pid for child in psutil.Process(ancestor).children(recursive=True)}
