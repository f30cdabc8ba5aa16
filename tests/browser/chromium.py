"""Headless Chromium out of an npm package, so that a bare machine will do.

The package is for Linux on x86-64. Elsewhere `CHROMIUM` names a Chromium or Chrome of one's own.
"""

import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Final

from playwright.async_api import Browser, async_playwright

from tests.node import installed, run

FOLDER: Final = Path(__file__).parent
UNPACKED: Final = FOLDER / "node_modules" / "unpacked"
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
        installed(FOLDER, _unpack)
    path = own or UNPACKED / "chromium"
    libraries = {} if own else {"LD_LIBRARY_PATH": str(UNPACKED / "lib")}
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(
            executable_path=path, args=_ARGUMENTS, env={**os.environ, **libraries}
        )
        yield browser
        await browser.close()


def _unpack() -> None:
    UNPACKED.mkdir()
    run(FOLDER / "unpack.js", UNPACKED, folder=FOLDER)
