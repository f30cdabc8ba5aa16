"""Commands about the keys of encrypted columns: count, change."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from commands.options import HOME, Deployment, Home

if TYPE_CHECKING:
    from models.reencryption import KeyRing

app = typer.Typer(no_args_is_help=True, help="The keys of encrypted columns: count, change.")


@app.command("list")
def list_keys(home: Home = HOME, deployment: Deployment = False) -> None:
    """Tell how many values of each column each key has encrypted."""
    import asyncio

    from models import reencryption

    url, ring = _keys(home, deployment=deployment)
    print(reencryption.told(asyncio.run(reencryption.count(url)), ring))


@app.command("rotate")
def rotate_keys(home: Home = HOME, deployment: Deployment = False) -> None:
    """Make a new key. For a deployment it is shown, with what to do; a sandbox is given it."""
    from models import reencryption

    if not deployment:
        from sandbox import keys as of_sandbox

        print(f"{of_sandbox.rotate(home)} is for new values from the next start on.")
        return
    _, ring = _keys(home, deployment=True)
    print(reencryption.HOW_TO_ROTATE.format(key=reencryption.new_key(ring.keys)))


@app.command("reencrypt")
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


def _keys(home: Path, *, deployment: bool) -> "tuple[str, KeyRing]":
    from models.reencryption import KeyRing
    from settings import Settings
    from settings.forms import keyring

    if deployment:
        settings = Settings()
        index_key = settings.index_key.get_secret_value().encode()
        return settings.database_url.get_secret_value(), KeyRing(settings.keyring(), index_key)
    from sandbox import keys as of_sandbox  # not in the image, so not before it is needed

    found = of_sandbox.of_running(home)
    ring = KeyRing(keyring(found.encryption_keys), found.index_key.encode())
    return found.database_url, ring
