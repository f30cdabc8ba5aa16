"""Commands about accounts: the first administrator."""

from typing import Annotated

import typer

from commands.options import HOME, Deployment, Home, database

app = typer.Typer()


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

    url = database(home, deployment=deployment)
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
