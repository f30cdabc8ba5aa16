"""Recorded histories: what running loans look like, kept for as long as some may run."""

from pathlib import Path
from typing import Final

from temporalio.client import WorkflowHistory

from tests.workflows.commands import commands, kind_of, without_detours

HISTORIES: Final = Path(__file__).parent / "histories"
FINGERPRINTS: Final = Path(__file__).parent / "fingerprints"
RENEW: Final = "./assets test tests/workflows --record"
_OLDER: Final = ".before-"  # the paths that older code took, which loans of its time still go


def all_of_them() -> list[Path]:
    return sorted(HISTORIES.glob("*.json"))


def is_of_today(path: Path) -> bool:
    return _OLDER not in path.stem


def load(path: Path) -> WorkflowHistory:
    return WorkflowHistory.from_json(path.stem, path.read_text())


async def keep(name: str, history: WorkflowHistory) -> None:
    """Store the history of a path, if it is a new one; the older path stays beside it."""
    path = _path(name)
    if path.exists():
        if await commands(load(path)) == await commands(history):
            return
        path.rename(path.with_stem(f"{name}{_OLDER}{1 + len(_older(name))}"))
    HISTORIES.mkdir(exist_ok=True)
    path.write_text(history.to_json() + "\n")


async def known(name: str) -> tuple[str, ...] | None:
    """Return the commands that a path was recorded with, None if it never was."""
    path = _path(name)
    return without_detours(await commands(load(path))) if path.exists() else None


def _path(name: str) -> Path:
    return HISTORIES / f"{name}.json"


def _older(name: str) -> list[Path]:
    return [path for path in all_of_them() if path.stem.startswith(f"{name}{_OLDER}")]


async def fingerprints() -> dict[str, str]:
    """Derive the fingerprint of each workflow from the histories of today's paths."""
    paths: dict[str, dict[tuple[str, ...], list[str]]] = {}
    for path in filter(is_of_today, all_of_them()):
        history = load(path)
        lines = without_detours(await commands(history))
        paths.setdefault(kind_of(history), {}).setdefault(lines, []).append(path.stem)
    return {kind: _text(found) for kind, found in paths.items()}


def _text(paths: dict[tuple[str, ...], list[str]]) -> str:
    head = f"# What this workflow tells the server to do, path by path. Renewed by {RENEW}\n"
    blocks = [
        "".join(f"{line}\n" for line in (*names, *(f"    {line}" for line in lines)))
        for lines, names in paths.items()
    ]
    return "\n".join((head, *blocks))


async def write_fingerprints() -> None:
    FINGERPRINTS.mkdir(exist_ok=True)
    derived = await fingerprints()
    for path in FINGERPRINTS.glob("*.txt"):
        if path.stem not in derived:
            path.unlink()
    for kind, text in derived.items():
        (FINGERPRINTS / f"{kind}.txt").write_text(text)
