"""Commands of a deploy: prepare the engine, switch between builds of the workers."""

from typing import Annotated

import typer

app = typer.Typer()


@app.command()
def prepare_engine() -> None:
    """Register the search attributes with the Temporal that the settings name. Safe to repeat."""
    import asyncio
    import os
    import sys

    from engine.client import connect
    from engine.search_attributes import MissingSearchAttributes, register
    from settings import Settings

    async def prepare(settings: Settings) -> int:
        try:
            await register(await connect(**settings.temporal()))
        except MissingSearchAttributes as error:
            print(f"assets: {error}", file=sys.stderr, flush=True)
            return 1
        return 0

    # The engine's native threads can crash an interpreter that shuts down the ordinary way.
    os._exit(asyncio.run(prepare(Settings())))


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
