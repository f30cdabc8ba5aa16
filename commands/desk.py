"""Commands for what cannot go on: list it, decide about it."""

from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from commands.options import HOME, Deployment, Home, database

if TYPE_CHECKING:
    from settings.temporal import TemporalAccess

app = typer.Typer()


@app.command("attention")
def list_attention(home: Home = HOME, deployment: Deployment = False) -> None:
    """List the workflows that cannot go on by themselves: why, since when, and what to do."""
    import asyncio

    from models import attention_list

    print(asyncio.run(attention_list.told(database(home, deployment=deployment))))


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
        except NotTaken as error:
            print(f"assets: {error}", file=sys.stderr, flush=True)
            return 1
        return 0

    # The engine's native threads can crash an interpreter that shuts down the ordinary way.
    os._exit(asyncio.run(send()))


@app.command()
def resume(
    only: Annotated[
        list[str] | None, typer.Argument(help="Workflow ids; without any, all that is open.")
    ] = None,
    home: Home = HOME,
    deployment: Deployment = False,
) -> None:
    """Begin a workflow for everything open that has none, as after a restore. Safe to repeat."""
    import asyncio
    import os
    import sys

    from engine.client import connect
    from engine.resuming import NotOpen
    from engine.resuming import resume as take_up
    from models.unfinished import unfinished

    access, queue = _engine(home, deployment=deployment), _queue(deployment=deployment)

    async def run() -> int:
        try:
            client = await connect(**access)
            async with unfinished(database(home, deployment=deployment)) as rows:
                print(await take_up(client, queue, rows, frozenset(only or ())), flush=True)
        except NotOpen as error:
            print(f"assets: {error}", file=sys.stderr, flush=True)
            return 1
        return 0

    # The engine's native threads can crash an interpreter that shuts down the ordinary way.
    os._exit(asyncio.run(run()))


# The sandbox is not in the image, so it is not imported where a deployment is meant.


def _engine(home: Path, *, deployment: bool) -> "TemporalAccess":
    if deployment:
        from settings import Settings

        return Settings().temporal()
    from sandbox import keys as of_sandbox

    return of_sandbox.engine_of_running(home)


def _queue(*, deployment: bool) -> str:
    if deployment:
        from settings import Settings

        return Settings().task_queue
    from sandbox.environment import TASK_QUEUE

    return TASK_QUEUE
