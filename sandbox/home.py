"""The folder with all state of one sandbox: where each file lies, and who may use it now."""

import fcntl
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Self, TextIO

from sandbox.errors import SandboxError


@dataclass(frozen=True)
class Home:
    path: Path

    @classmethod
    def at(cls, folder: Path) -> Self:
        return cls(folder.resolve())

    def make(self) -> None:
        """Make the folder, or raise SandboxError when it cannot be used."""
        try:
            self.path.mkdir(mode=0o700, parents=True, exist_ok=True)
            self.lock_file.touch(mode=0o600)
        except OSError as error:
            raise SandboxError(
                f"Cannot keep a sandbox in {self.path} ({error.strerror}). Name another folder "
                "with --home DIR."
            ) from error

    @property
    def logs(self) -> Path:
        return self.path / "logs"

    @property
    def postgres(self) -> Path:
        return self.path / "postgres"

    @property
    def temporal(self) -> Path:
        return self.path / "temporal.sqlite"

    @property
    def gateway(self) -> Path:
        return self.path / "gateway.sqlite"

    @property
    def loan_clock(self) -> Path:
        return self.path / "loan-clock"

    @property
    def secrets(self) -> Path:
        return self.path / "secrets.json"

    @property
    def ports(self) -> Path:
        return self.path / "ports.json"

    @property
    def dev_json(self) -> Path:
        return self.path / "dev.json"

    @property
    def lock_file(self) -> Path:
        return self.path / "lock"

    @contextmanager
    def lock(self) -> Iterator[None]:
        """Hold this folder; the operating system lets go of it however we end.

        Raises:
            SandboxError: Another process holds it.
        """
        with self.lock_file.open("a+") as file:
            if not _lock_soon(file.fileno()):
                file.seek(0)
                raise SandboxError(
                    f"A sandbox runs in {self.path} already (process {file.read().strip()}). "
                    "Use it, stop it, or give this one another folder with --home DIR."
                )
            file.truncate(0)
            file.write(str(os.getpid()))
            file.flush()
            yield

    def in_use(self) -> bool:
        """Whether a sandbox runs here now."""
        if not self.lock_file.exists():
            return False
        with self.lock_file.open() as file:
            return is_held(file)


def write_private(path: Path, text: str) -> None:
    """Replace a file in one step, readable to its owner only."""
    draft = path.with_name(path.name + ".new")
    draft.touch(mode=0o600)
    draft.write_text(text)
    draft.replace(path)


def write_held(path: Path, text: str) -> TextIO:
    """Do the same, and return the file open and held; it is held until it is closed.

    Whoever finds the file not held knows that its writer is gone and that it tells of the past.
    """
    draft = path.with_name(path.name + ".new")
    draft.touch(mode=0o600)
    file = draft.open("w")
    fcntl.flock(file, fcntl.LOCK_EX)
    file.write(text)
    file.flush()
    draft.replace(path)
    return file


def is_held(file: TextIO) -> bool:
    return not _try_lock(file.fileno(), fcntl.LOCK_SH)


def _lock_soon(descriptor: int) -> bool:
    # `in_use`, called by another process, holds the lock for a moment.
    for _ in range(10):
        if _try_lock(descriptor, fcntl.LOCK_EX):
            return True
        time.sleep(0.02)
    return False


def _try_lock(descriptor: int, kind: int) -> bool:
    try:
        fcntl.flock(descriptor, kind | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
