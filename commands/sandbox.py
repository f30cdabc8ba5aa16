"""Commands of a sandbox: run it, try it, move its time, measure it."""

from enum import StrEnum
from typing import Annotated

import typer

from commands.options import HOME, Home

app = typer.Typer()


class PortChoice(StrEnum):
    FIXED = "fixed"
    AUTO = "auto"


Ports = Annotated[
    PortChoice,
    typer.Option(
        help="`fixed`: 8000, 8010, 54329, 7233, 7243, 8233, 9464, 9465. `auto`: free ones."
    ),
]


@app.command()
def dev(home: Home = HOME, ports: Ports = PortChoice.FIXED) -> None:
    """Run the whole system on this machine until Ctrl-C."""
    from sandbox import system

    system.run(home, free_ports=ports is PortChoice.AUTO)


@app.command()
def demo(home: Home = HOME) -> None:
    """Lend a drill through REST and show each step; on what runs in --home, or on its own."""
    from sandbox import demo as main_job

    main_job.run(home)


@app.command(context_settings={"ignore_unknown_options": True})  # or -3d would be one
def skip(
    duration: Annotated[
        str | None,
        typer.Argument(
            help="3d, 12h, 30m, 2d12h or P3D. Without it, only bring along who was left behind."
        ),
    ] = None,
    home: Home = HOME,
) -> None:
    """Move the time of all running loans forward, so that a 30-day loan is tried in a minute."""
    import os

    from sandbox import skip as journey

    all_arrived = journey.run(home, duration)
    # The engine's native threads can crash an interpreter that shuts down the ordinary way.
    os._exit(0 if all_arrived else 1)


@app.command()
def chaos(
    minutes: Annotated[float, typer.Option(help="How long the storm lasts.")] = 3.0,
    seed: Annotated[int, typer.Option(help="Who is hurt when: the same seed, the same plan.")] = 1,
    home: Home = HOME,
) -> None:
    """Lend money while worker, API, PostgreSQL and Temporal are killed; prove that none is lost."""
    import os

    from chaos import run as storm

    holds = storm.run(home, minutes, seed)
    os._exit(0 if holds else 1)


class Bench(StrEnum):
    LOANS = "loans"
    LEDGER = "ledger"
    PAGES = "pages"
    READS = "reads"


@app.command()
def bench(
    what: Annotated[Bench, typer.Argument(help="What to measure.")],
    home: Home = HOME,
    seconds: Annotated[int, typer.Option(help="Of each measurement of `ledger`.")] = 20,
) -> None:
    """Measure a running sandbox, beside a yardstick taken in the same run."""
    from benchmarks import ledger, loans, pages, reads
    from sandbox import dev_json

    dev = dev_json.read(home)
    match what:
        case Bench.LOANS:
            loans.run(dev)
        case Bench.LEDGER:
            ledger.run(dev, seconds)
        case Bench.PAGES:
            pages.run(dev)
        case Bench.READS:
            reads.run(dev)
