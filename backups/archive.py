"""The file of a backup: a tar of the dump, the manifest, and the SHA-256 of both.

So it can be looked at, checked and restored by hand as well: `tar xf`, `sha256sum -c SHA256SUMS`,
`pg_restore database.dump`.
"""

import hashlib
import os
import tarfile
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Final

from backups.errors import BackupError
from backups.manifest import Manifest, read, written

DUMP: Final = "database.dump"
MANIFEST: Final = "manifest.json"
SUMS: Final = "SHA256SUMS"
SUFFIX: Final = ".backup"
CHUNK: Final = 1 << 20


class Draft:
    """A backup that is being written."""

    def __init__(self, file: IO[bytes]) -> None:
        self._file = file
        self._sum = hashlib.sha256()
        self._size = 0
        file.write(bytes(tarfile.BLOCKSIZE))  # where the dump's header comes when its size is known

    def write(self, part: bytes) -> None:
        """Go on with the dump."""
        self._file.write(part)
        self._sum.update(part)
        self._size += len(part)

    def finish(self, manifest: Manifest) -> None:
        """End the dump, add what describes it, and have all of it on the disk."""
        self._file.write(_padding(self._size))
        described = written(manifest)
        sums = f"{self._sum.hexdigest()}  {DUMP}\n{_sum(described)}  {MANIFEST}\n".encode()
        at = int(manifest.made_at.timestamp())
        for name, text in ((MANIFEST, described), (SUMS, sums)):
            self._file.write(_header(name, len(text), at) + text + _padding(len(text)))
        self._file.write(bytes(2 * tarfile.BLOCKSIZE))
        self._file.seek(0)
        self._file.write(_header(DUMP, self._size, at))
        self._file.flush()
        os.fsync(self._file.fileno())


def _header(name: str, size: int, at: int) -> bytes:
    info = tarfile.TarInfo(name)
    info.size, info.mtime, info.mode = size, at, 0o600
    return info.tobuf(tarfile.GNU_FORMAT)  # one block, however large the file is


def _padding(size: int) -> bytes:
    return bytes(-size % tarfile.BLOCKSIZE)


def _sum(text: bytes) -> str:
    return hashlib.sha256(text).hexdigest()


@contextmanager
def writing(file: Path) -> Iterator[Draft]:
    """Write a backup. It has its name when it is whole and on the disk, and not before.

    Raises:
        BackupError: It cannot be written there, or something is there already.
    """
    if file.exists():
        raise BackupError(f"{file} is there already, and a backup is never written over another.")
    try:
        descriptor, name = tempfile.mkstemp(prefix=f".{file.name}.", dir=file.parent)  # mode 0600
        try:
            with os.fdopen(descriptor, "wb") as output:
                yield Draft(output)
            Path(name).rename(file)
            _keep_name(file.parent)
        finally:
            Path(name).unlink(missing_ok=True)
    except OSError as error:
        raise BackupError(f"Cannot write {file}: {error.strerror}.") from error


def _keep_name(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


@dataclass(frozen=True)
class Backup:
    """A backup that was read once and found to be what was written."""

    file: Path
    manifest: Manifest
    _tar: tarfile.TarFile

    @property
    def size(self) -> int:
        return self.file.stat().st_size

    def dump(self) -> IO[bytes]:
        return _member(self._tar, DUMP)


@contextmanager
def opened(file: Path) -> Iterator[Backup]:
    """Open a backup, having read all of it once.

    Raises:
        BackupError: It is none, or not what was written.
    """
    try:
        with tarfile.open(file, "r:") as tar:
            manifest = _verified(tar)
            yield Backup(file, manifest, tar)
    except FileNotFoundError as error:
        raise BackupError(f"There is no file {file}.") from error
    except tarfile.TarError as error:
        raise BackupError(
            f"{file} is damaged, or is no backup: {error}. Take another copy of it."
        ) from error
    except OSError as error:
        raise BackupError(f"Cannot read {file}: {error.strerror or error}.") from error


def verify(file: Path) -> None:
    """Raise BackupError when a file is not what was written, and do no more."""
    with opened(file):
        pass


def _verified(tar: tarfile.TarFile) -> Manifest:
    sums = _member(tar, SUMS).read().decode(errors="replace")
    noted = {
        name: digest for digest, _, name in (line.partition("  ") for line in sums.splitlines())
    }
    for name in (MANIFEST, DUMP):
        found = _sum_of(_member(tar, name))
        if noted.get(name) != found:
            raise tarfile.ReadError(f"{name} is not what was written (SHA-256)")
    return read(_member(tar, MANIFEST).read())


def _sum_of(content: IO[bytes]) -> str:
    found = hashlib.sha256()
    while part := content.read(CHUNK):
        found.update(part)
    return found.hexdigest()


def _member(tar: tarfile.TarFile, name: str) -> IO[bytes]:
    try:
        content = tar.extractfile(name)
    except KeyError:
        content = None
    if content is None:
        raise tarfile.ReadError(f"it has no {name}")
    return content


def newest_in(folder: Path) -> Path:
    """Return the newest backup of a folder, by its name.

    Raises:
        BackupError: There is none.
    """
    found = sorted(folder.glob(f"*{SUFFIX}"))
    if not found:
        raise BackupError(f"There is no backup in {folder}.")
    return found[-1]
