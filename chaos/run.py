"""`./assets chaos`: lends money in a storm, and proves afterwards that none is missing."""

import asyncio
import shutil
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from pydantic import TypeAdapter

from chaos.journal import Journal
from chaos.lending import storm_over
from sandbox.home import Home, write_private
from sandbox.visit import own_system

# Callbacks that are lost are looked for soon, so that a storm sees many of them found.
TUNING: Final[Mapping[str, str]] = {"RECONCILE_INTERVAL": "PT3S"}
JOURNALS: Final = "journals.json"


def run(folder: Path, minutes: float, seed: int) -> bool:
    """Run a storm on what runs in a home, or on a sandbox of its own; print what it came to.

    After it has spoken to the engine the caller has to end the process hard.

    Returns:
        Whether nothing was lost and nothing doubled.

    Raises:
        SandboxError: There is no system to run it on, or a part of it did not come back.
    """
    with _stage(folder) as stage:
        report = asyncio.run(storm_over(stage.home, minutes, seed))
        stage.holds = report.holds
        print(f"\n{report}", flush=True)
        if not report.holds:
            print(keep(Home.at(stage.home).logs, report.journals), flush=True)
    return report.holds


@dataclass
class Stage:
    """Where it happens, and whether nothing of it has to be kept."""

    home: Path
    holds: bool = field(default=False)


@contextmanager
def _stage(folder: Path) -> Iterator[Stage]:
    if Home.at(folder).in_use():
        yield Stage(folder)
        return
    own = Path(tempfile.mkdtemp(prefix="assets-chaos-"))
    print(f"No sandbox runs in {folder}. Starting one for this storm ...", flush=True)
    stage = Stage(own / "home")
    try:
        with own_system(stage.home, TUNING):
            yield stage
            print("Stopping that sandbox ...", flush=True)
    finally:
        if stage.holds:
            shutil.rmtree(own)
        else:
            print(f"Its home is kept: {stage.home}", flush=True)


def keep(logs: Path, journals: Sequence[Journal]) -> str:
    """Keep what people were told beside the logs; say where both are."""
    told = TypeAdapter(Sequence[Journal]).dump_json(journals, indent=1)
    write_private(logs / JOURNALS, told.decode() + "\n")
    return f"What people were told: {logs / JOURNALS}. The logs of all programs: {logs}/"
