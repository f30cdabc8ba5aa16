"""`./assets bench pages`: a wallet's entries over HTTP, with ten thousand of them and a million.

Each wallet is in a database of its own, behind an API of its own; they are asked in turn.
"""

import asyncio
import statistics
import time
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import httpx
import psycopg

from benchmarks.loans import login
from benchmarks.scratch import STATEMENTS, Scratch, database
from benchmarks.served import LIMIT, Question, api, client, in_turn
from sandbox.dev_json import DevInfo

SIZES = (10_000, 1_000_000)
BATCH = 50_000  # of entries written in one database transaction
FIRST_AT = datetime(2020, 1, 1, tzinfo=UTC)  # one entry each second from then on: see entries.sql
ENTRIES = "/wallet/entries/"
FIVE_MINUTES = timedelta(minutes=5)
TOLERANCE = 0.2


@dataclass(frozen=True)
class Wallet:
    """Somebody's entries, and what is asked about them, by name."""

    http: httpx.AsyncClient
    size: int
    questions: dict[str, Question]


def run(dev: DevInfo) -> None:
    with ExitStack() as stack:
        scratches = [stack.enter_context(database(dev)) for _ in SIZES]
        urls = [stack.enter_context(api(dev, scratch)) for scratch in scratches]
        asyncio.run(compare(scratches, urls))


async def compare(scratches: list[Scratch], urls: list[str]) -> None:
    wallets = [
        await _wallet(scratch, url, size)
        for scratch, url, size in zip(scratches, urls, SIZES, strict=True)
    ]
    print(f"\n{'p50 ms':<22}" + "".join(f"{wallet.size:>12,}" for wallet in wallets) + "    ratio")
    for question in wallets[0].questions:
        taken = await in_turn([(wallet.http, wallet.questions[question]) for wallet in wallets])
        p50 = [statistics.median(seconds) * 1000 for seconds in taken]
        print(
            f"{question:<22}" + "".join(f"{ms:>12.2f}" for ms in p50) + f"{p50[1] / p50[0]:>9.2f}"
        )
    print(f"wanted: a ratio of 1 ± {TOLERANCE}")
    for wallet in wallets:
        await wallet.http.aclose()


async def _wallet(scratch: Scratch, url: str, size: int) -> Wallet:
    http = client(url)
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
            "the first page": Question(ENTRIES, {}, LIMIT),
            "a page in the middle": Question(ENTRIES, {"cursor": half_way}, LIMIT),
            "from and to": Question(
                ENTRIES, before | {"from": (middle - FIVE_MINUTES).isoformat()}, LIMIT
            ),
            "the balance back then": Question("/wallet/", {"at": middle.isoformat()}),
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
