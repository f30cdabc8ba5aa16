"""Operator and developer commands, each a thin door to the room that does the work."""

import os
import sys

import typer

from backups.errors import BackupError
from commands import accounts, backups, deploy, desk, failures, keys, project, proofs, sandbox
from sandbox.errors import SandboxError

app = typer.Typer(no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False)
for room in (sandbox, proofs, backups, accounts, desk, deploy, project):
    app.add_typer(room.app)
app.add_typer(keys.app, name="keys")


@app.callback()
def assets() -> None:
    """Peer-to-peer lending: run it, try it, test it."""


def main() -> None:
    try:
        app(prog_name="assets")
    except (SandboxError, BackupError) as error:
        raise SystemExit(f"assets: {error}") from None
    except Exception as error:
        said = failures.told(error)
        if said is None:
            raise
        sys.stdout.flush()
        typer.echo(f"assets: {said}", err=True)
        # The engine's native threads can crash an interpreter that shuts down the ordinary way.
        os._exit(1)


if __name__ == "__main__":
    main()
