"""Where this machine's pip gets its packages, to be told to the pip inside of a build as well.

A build that reached for another index than the machine's own would fail behind a wall, or fetch
what nobody meant. Nothing of it is in the image: it is mounted for the step that installs.
"""

import ast
import re
import subprocess
import sys
from pathlib import Path

_SETTING = re.compile(r"^(:env:|global|install)\.?([\w-]+)=(.+)$")
_PATH = re.compile(r"(?:file://|(?<![\w:/]))(/\S+)")


def mounts(folder: Path) -> list[str]:
    """Return what `podman build` is told: pip's settings, and the files that they name."""
    settings = _settings()
    (folder / "pip.conf").write_text(_written(settings))
    named = {Path(path) for value in settings.values() for path in _PATH.findall(value)}
    # The links of an index lead out of it, to the files beside it.
    there = {path.parent if path.name == "simple" else path for path in named if path.exists()}
    outermost = [path for path in there if not any(each in path.parents for each in there)]
    volumes = [
        (folder / "pip.conf", Path("/etc/pip.conf")),
        *((path, path) for path in sorted(outermost)),
    ]
    return [f"--volume={ours}:{theirs}:ro" for ours, theirs in volumes]


def _settings() -> dict[str, str]:
    command = [sys.executable, "-m", "pip", "config", "list"]
    told = subprocess.run(command, check=False, capture_output=True, text=True).stdout
    found = [match for line in told.splitlines() if (match := _SETTING.match(line))]
    # What the environment says counts for more than what files say, and comes last.
    ranked = sorted(found, key=lambda match: match[1] == ":env:")
    return {match[2]: " ".join(ast.literal_eval(match[3]).split()) for match in ranked}


def _written(settings: dict[str, str]) -> str:
    lines = [f"{name} = {value}" for name, value in settings.items()]
    return "\n".join(["[global]", *lines, ""])
