"""Commands of this repository: check it, renew what is generated."""

from typing import Annotated

import typer

app = typer.Typer()


@app.command("test", context_settings={"allow_extra_args": True, "ignore_unknown_options": True})
def check(
    context: typer.Context,
    long: Annotated[bool, typer.Option("--long", help="Soaks and large volumes as well.")] = False,
    containers: Annotated[
        bool, typer.Option("--containers", help="Only this: build the image, run all of compose.")
    ] = False,
) -> None:
    """Check everything that CI checks. Other arguments go to pytest: ./assets test -k ledger."""
    from tests.checks import run

    raise SystemExit(run(context.args, long=long, containers=containers))


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
