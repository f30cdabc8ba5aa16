"""Operator and developer commands, each a thin door to the room that does the work."""

from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from domain.proofs import KnownSeal
from sandbox.errors import SandboxError

if TYPE_CHECKING:
    from models.reencryption import KeyRing
    from settings.forms import TemporalAccess

app = typer.Typer(no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False)

keys = typer.Typer(no_args_is_help=True, help="The keys of encrypted columns: count, change.")
app.add_typer(keys, name="keys")

Home = Annotated[Path, typer.Option("--home", help="The folder with all state of the sandbox.")]
HOME = Path(".assets")


Deployment = Annotated[
    bool, typer.Option("--deployment", help="The database of DATABASE_URL, not a sandbox's.")
]
Noted = Annotated[
    KnownSeal | None,
    typer.Option(
        parser=KnownSeal.parse,
        metavar="NUMBER:SHA256",
        help="A seal that was noted elsewhere, and must still be there.",
    ),
]


class PortChoice(StrEnum):
    FIXED = "fixed"
    AUTO = "auto"


Ports = Annotated[
    PortChoice,
    typer.Option(
        help="`fixed`: 8000, 8010, 54329, 7233, 7243, 8233, 9464, 9465. `auto`: free ones."
    ),
]


@app.callback()
def assets() -> None:
    """Peer-to-peer lending: run it, try it, test it."""


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


@app.command()
def verify_ledger(home: Home = HOME, deployment: Deployment = False, seal: Noted = None) -> None:
    """Prove every rial: sums, balances, floors, escrow, payments, payouts, and the chain."""
    import asyncio

    from models import verification

    report = asyncio.run(verification.verify(_database(home, deployment=deployment), seal))
    print(report)
    raise SystemExit(0 if report.holds else 1)


@app.command()
def verify_audit(home: Home = HOME, deployment: Deployment = False, seal: Noted = None) -> None:
    """Tell whether a sealed line of the audit log was changed, removed or put in since."""
    import asyncio

    from models import verification

    report = asyncio.run(verification.verify_log(_database(home, deployment=deployment), seal))
    print(report)
    raise SystemExit(0 if report.holds else 1)


@app.command()
def correct_counters(home: Home = HOME, deployment: Deployment = False) -> None:
    """Count users, loans, payments and messages anew, and set the reports' counters right."""
    import asyncio

    from models import verification

    print(asyncio.run(verification.correct_counters(_database(home, deployment=deployment))))


@app.command()
def create_admin(
    email: Annotated[str, typer.Option(help="The address to log in with.")],
    generate: Annotated[
        bool, typer.Option("--generate", help="Make a password and show it, instead of asking.")
    ] = False,
    home: Home = HOME,
    deployment: Deployment = False,
) -> None:
    """Make an administrator, who gives others their roles. Safe to repeat."""
    import asyncio

    from api.accounts import first_admin
    from domain.errors import DomainError

    url = _database(home, deployment=deployment)
    try:
        email = first_admin.address(email)
        if not asyncio.run(first_admin.is_there(url, email)):
            password = first_admin.new_password() if generate else _asked_password()
            if asyncio.run(first_admin.create(url, email, password)) and generate:
                print(f"password: {password}\nIt is shown this once.")
    except (DomainError, ValueError, first_admin.NotAnAdministrator) as error:
        raise SystemExit(f"assets: {error}") from None
    print(f"{email} is an administrator.")


def _asked_password() -> str:
    import sys

    if not sys.stdin.isatty():
        return sys.stdin.readline().removesuffix("\n")
    answer: str = typer.prompt("Password", hide_input=True, confirmation_prompt=True)
    return answer


@keys.command("list")
def list_keys(home: Home = HOME, deployment: Deployment = False) -> None:
    """Tell how many values of each column each key has encrypted."""
    import asyncio

    from models import reencryption

    url, ring = _keys(home, deployment=deployment)
    print(reencryption.told(asyncio.run(reencryption.count(url)), ring))


@keys.command("rotate")
def rotate_keys(home: Home = HOME, deployment: Deployment = False) -> None:
    """Make a new key. For a deployment it is shown, with what to do; a sandbox is given it."""
    from models import reencryption
    from sandbox import keys as of_sandbox

    if not deployment:
        print(f"{of_sandbox.rotate(home)} is for new values from the next start on.")
        return
    _, ring = _keys(home, deployment=True)
    print(reencryption.HOW_TO_ROTATE.format(key=reencryption.new_key(ring.keys)))


@keys.command("reencrypt")
def reencrypt(
    batch: Annotated[int, typer.Option(min=1, max=10_000, help="Values at a time.")] = 200,
    home: Home = HOME,
    deployment: Deployment = False,
) -> None:
    """Bring all values under the first key, and index those without. Can be ended and repeated."""
    import asyncio

    from models import reencryption

    url, ring = _keys(home, deployment=deployment)
    done = asyncio.run(reencryption.reencrypt(url, ring, batch))
    print("\n".join(map(str, done)))
    raise SystemExit(1 if any(column.unreadable for column in done) else 0)


@app.command("attention")
def list_attention(home: Home = HOME, deployment: Deployment = False) -> None:
    """List the workflows that cannot go on by themselves: why, since when, and what to do."""
    import asyncio

    from models import attention_list

    print(asyncio.run(attention_list.told(_database(home, deployment=deployment))))


class Choice(StrEnum):
    RETRY = "retry"
    ABORT = "abort"


@app.command()
def decide(
    workflow_id: Annotated[str, typer.Argument(help="As `attention` names it.")],
    action: Annotated[Choice, typer.Argument(help="`attention` says what each of them does.")],
    note: Annotated[str, typer.Option(help="Why, for the audit log.")],
    actor: Annotated[
        str | None, typer.Option(help="Who decides; without it, your login on this machine.")
    ] = None,
    home: Home = HOME,
    deployment: Deployment = False,
) -> None:
    """Have a parked workflow try again, or give up what it is parked on."""
    import asyncio
    import getpass
    import os
    import sys

    from engine.client import connect
    from engine.decisions import NotTaken
    from engine.decisions import decide as give
    from workflows.messages import Decision, Verb

    decision = Decision(Verb(action.value), actor or getpass.getuser(), note)
    access = _engine(home, deployment=deployment)

    async def send() -> int:
        try:
            print(await give(await connect(**access), workflow_id, decision), flush=True)
        except (NotTaken, RuntimeError) as error:  # RuntimeError: the engine is not there
            print(f"assets: {error}", file=sys.stderr, flush=True)
            return 1
        return 0

    # The engine's native threads can crash an interpreter that shuts down the ordinary way.
    os._exit(asyncio.run(send()))


def _engine(home: Path, *, deployment: bool) -> "TemporalAccess":
    from sandbox import keys as of_sandbox
    from settings import Settings

    return Settings().temporal() if deployment else of_sandbox.engine_of_running(home)


def _database(home: Path, *, deployment: bool) -> str:
    from sandbox import dev_json
    from settings import Settings

    if deployment:
        return Settings().database_url.get_secret_value()
    return dev_json.read(home).database_url


def _keys(home: Path, *, deployment: bool) -> "tuple[str, KeyRing]":
    from models.reencryption import KeyRing
    from sandbox import keys as of_sandbox
    from settings import Settings
    from settings.forms import keyring

    if deployment:
        settings = Settings()
        index_key = settings.index_key.get_secret_value().encode()
        return settings.database_url.get_secret_value(), KeyRing(settings.keyring(), index_key)
    found = of_sandbox.of_running(home)
    ring = KeyRing(keyring(found.encryption_keys), found.index_key.encode())
    return found.database_url, ring


@app.command("test", context_settings={"allow_extra_args": True, "ignore_unknown_options": True})
def check(
    context: typer.Context,
    long: Annotated[bool, typer.Option("--long", help="Soaks and large volumes as well.")] = False,
) -> None:
    """Check everything that CI checks. Other arguments go to pytest: ./assets test -k ledger."""
    from tests.checks import run

    raise SystemExit(run(context.args, long=long))


@app.command()
def prepare_engine() -> None:
    """Register the search attributes with the Temporal that the settings name. Safe to repeat."""
    import asyncio
    import os

    from engine.client import connect
    from engine.search_attributes import register
    from settings import Settings

    async def prepare(settings: Settings) -> None:
        await register(await connect(**settings.temporal()))

    asyncio.run(prepare(Settings()))
    # The engine's native threads can crash an interpreter that shuts down the ordinary way.
    os._exit(0)


@app.command()
def set_current_version(
    build_id: Annotated[str, typer.Option(help="WORKER_BUILD_ID of the workers to switch to.")],
    patience: Annotated[float, typer.Option(min=0, help="Seconds to wait for them.")] = 60.0,
) -> None:
    """Give new work, and loans that run, to a build of the workers. Safe to repeat."""
    import asyncio
    import os
    import sys
    from datetime import timedelta

    from domain import ids
    from engine.client import connect
    from engine.versions import Deployment, NoSuchWorkers
    from settings import Settings

    async def switch(settings: Settings) -> int:
        client = await connect(**settings.temporal())
        deployment = Deployment(client, settings.worker_deployment)
        queues = (settings.task_queue, ids.messages_queue(settings.task_queue))
        try:
            before = await deployment.make_current(build_id, queues, timedelta(seconds=patience))
        except NoSuchWorkers as error:
            print(f"assets: {error}", file=sys.stderr)
            return 1
        was = {None: "there was none before", build_id: "as it was"}.get(before, f"after {before}")
        print(f"{settings.worker_deployment}: {build_id} is current, {was}.")
        print(*await deployment.builds(), sep="\n", flush=True)
        return 0

    # The engine's native threads can crash an interpreter that shuts down the ordinary way.
    os._exit(asyncio.run(switch(Settings())))


@app.command("versions")
def list_versions() -> None:
    """List the builds of the workers, and how many open runs each one still has."""
    import asyncio
    import os

    from engine.client import connect
    from engine.versions import Deployment
    from settings import Settings

    async def show(settings: Settings) -> None:
        client = await connect(**settings.temporal())
        builds = await Deployment(client, settings.worker_deployment).builds()
        told = "\n".join(map(str, builds)) or "The workers are unversioned."
        print(told, flush=True)

    asyncio.run(show(Settings()))
    # The engine's native threads can crash an interpreter that shuts down the ordinary way.
    os._exit(0)


@app.command()
def openapi(
    check: Annotated[bool, typer.Option("--check", help="Only tell whether it is true.")] = False,
) -> None:
    """Write docs/openapi.json, the REST contract that frontends are generated from."""
    from api.openapi import SNAPSHOT, document

    if not check:
        SNAPSHOT.write_text(document(), encoding="utf-8")
    elif SNAPSHOT.read_text(encoding="utf-8") != document():
        raise SystemExit("assets: docs/openapi.json is out of date; run ./assets openapi")


@app.command()
def settings() -> None:
    """Write docs/settings.md, the table of all settings, from .env.example."""
    from settings import table

    table.TABLE.write_text(table.document(), encoding="utf-8")


def main() -> None:
    try:
        app()
    except SandboxError as error:
        raise SystemExit(f"assets: {error}") from None


if __name__ == "__main__":
    main()
