"""Starts programs in the order of their needs, starts again what dies, stops all in reverse."""

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from sandbox.process import POLL_S, START_TIMEOUT_S, Child
from sandbox.program import Program

WATCH_S = 0.1
# A program that dies again and again is started after ever longer pauses.
FIRST_PAUSE_S = 0.1
LONGEST_PAUSE_S = 5.0
# One that lived this long had an accident, not a broken start.
STABLE_AFTER_S = 10.0


@dataclass
class Watched:
    """A child and what is to be done about its last death."""

    child: Child
    pause_s: float = 0.0
    restart_at: float | None = None
    greeted: bool = True


@dataclass
class Supervisor:
    """Keeps programs running until a stop is asked for.

    Attributes:
        logs: The folder of their log files, one for each name.
        stop: Grows by one with each stop signal; see `signals.py`.
        say: Tells the person who watches.
        ready: Called once, with the process ids by name, when all are ready.
        restarted: Called with them after each restart.
    """

    programs: Sequence[Program]
    logs: Path
    stop: Sequence[int]
    say: Callable[[str], None]
    ready: Callable[[Mapping[str, int]], None]
    restarted: Callable[[Mapping[str, int]], None]
    start_timeout_s: float = START_TIMEOUT_S
    _watched: dict[str, Watched] = field(default_factory=dict)

    def run(self) -> None:
        """Start, watch, stop.

        Raises:
            StartError: A program did not become ready; the others are stopped by then.
        """
        try:
            self._start_all()
            if not self.stop:
                self.ready(self._pids())
            while not self.stop:
                self._watch()
                time.sleep(WATCH_S)
        finally:
            self._stop_all()

    def _start_all(self) -> None:
        ready: set[str] = set()
        while len(ready) < len(self.programs) and not self.stop:
            for program in self.programs:
                if program.name not in self._watched and ready.issuperset(program.after):
                    self._watched[program.name] = Watched(self._start(program))
            for name, watched in self._watched.items():
                watched.child.check_start(self.start_timeout_s)
                if watched.child.is_ready():
                    ready.add(name)
            time.sleep(POLL_S)

    def _start(self, program: Program) -> Child:
        return Child(program, self.logs / f"{program.name}.log")

    def _pids(self) -> dict[str, int]:
        children = [watched.child for watched in self._watched.values()]
        return {child.program.name: child.pid for child in children if not child.program.once}

    def _watch(self) -> None:
        for watched in self._watched.values():
            if not watched.child.failed:
                self._greet(watched)
            elif watched.restart_at is None:
                self._plan_restart(watched)
            elif time.monotonic() >= watched.restart_at:
                watched.child = self._start(watched.child.program)
                watched.restart_at, watched.greeted = None, False
                self.restarted(self._pids())

    def _plan_restart(self, watched: Watched) -> None:
        child = watched.child
        before = watched.pause_s if child.age_s < STABLE_AFTER_S else 0.0
        watched.pause_s = min(max(2 * before, FIRST_PAUSE_S), LONGEST_PAUSE_S)
        watched.restart_at = time.monotonic() + watched.pause_s
        self.say(f"{child.program.name} died ({child.ending}); restarting. Its log: {child.log}")

    def _greet(self, watched: Watched) -> None:
        if not watched.greeted and watched.child.is_ready():
            watched.greeted = True
            self.say(f"{watched.child.program.name} is back (process {watched.child.pid})")

    def _stop_all(self) -> None:
        """Stop what nothing living needs any more, again and again; a second signal kills all."""
        signals = len(self.stop)
        self.say("\nStopping ...")
        deadlines: dict[str, float] = {}
        while living := [w.child for w in self._watched.values() if w.child.running]:
            needed = {name for child in living for name in child.program.needs}
            for child in living:
                name = child.program.name
                if len(self.stop) > signals or time.monotonic() > deadlines.get(name, float("inf")):
                    child.kill()
                elif name not in deadlines and name not in needed:
                    child.ask_to_stop()
                    deadlines[name] = time.monotonic() + child.program.grace_s
            time.sleep(POLL_S)
