"""The real server, alone: passwords, data that stays, the roles of the application."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
from psycopg.conninfo import make_conninfo

from sandbox import database
from sandbox.errors import SandboxError
from sandbox.ports import free_port
from sandbox.postgres import Postgres, unprivileged
from sandbox.process import Child
from tests.sandbox.waiting import wait_until


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Postgres]:
    data_dir = tmp_path_factory.mktemp("closed", numbered=True) / "postgres"
    data_dir.parent.chmod(0o700)
    with Postgres(data_dir, free_port(), "open-sesame").running() as running:
        yield running


def test_it_is_the_server_we_promise(server: Postgres) -> None:
    with psycopg.connect(server.superuser_url()) as connection:
        row = connection.execute("""
            SELECT current_setting('server_version_num')::int / 10000, datlocale,
                   pg_encoding_to_char(encoding), current_setting('fsync')
            FROM pg_database WHERE datname = 'template1'
        """).fetchone()

    assert row == (18, "C.UTF-8", "UTF8", "on")


def test_nobody_enters_without_the_password(server: Postgres) -> None:
    with pytest.raises(psycopg.OperationalError, match="password authentication failed"):
        psycopg.connect(make_conninfo(server.superuser_url(), password="guess"))


def test_no_password_lies_about(server: Postgres) -> None:
    files = [file for file in server.data_dir.parent.iterdir() if file.is_file()]

    assert not [file for file in files if "open-sesame" in file.read_text()]


def test_provisioning_twice_gives_one_login_that_works(server: Postgres) -> None:
    for password in ("old", "new"):
        database.provision(server.superuser_url(), "shop", "clerk", password)

    url = make_conninfo(server.superuser_url("shop"), user="clerk", password="new")
    with psycopg.connect(url) as connection:
        row = connection.execute(
            "SELECT current_user, pg_has_role('assets_app', 'member'), usesuper "
            "FROM pg_user WHERE usename = current_user"
        ).fetchone()
    assert row == ("clerk", True, False)


def test_the_data_is_there_after_a_stop_and_after_a_kill(tmp_path: Path) -> None:
    server = Postgres(tmp_path / "postgres", free_port(), "pw")
    with server.running(), psycopg.connect(server.superuser_url()) as connection:
        connection.execute("CREATE TABLE note AS SELECT 1 AS number")

    child = Child(server.program(), tmp_path / "killed.log")
    wait_until(child.is_ready)
    with psycopg.connect(server.superuser_url()) as connection:
        connection.execute("INSERT INTO note VALUES (2)")
    os.kill(child.pid, signal.SIGKILL)
    wait_until(lambda: not child.running)

    # The killed server's own children may need a moment to notice; only then it starts again.
    def starts_again() -> bool:
        try:
            with server.running(), psycopg.connect(server.superuser_url()) as connection:
                return connection.execute("SELECT sum(number) FROM note").fetchone() == (3,)
        except SandboxError:
            return False

    wait_until(starts_again)


def test_a_server_that_died_while_it_took_its_lock_starts_again(tmp_path: Path) -> None:
    server = Postgres(tmp_path / "postgres", free_port(), "pw")
    server.create()
    (server.data_dir / "postmaster.pid").touch()

    with server.running(), psycopg.connect(server.superuser_url()) as connection:
        assert connection.execute("SELECT 1").fetchone() == (1,)


def test_an_interrupted_creation_is_begun_again(tmp_path: Path) -> None:
    (tmp_path / "postgres.new" / "base").mkdir(parents=True)

    Postgres(tmp_path / "postgres", free_port(), "pw").create()

    assert (tmp_path / "postgres" / "PG_VERSION").read_text() == "18\n"
    assert [file.name for file in tmp_path.iterdir()] == ["postgres"]


def test_as_root_without_setpriv_it_says_what_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    monkeypatch.setenv("PATH", "/nowhere")

    with pytest.raises(SandboxError, match="Run this as an ordinary user"):
        unprivileged(("postgres",), signal.SIGINT)


def test_an_ordinary_user_runs_it_directly(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 1000)

    assert unprivileged(("postgres",), signal.SIGINT) == ("postgres",)


def test_a_checkout_in_a_closed_folder_can_be_run_from(tmp_path: Path) -> None:
    """As access(2) sees it, which is how initdb looks for the programs beside it."""
    closed = tmp_path / "closed"
    closed.mkdir(mode=0o700)
    program = closed / "postgres"
    program.touch(mode=0o755)
    look = f"import os, sys; sys.exit(not os.access({str(program)!r}, os.X_OK))"

    command = unprivileged((sys.executable, "-c", look), signal.SIGKILL)

    assert subprocess.run(command, check=False).returncode == 0
