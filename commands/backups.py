"""Commands that back up the platform's database, restore it, and prove that this works."""

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING, Annotated

import typer

from commands.options import HOME, Deployment, Home
from commands.proofs import Noted
from domain.proofs import KnownSeal

if TYPE_CHECKING:
    from models.reencryption import KeyRing

app = typer.Typer()
_ROOT = Path(__file__).parent.parent


@app.command()
def backup(
    file: Annotated[
        Path | None, typer.Argument(help="A new file, or the folder to put one into.")
    ] = None,
    home: Home = HOME,
    deployment: Deployment = False,
) -> None:
    """Write the whole database, as of one moment, into one file, while everybody goes on."""
    import asyncio

    from backups import taking

    with _stoppable(), _owned(home, deployment=deployment) as url:
        new = _new_file(file or _own_folder(home, deployment=deployment))
        manifest = asyncio.run(taking.take(url, new))
    print(f"{new}: {new.stat().st_size:,} bytes\n{manifest}")
    keys = f" ({', '.join(manifest.keys())})" if manifest.keys() else ""
    print(f"The keys are not in it. Keep ENCRYPTION_KEYS{keys} and INDEX_KEY elsewhere.")


@app.command()
def restore(
    file: Annotated[Path, typer.Argument(help="A backup.")],
    home: Home = HOME,
    deployment: Deployment = False,
    replace: Annotated[
        bool, typer.Option("--replace", help="Take the place of what is there, which is kept.")
    ] = False,
) -> None:
    """Bring a backup back, hold every row to what was backed up, and say what is to do next."""
    import asyncio

    from backups import advice, restoring
    from sandbox.errors import SandboxError

    with _stoppable():
        if deployment:
            with _owned(home, deployment=True) as url:
                print(advice.told(asyncio.run(restoring.restore(url, file, replace=replace))))
            print(advice.AFTER_DEPLOYMENT)
            return
        from sandbox import resting

        if not file.exists():
            raise SandboxError(f"There is no file {file}.")
        with resting.resting(home) as url, resting.engine_set_aside(home):
            print(advice.told(asyncio.run(restoring.restore(url, file, replace=replace))))
        print(advice.AFTER_SANDBOX.format(home=home))


@app.command()
def backup_check(
    file: Annotated[
        Path | None,
        typer.Argument(
            help="A backup, or a folder: the newest in it. Without it, one is made for this."
        ),
    ] = None,
    home: Home = HOME,
    deployment: Deployment = False,
    seal: Noted = None,
    audit_seal: Annotated[
        KnownSeal | None,
        typer.Option(
            parser=KnownSeal.parse, metavar="NUMBER:SHA256", help="The same, of the audit log."
        ),
    ] = None,
    metrics: Annotated[
        Path | None,
        typer.Option(help="Where node_exporter finds when a backup was last found good."),
    ] = None,
) -> None:
    """Restore a backup into a server of its own, and prove every row, rial, line and key in it."""
    import asyncio
    import tempfile

    from backups import archive, checking
    from sandbox import throwaway

    ring, environment = _keys(home, deployment=deployment)
    expected = checking.Expected(ring, seal, audit_seal)
    with _stoppable(), tempfile.TemporaryDirectory(prefix="assets-") as folder:
        if file is None:
            file = _fresh(Path(folder), home, deployment=deployment)
        if file.is_dir():
            file = archive.newest_in(file)
        archive.verify(file)  # before a server is made for nothing
        with throwaway.server() as url:
            verdict = asyncio.run(
                checking.check(file, url, expected, lambda url: _migrate(url, environment))
            )
    print(verdict)
    if verdict.is_good and metrics is not None:
        verdict.write_figures(metrics)
    raise SystemExit(0 if verdict.is_good else 1)


def _fresh(folder: Path, home: Path, *, deployment: bool) -> Path:
    import asyncio

    from backups import taking

    new = _new_file(folder)
    with _owned(home, deployment=deployment) as url:
        asyncio.run(taking.take(url, new))
    return new


def _own_folder(home: Path, *, deployment: bool) -> Path:
    """Return where backups go if nobody says where: beside the sandbox, or here."""
    if deployment:
        return Path()
    folder = home / "backups"
    folder.mkdir(mode=0o700, exist_ok=True)
    return folder


def _new_file(wanted: Path) -> Path:
    """Return the file of a new backup, which in a folder gets a name."""
    from backups import taking

    return wanted / taking.name_for(datetime.now(UTC)) if wanted.is_dir() else wanted


@contextmanager
def _owned(home: Path, *, deployment: bool) -> Iterator[str]:
    """Give the URL of the database as the role that owns it."""
    if not deployment:
        from sandbox import resting

        with resting.database(home) as url:
            yield url
        return
    from settings import Settings

    settings = Settings()
    owner = settings.migration_database_url or settings.database_url
    yield owner.get_secret_value()


def _keys(home: Path, *, deployment: bool) -> "tuple[KeyRing, dict[str, str]]":
    """Return the keys at hand, and the environment in which migrations find them."""
    import os

    from models.reencryption import KeyRing
    from settings.forms import keyring

    if deployment:
        from settings import Settings

        settings = Settings()
        index_key = settings.index_key.get_secret_value().encode()
        return KeyRing(settings.keyring(), index_key), dict(os.environ)
    from sandbox import environment
    from sandbox.addresses import Addresses
    from sandbox.errors import SandboxError
    from sandbox.home import Home as Folder
    from sandbox.ports import Ports
    from sandbox.secrets import Secrets

    if not Folder.at(home).secrets.exists():
        raise SandboxError(f"There is no sandbox in {home}, and so there are no keys.")
    kept = Secrets.kept_in(Folder.at(home))
    ring = KeyRing(keyring(kept.encryption_keys), kept.index_key.encode())
    return ring, environment.migrations(Addresses(Ports(), kept))


def _migrate(url: str, environment: dict[str, str]) -> None:
    """Migrate a database in a process of its own: settings are read from the environment."""
    import subprocess
    import sys

    from backups.errors import BackupError

    command = (sys.executable, "-m", "alembic", "-c", str(_ROOT / "alembic.ini"), "upgrade", "head")
    told = environment | {"MIGRATION_DATABASE_URL": url, "PYTHONPATH": str(_ROOT)}
    done = subprocess.run(  # noqa: S603
        command, env=told, capture_output=True, text=True, check=False
    )
    if done.returncode != 0:
        raise BackupError(f"The migrations of this release fail on the backup:\n{done.stderr}")


@contextmanager
def _stoppable() -> Iterator[None]:
    """Have a request to stop unwind the block, so that whatever was begun is cleared away."""

    def stop(number: int, _frame: FrameType | None) -> None:
        raise SystemExit(128 + number)

    before = {number: signal.signal(number, stop) for number in (signal.SIGTERM, signal.SIGHUP)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
