"""A storm from its beginning to its proofs: people, blows, the rest after them, the verdict."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from random import Random
from typing import Final
from uuid import UUID

import httpx
from sqlalchemy.exc import SQLAlchemyError
from temporalio.client import Client
from temporalio.service import RPCError

from chaos import gateway_books, judge, plan, proofs, records
from chaos.circles import Circle, meet
from chaos.cuts import Cutter
from chaos.journal import Journal, now
from chaos.judge import Fault
from chaos.kills import Killer
from chaos.people import Person, client
from chaos.records import Records
from chaos.report import Report
from chaos.storm import Damage, Storm
from engine.client import connect
from sandbox import dev_json
from sandbox.errors import SandboxError
from sandbox.gateway.store import Payment
from sandbox.home import Home
from sandbox.keys import engine_of_running

CIRCLES: Final = 5
REST_S: Final = 120.0
_LOOK_S: Final = 1.0
# What is said by the libraries of servers that are still being started.
_AWAY: Final = (RPCError, RuntimeError, SQLAlchemyError, OSError)


async def storm_over(home: Path, minutes: float, seed: int) -> Report:
    """Lend money on the sandbox of a home while it is hurt, and judge what is left of it."""
    since = datetime.now(UTC)
    blows = plan.plan(minutes, seed)
    dev = dev_json.read(home)
    async with client(dev.api) as http, client(dev.gateway) as gateway:
        operator = await operator_of(http, home)
        say(f"{CIRCLES} circles of people join and fill their wallets ...")
        chances = [Random(f"{seed} {number}") for number in range(CIRCLES)]
        circles = await asyncio.gather(
            *(meet(http, gateway, operator, chance) for chance in chances)
        )
        say(f"The storm: {plan.deaths(blows)} kills in {minutes:g} minutes.")
        damage = await _rage(home, circles, blows, seed)
        people = [operator, *(one for circle in circles for one in circle.people)]
        say("It is over. Waiting until all is at rest ...")
        verdict = await judged(home, [one.journal for one in people], since)
    return Report(
        seed=seed,
        minutes=minutes,
        planned_deaths=plan.deaths(blows),
        damage=damage,
        journals=[one.journal for one in people],
        loans=judge.statuses(verdict.records),
        money=verdict.money,
        checks=(*judge.CHECKS, gateway_books.CHECK, *proofs.CHECKS),
        faults=verdict.faults,
        failures=[circle.failure for circle in circles if circle.failure],
    )


async def operator_of(http: httpx.AsyncClient, home: Path) -> Person:
    account = dev_json.read(home).operator
    nobody = Journal(UUID(int=0))
    operator = Person(http, nobody.who, account.email, account.password, nobody)
    await operator.log_in()
    operator.id = UUID((await operator.get("/auth/me/"))["id"])
    operator.journal = Journal(operator.id)
    return operator


async def _rage(
    home: Path, circles: Sequence[Circle], blows: Sequence[plan.Blow], seed: int
) -> Damage:
    chance = Random(f"{seed} aim")
    journals = [one.journal for circle in circles for one in circle.people]

    def works(since: float) -> bool:
        return any(one.writes and one.writes[-1].last_at >= since for one in journals)

    storm = Storm(Killer(home, chance), Cutter(home, chance), say, works)
    raging = asyncio.create_task(storm.rage(blows))
    lives = [asyncio.create_task(circle.live(lambda: not raging.done())) for circle in circles]
    try:
        await raging
    finally:
        await asyncio.gather(*lives)
    say(f"{sum(circle.rounds for circle in circles)} rounds of dealings are finished.")
    return storm.damage


@dataclass(frozen=True)
class Verdict:
    records: Records
    faults: list[Fault]
    money: dict[str, Decimal]


async def judged(home: Path, journals: Sequence[Journal], since: datetime) -> Verdict:
    url = dev_json.read(home).database_url
    # The last blow may have been the engine's: the first call waits for it.
    engine = await connect(**engine_of_running(home), lazy=True)
    await _rest(url, engine, since)
    wrong = await proofs.broken(url, engine, since)
    stored = await asyncio.to_thread(records.read, url, [one.who for one in journals])
    there = await asyncio.to_thread(gateway_books.read, Home.at(home).gateway)
    faults = [*judge.faults(journals, stored), *gateway_books.faults(journals, there), *wrong]
    return Verdict(stored, faults, _money(journals, stored, there))


async def _rest(url: str, engine: Client, since: datetime) -> None:
    """Wait until nothing is under way; what still is when that takes too long will be named.

    Raises:
        SandboxError: A server that was killed last does not come back.
    """
    began, away = now(), None
    while now() - began < REST_S:
        try:
            waiting = await proofs.restless(url, engine, since)
        except _AWAY as error:
            away = error
        else:
            away = None
            if not waiting:
                say(f"All is at rest after {now() - began:.0f} s.")
                return
        await asyncio.sleep(_LOOK_S)
    if away is not None:
        raise SandboxError(f"After {REST_S:.0f} s not everything is back: {away!r}") from away


def _money(
    journals: Sequence[Journal], stored: Records, there: Sequence[Payment]
) -> dict[str, Decimal]:
    paid_out = (one.amount for one in stored.withdrawals.values() if one.status == "paid")
    return {
        "taken by the gateway": gateway_books.taken(journals, there),
        "paid out": sum(paid_out, Decimal(0)),
        "in wallets": sum(stored.wallets.values(), Decimal(0)),
    }


def say(line: str) -> None:
    print(line, flush=True)
