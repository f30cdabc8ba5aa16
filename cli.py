"""Operator and developer commands, each a thin door to the room that does the work."""

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from sandbox.errors import SandboxError

app = typer.Typer(no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False)

Home = Annotated[Path, typer.Option("--home", help="The folder with all state of the sandbox.")]
HOME = Path(".assets")


class PortChoice(StrEnum):
    FIXED = "fixed"
    AUTO = "auto"


Ports = Annotated[
    PortChoice,
    typer.Option(help="`fixed`: 8000, 8010, 54329, 7233, 7243, 8233. `auto`: free ones."),
]


@app.callback()
def assets() -> None:
    """Peer-to-peer lending: run it, try it, test it."""


@app.command()
def dev(home: Home = HOME, ports: Ports = PortChoice.FIXED) -> None:
    """Run the whole system on this machine until Ctrl-C."""
    from sandbox import system

    system.run(home, free_ports=ports is PortChoice.AUTO)


@app.command("test", context_settings={"allow_extra_args": True, "ignore_unknown_options": True})
def check(
    context: typer.Context,
    long: Annotated[bool, typer.Option("--long", help="Soaks and large volumes as well.")] = False,
) -> None:
    """Check everything that CI checks. Other arguments go to pytest: ./assets test -k ledger."""
    from tests.checks import run

    raise SystemExit(run(context.args, long=long))


def main() -> None:
    try:
        app()
    except SandboxError as error:
        raise SystemExit(f"assets: {error}") from None


if __name__ == "__main__":
    main()
