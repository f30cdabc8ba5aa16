"""Kills processes of a sandbox as the kernel does when memory runs out."""

import asyncio
import os
import signal
import time
from dataclasses import dataclass
from pathlib import Path
from random import Random
from typing import Final

import psutil

from chaos.plan import Victim
from sandbox import dev_json
from sandbox.errors import SandboxError

PATIENCE_S: Final = 60.0
_LOOK_S: Final = 0.01


@dataclass(frozen=True)
class Death:
    """`at` is of the monotonic clock."""

    victim: Victim
    pid: int
    at: float


@dataclass(frozen=True)
class Killer:
    """Finds its victims by the `dev.json` of a home, which names the newest process of each."""

    home: Path
    chance: Random

    async def kill(self, victim: Victim, *, but: int | None = None) -> Death:
        """Kill a victim, as soon as it lives.

        Args:
            victim: Whom.
            but: A process that was killed before: its successor is meant.

        Raises:
            SandboxError: It is not started again.
        """
        deadline = time.monotonic() + PATIENCE_S
        while time.monotonic() < deadline:
            pid = self._find(victim)
            if pid is not None and pid != but and self._strike(pid):
                return Death(victim, pid, time.monotonic())
            await asyncio.sleep(_LOOK_S)
        raise SandboxError(
            f"There was no {victim} to kill for {PATIENCE_S:.0f} s: nobody started it again. "
            f"Its log is in {self.home / 'logs'}."
        )

    def _find(self, victim: Victim) -> int | None:
        pids = dev_json.read(self.home).pids
        if victim is Victim.BACKEND:
            backends = _backends(pids[Victim.POSTGRES])
            return self.chance.choice(backends) if backends else None
        return pids[victim]

    @staticmethod
    def _strike(pid: int) -> bool:
        """Kill a process; tell whether there was one that lived."""
        try:
            if psutil.Process(pid).status() == psutil.STATUS_ZOMBIE:
                return False
            os.kill(pid, signal.SIGKILL)
        except (psutil.NoSuchProcess, ProcessLookupError):
            return False
        return True


def _backends(postmaster: int) -> list[int]:
    """Return the processes that serve the application's connections."""
    try:
        children = psutil.Process(postmaster).children()
        return sorted(child.pid for child in children if _serves(child))
    except psutil.NoSuchProcess:
        return []


def _serves(process: psutil.Process) -> bool:
    try:
        # What PostgreSQL calls such a process: "postgres: user database address(port) state".
        return " ".join(process.cmdline()).startswith("postgres: assets ")
    except psutil.NoSuchProcess:
        return False
