"""`./assets bench pages`: a wallet's entries over HTTP, with ten thousand of them and a million.

Each wallet is in a database of its own, behind an API of its own; they are asked in turn.
"""

import asyncio
import statistics
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
import psycopg

from benchmarks.loans import login
from benchmarks.scratch import STATEMENTS, Scratch, database
from sandbox.addresses import HOST
from sandbox.dev_json import DevInfo
from sandbox.errors import SandboxError
from sandbox.ports import free_port
from sandbox.process import running
from sandbox.program import Program, http_get

SIZES = (10_000, 1_000_000)
BATCH = 50_000  # of entries written in one database transaction
FIRST_AT = datetime(2020, 1, 1, tzinfo=UTC)  # one entry each second from then on: see entries.sql
ENTRIES = "/wallet/entries/"
FIVE_MINUTES = timedelta(minutes=5)
LIMIT = 20  # of a page, unless one asks for another
ASKED = 400
WARM_UP = 50
TOLERANCE = 0.2


@dataclass(frozen=True)
class Wallet:
    """Somebody's entries, and what is asked about them, by name: path and parameters."""

    http: httpx.AsyncClient
    size: int
    questions: dict[str, tuple[str, dict[str, str]]]

    async def seconds(self, question: str) -> float:
        path, parameters = self.questions[question]
        began = time.perf_counter()
        answer = await self.http.get(path, params=parameters)
        took = time.perf_counter() - began
        found = answer.raise_for_status().json()
        if path == ENTRIES and len(found["items"]) != LIMIT:
            raise SandboxError(f"{answer.url} is not a whole page")
        return took


def run(dev: DevInfo) -> None:
    with ExitStack() as stack:
        scratches = [stack.enter_context(database(dev)) for _ in SIZES]
        urls = [stack.enter_context(api(dev, scratch)) for scratch in scratches]
        asyncio.run(compare(scratches, urls))


@contextmanager
def api(dev: DevInfo, scratch: Scratch) -> Iterator[str]:
    """Run an API on a scratch database, with the sandbox's engine."""
    port = free_port()
    where = ("--host", HOST, "--port", str(port), "--no-access-log")
    program = Program(
        name="api",
        argv=(sys.executable, "-m", "uvicorn", "--factory", "api.app:create_app", *where),
        ready=lambda: http_get(port, "/healthz") is not None,
        env=scratch.settings() | {"TEMPORAL_ADDRESS": dev.temporal_address},
    )
    with tempfile.TemporaryDirectory() as folder, running(program, Path(folder) / "api.log"):
        yield f"http://{HOST}:{port}/api/v1"


async def compare(scratches: list[Scratch], urls: list[str]) -> None:
    wallets = [
        await _wallet(scratch, url, size)
        for scratch, url, size in zip(scratches, urls, SIZES, strict=True)
    ]
    print(f"\n{'p50 ms':<22}" + "".join(f"{wallet.size:>12,}" for wallet in wallets) + "    ratio")
    for question in wallets[0].questions:
        taken: list[list[float]] = [[] for _ in wallets]
        for turn in range(WARM_UP + ASKED):
            for wallet, seconds in zip(wallets, taken, strict=True):
                took = await wallet.seconds(question)
                if turn >= WARM_UP:
                    seconds.append(took)
        p50 = [statistics.median(seconds) * 1000 for seconds in taken]
        print(
            f"{question:<22}" + "".join(f"{ms:>12.2f}" for ms in p50) + f"{p50[1] / p50[0]:>9.2f}"
        )
    print(f"wanted: a ratio of 1 ± {TOLERANCE}")
    for wallet in wallets:
        await wallet.http.aclose()


async def _wallet(scratch: Scratch, url: str, size: int) -> Wallet:
    http = httpx.AsyncClient(base_url=url, timeout=30, trust_env=False)
    http.headers.update(await login(http))
    owner_id: str = (await http.get("/auth/me/")).raise_for_status().json()["id"]
    began = time.monotonic()
    fill(scratch.superuser_url, owner_id, size)
    print(f"{size:,} entries written in {time.monotonic() - began:.0f} s", flush=True)
    middle = FIRST_AT + timedelta(seconds=size // 2)
    before = {"to": middle.isoformat()}
    half_way = (await http.get(ENTRIES, params=before)).raise_for_status().json()["next"]
    return Wallet(
        http,
        size,
        {
            "the first page": (ENTRIES, {}),
            "a page in the middle": (ENTRIES, {"cursor": half_way}),
            "from and to": (ENTRIES, before | {"from": (middle - FIVE_MINUTES).isoformat()}),
            "the balance back then": ("/wallet/", {"at": middle.isoformat()}),
        },
    )


def fill(superuser_url: str, owner_id: str, size: int) -> None:
    """Give a user that many entries. Every row passes the guards, each batch is one commit."""
    entries = (STATEMENTS / "entries.sql").read_text()
    with psycopg.connect(superuser_url, autocommit=True) as connection:
        connection.execute(
            "INSERT INTO ledger_accounts (id, kind, owner_id, balance)"
            " VALUES (uuidv7(), 'user_wallet', %s, %s)",
            (owner_id, 1000 * size),
        )
        for first in range(0, size, BATCH):
            last = min(first + BATCH, size) - 1
            values = {"owner": owner_id, "first": first, "last": last}
            connection.execute(entries.encode(), values)
        connection.execute("VACUUM ANALYZE")
