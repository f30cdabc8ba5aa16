"""The README's pictures, made of a real run: `python -m tests.pictures`, in two minutes.

They go to `docs/images/`: what `./assets demo` prints, and the dashboard after some busy weeks.
"""

import asyncio
import io
import re
import subprocess
import tempfile
from pathlib import Path

import httpx
from playwright.async_api import ViewportSize
from rich.console import Console
from rich.text import Text

from tests.api.people import Person, join
from tests.browser.chromium import chromium
from tests.documents import ROOT
from tests.e2e import loans
from tests.e2e.dev import Dev, command, environment
from tests.e2e.gateway import top_up

FOLDER = ROOT / "docs/images"
DEMO = "./assets demo"
LEFT_OUT = re.compile(
    r"\n1\. .*?(?=\n7\. )|\n9\. .*?(?=\nThe ledger)", re.DOTALL
)  # a screen is small
COLUMNS = 104
LOANS_BY_DAY = (1, 2, 1, 3, 2, 2, 4, 1, 3, 5, 2, 4, 3, 6, 2, 4, 5, 3, 7, 4)
VIEW = ViewportSize(width=1200, height=790)
WEB_FONT = re.compile(r"@font-face \{.*?\}\s*", re.DOTALL)  # a picture in a page may load nothing
PLAIN_FONT = "ui-monospace, SFMono-Regular, Menlo, Consolas, 'DejaVu Sans Mono', monospace"
LETTERS = re.compile(r"<text[^>]*>([^<]*)</text>")


def terminal(demonstration: str) -> str:
    """Draw a terminal in which the demo was typed, as an SVG."""
    output = f"$ {DEMO}\n" + LEFT_OUT.sub("   ...\n", demonstration)
    console = Console(record=True, width=COLUMNS, file=io.StringIO())
    for line in output.rstrip().splitlines():
        bold = bool(re.match(r"\d+\. |The |All of it|\$", line))
        console.print(Text(line, style="bold" if bold else ""), overflow="ellipsis", no_wrap=True)
    drawn = console.export_svg(title=DEMO, font_aspect_ratio=0.6)
    return WEB_FONT.sub("", drawn).replace("Fira Code, monospace", PLAIN_FONT)


def words(picture: str) -> str:
    """Return what a drawn terminal says, without spaces and without what each run has anew."""
    said = "".join(LETTERS.findall(picture)).replace("&#160;", "")
    return plain(said.replace("&#x27;", "'").replace("&amp;", "&"))


def plain(text: str) -> str:
    return re.sub(r"\s|[0-9a-f]{8}-[0-9a-f-]{27}|…|\d", "", text)


def demo(dev: Dev) -> str:
    return subprocess.run(
        command("demo", dev.home), env=environment(), capture_output=True, text=True, check=True
    ).stdout


async def weeks(dev: Dev) -> None:
    """Fill a sandbox with loans, more of them each week; some are still going on."""
    async with httpx.AsyncClient(base_url=dev.info.api, timeout=30, trust_env=False) as http:
        lender, borrower = await join(http), await join(http)
        async with httpx.AsyncClient(base_url=dev.info.gateway, timeout=30) as gateway:
            await top_up(gateway, borrower, 100_000_000)
        for count in LOANS_BY_DAY:
            await asyncio.gather(*(loans.whole(lender, borrower) for _ in range(count)))
            skip = [*command("skip", dev.home), "1d"]
            await asyncio.to_thread(subprocess.run, skip, env=environment(), check=True)
        await still_going_on(lender, borrower)


async def still_going_on(lender: Person, borrower: Person) -> None:
    for begun in (loans.active, loans.active, loans.active, loans.accepted, loans.requested):
        await begun(lender, borrower)


async def dashboard(dev: Dev, path: Path) -> None:
    login = {"email": dev.info.operator.email, "password": dev.info.operator.password}
    async with chromium() as browser:
        page = await browser.new_page(viewport=VIEW)
        await page.context.request.post(f"{dev.info.api}/api/v1/auth/login/", data=login)
        await page.goto(f"{dev.info.dashboard}/?lang=en")
        await page.screenshot(path=path)


def main() -> None:
    with tempfile.TemporaryDirectory(prefix="pictures-") as folder:
        dev = Dev(Path(folder) / "home")
        dev.start()
        try:
            asyncio.run(weeks(dev))
            asyncio.run(dashboard(dev, FOLDER / "dashboard.png"))
            (FOLDER / "demo.svg").write_text(terminal(demo(dev)))
        finally:
            dev.stop()


if __name__ == "__main__":
    main()
