"""`./assets bench ledger`: the posting statement beside pgbench's TPC-B, in turns, on one server.

Both go through pgbench with 16 clients and prepared statements; ours as the application's role.
"""

import asyncio
import os
import re
import statistics
import subprocess
from dataclasses import dataclass, field

import psycopg
from psycopg.conninfo import conninfo_to_dict

from benchmarks.scratch import STATEMENTS, Scratch, database
from models import verification
from sandbox.dev_json import DevInfo
from sandbox.errors import SandboxError
from sandbox.postgres import binary
from sandbox.program import machine

CLIENTS = 16
SCALE = 16
ROUNDS = 3
SECONDS = 20
TPC_B, UNIFORM, HOT = "TPC-B", "uniform", "hot receiver"
BUDGETS = {UNIFORM: 0.5, HOT: 0.25}
SCRIPTS = {UNIFORM: "uniform.sql", HOT: "hot.sql"}


@dataclass
class Rates:
    """Transactions per second, one figure for each round, and how many transactions failed."""

    tps: list[float] = field(default_factory=list)
    failed: int = 0

    def add(self, output: str) -> None:
        self.tps.append(float(_figure(r"tps = ([\d.]+)", output)))
        self.failed += int(_figure(r"number of failed transactions: (\d+)", output))


def run(dev: DevInfo, seconds: int = SECONDS) -> None:
    with database(dev) as scratch:
        fill(scratch)
        measured = {name: Rates() for name in (TPC_B, UNIFORM, HOT)}
        for _ in range(ROUNDS):
            for name, rates in measured.items():
                rates.add(_measure(scratch, name, seconds))
        report(measured)
        print(f"\n{asyncio.run(verification.verify(scratch.database_url, None))}")


def fill(scratch: Scratch) -> None:
    pgbench(scratch.superuser_url, "-i", "-q", "-s", str(SCALE))
    with psycopg.connect(scratch.superuser_url, autocommit=True) as connection:
        for statement in (STATEMENTS / "wallets.sql").read_text().split(";\n"):
            if statement.strip():
                connection.execute(statement.encode())
        connection.execute("VACUUM ANALYZE")
        connection.execute("CHECKPOINT")


def _measure(scratch: Scratch, name: str, seconds: int) -> str:
    load = ("-n", "-M", "prepared", "-c", str(CLIENTS), "-j", "2", "-T", str(seconds))
    if name == TPC_B:
        return pgbench(scratch.superuser_url, *load)
    return pgbench(scratch.database_url, *load, "-f", str(STATEMENTS / SCRIPTS[name]))


def pgbench(url: str, *arguments: str) -> str:
    """Run pgbench on a database and return what it printed.

    Raises:
        SandboxError: It failed, or one of its clients did.
    """
    to = conninfo_to_dict(url)
    names = {"PGHOST": "host", "PGPORT": "port", "PGUSER": "user", "PGPASSWORD": "password"}
    done = subprocess.run(
        [binary("pgbench"), *arguments, str(to["dbname"])],
        env=machine() | {name: str(to[key]) for name, key in names.items()},
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise SandboxError(f"pgbench failed:\n{done.stdout}{done.stderr}")
    return done.stdout


def report(measured: dict[str, Rates]) -> None:
    yardstick = measured[TPC_B].tps
    print(f"{CLIENTS} clients, {ROUNDS} rounds, medians (each round); {os.cpu_count()} cores")
    print(f"\n{'':<14}{'tps':>8}{'failed':>8}{'ratio':>8}{'budget':>8}")
    for name, rates in measured.items():
        ratios = [tps / other for tps, other in zip(rates.tps, yardstick, strict=True)]
        budget = f"{BUDGETS[name]:.2f}" if name in BUDGETS else "–"
        each = " ".join(f"{tps:.0f}" for tps in rates.tps)
        shares = " ".join(f"{ratio:.2f}" for ratio in ratios)
        print(
            f"{name:<14}{statistics.median(rates.tps):>8.0f}{rates.failed:>8}"
            f"{statistics.median(ratios):>8.2f}{budget:>8}   ({each}; {shares})"
        )


def _figure(pattern: str, output: str) -> str:
    found = re.search(pattern, output)
    if found is None:
        raise SandboxError(f"pgbench did not print {pattern}:\n{output}")
    return found[1]
