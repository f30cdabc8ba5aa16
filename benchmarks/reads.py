"""`./assets bench reads`: lists and searches with ten thousand tickets and a million, over HTTP.

Each market is in a database of its own, behind an API of its own; both are asked in turn, and in
the same turns a bare route that makes one SELECT.
"""

import asyncio
import statistics
import time
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import httpx
import psycopg

from activities.reports import PostgresReportSteps
from benchmarks.loans import login
from benchmarks.scratch import STATEMENTS, Scratch, database
from benchmarks.served import LIMIT, Question, api, client, in_turn, served
from domain.reports import SHOWN
from models.database import connected, sessions_of
from sandbox.dev_json import DevInfo

SIZES = (10_000, 1_000_000)
TOLERANCE = 0.2
BUDGET = 1.5
THEODOLITES = 20  # one in five thousand, of a hundred thousand
OF_ONE_ASSET = 10  # the caller's 200 tickets as lender are for 20 assets
TRANSITIONS = 5  # of a loan that was completed
REPORT_TIME_ZONE = "Asia/Tehran"


@dataclass(frozen=True)
class Market:
    """A database, who answers for it, and what is asked of it."""

    http: httpx.AsyncClient
    size: int
    an_asset: str
    questions: dict[str, Question]


def run(dev: DevInfo) -> None:
    with ExitStack() as stack:
        scratches = [stack.enter_context(database(dev)) for _ in SIZES]
        urls = [stack.enter_context(api(dev, scratch)) for scratch in scratches]
        bare_app = ("benchmarks.bare_route:app",)  # with uvicorn's own line for each request
        bare = stack.enter_context(served(bare_app, "/openapi.json", scratches[-1].settings()))
        asyncio.run(compare(scratches, urls, bare))


async def compare(scratches: list[Scratch], urls: list[str], bare_url: str) -> None:
    markets = [
        await market(scratch, url, size)
        for scratch, url, size in zip(scratches, urls, SIZES, strict=True)
    ]
    sizes = "".join(f"{market.size:>11,}" for market in markets)
    print(f"\n{'p50 ms':<24}{sizes}{'ratio':>8}{'bare':>8}{'ratio':>8}")
    async with client(bare_url) as bare:
        one = Question(f"/assets/{markets[-1].an_asset}/", {})
        for name in markets[0].questions:
            asked = [(market.http, market.questions[name]) for market in markets]
            taken = await in_turn([*asked, (bare, one)])
            small, large, row = (statistics.median(seconds) * 1000 for seconds in taken)
            print(
                f"{name:<24}{small:>11.2f}{large:>11.2f}{large / small:>8.2f}"
                f"{row:>8.2f}{large / row:>8.2f}",
                flush=True,
            )
    print(f"wanted: ratios of 1 ± {TOLERANCE}, and of at most {BUDGET} to the bare route")
    for each in markets:
        await each.http.aclose()


async def market(scratch: Scratch, url: str, size: int) -> Market:
    http = client(url)
    http.headers.update(await login(http))
    caller: str = (await http.get("/auth/me/")).raise_for_status().json()["id"]
    began = time.monotonic()
    with psycopg.connect(scratch.superuser_url, autocommit=True) as connection:
        fill(connection, caller, size)
        print(f"{size:,} tickets written in {time.monotonic() - began:.0f} s", flush=True)
    await close_days(scratch.database_url)
    asset = await newest(http, "/assets/", owner="me")
    ticket = await newest(http, "/tickets/", role="borrower", status="completed")
    return Market(http, size, asset, questions(asset, ticket))


def fill(connection: psycopg.Connection, caller: str, size: int) -> None:
    """Make a market in which the caller, an operator as well, has tickets of their own."""
    connection.execute("UPDATE users SET role = 'operator' WHERE id = %s", (caller,))
    for name, value in (("caller", caller), ("size", str(size))):
        connection.execute("SELECT set_config(%s, %s, false)", (f"bench.{name}", value))
    connection.execute((STATEMENTS / "lending.sql").read_bytes())
    connection.execute("VACUUM ANALYZE")


async def close_days(database_url: str) -> None:
    """Do what the nights before would have done: count the days that are shown."""
    async with connected(database_url, pool_size=1) as engine:
        steps = PostgresReportSteps(sessions_of(engine), REPORT_TIME_ZONE)
        for ago in range(1, SHOWN.days + 1):
            await steps.report_day(datetime.now(UTC).date() - timedelta(days=ago))


async def newest(http: httpx.AsyncClient, path: str, **parameters: str) -> str:
    found = (await http.get(path, params=parameters)).raise_for_status().json()["items"]
    return str(found[0]["id"])


def questions(asset: str, ticket: str) -> dict[str, Question]:
    """Return what is asked. All pages are whole ones, of as many items in both markets."""
    start = datetime.now(UTC)
    period = {
        "available_from": start.isoformat(),
        "available_to": (start + timedelta(days=3)).isoformat(),
    }
    pages: dict[str, tuple[str, dict[str, str], int]] = {
        "tickets": ("/tickets/", {}, LIMIT),
        "tickets as borrower": ("/tickets/", {"role": "borrower"}, LIMIT),
        "tickets as lender": ("/tickets/", {"role": "lender"}, LIMIT),
        "tickets by status": ("/tickets/", {"status": "completed"}, LIMIT),
        "tickets of an asset": ("/tickets/", {"asset_id": asset}, OF_ONE_ASSET),
        "timeline": (f"/tickets/{ticket}/timeline/", {}, TRANSITIONS),
        "all tickets by status": ("/ops/tickets/", {"status": "active"}, LIMIT),
        "assets": ("/assets/", {}, LIMIT),
        "assets by category": ("/assets/", {"category": "category 3"}, LIMIT),
        "a rare word": ("/assets/", {"q": "theodolite"}, THEODOLITES),
        "a common word": ("/assets/", {"q": "camera"}, LIMIT),
        "a Persian word": ("/assets/", {"q": "كوهنوردي"}, LIMIT),
        "common words, no match": ("/assets/", {"q": "camera tent"}, 0),
        "assets that are free": ("/assets/", period, LIMIT),
        "free, with a word": ("/assets/", {"q": "drill", **period}, LIMIT),
    }
    single = {
        "one ticket": f"/tickets/{ticket}/",
        "one asset": f"/assets/{asset}/",
        "availability": f"/assets/{asset}/availability/",
        "summary": "/reports/summary/",
        "days": "/reports/daily/",
        "own figures": "/reports/me/",
    }
    return {name: Question(*asked) for name, asked in pages.items()} | {
        name: Question(path, {}) for name, path in single.items()
    }
