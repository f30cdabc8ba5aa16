"""What many commands are asked: which sandbox, or the deployment that the settings name."""

from pathlib import Path
from typing import Annotated

import typer

Home = Annotated[Path, typer.Option("--home", help="The folder with all state of the sandbox.")]
HOME = Path(".assets")
Deployment = Annotated[
    bool, typer.Option("--deployment", help="The database of DATABASE_URL, not a sandbox's.")
]


def database(home: Path, *, deployment: bool) -> str:
    """Return the URL of the database that is meant."""
    if deployment:
        from settings import Settings

        return Settings().database_url.get_secret_value()
    from sandbox import dev_json  # not in the image, so not before it is needed

    return dev_json.read(home).database_url
