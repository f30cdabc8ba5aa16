"""Operator and developer commands, each a thin door to the room that does the work."""

import typer

from commands import accounts, deploy, desk, keys, project, proofs, sandbox
from sandbox.errors import SandboxError

app = typer.Typer(no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False)
for room in (sandbox, proofs, accounts, desk, deploy, project):
    app.add_typer(room.app)
app.add_typer(keys.app, name="keys")


@app.callback()
def assets() -> None:
    """Peer-to-peer lending: run it, try it, test it."""


def main() -> None:
    try:
        app()
    except SandboxError as error:
        raise SystemExit(f"assets: {error}") from None


if __name__ == "__main__":
    main()
