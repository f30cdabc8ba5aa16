"""Backups that were not made by us: damaged ones, and lies that are well packed."""

import hashlib
import io
import tarfile
from collections.abc import Callable
from pathlib import Path

from backups.archive import DUMP, MANIFEST, SUMS
from backups.manifest import Manifest, read, written


def repacked(file: Path, to: Path, change: Callable[[Manifest], Manifest]) -> Path:
    """Copy a backup with another manifest, every digest made anew."""
    with tarfile.open(file) as tar:
        parts = {name: content(tar, name) for name in (DUMP, MANIFEST)}
    parts[MANIFEST] = written(change(read(parts[MANIFEST])))
    sums = [f"{hashlib.sha256(part).hexdigest()}  {name}\n" for name, part in parts.items()]
    parts[SUMS] = "".join(sums).encode()
    with tarfile.open(to, "w") as tar:
        for name, part in parts.items():
            info = tarfile.TarInfo(name)
            info.size = len(part)
            tar.addfile(info, io.BytesIO(part))
    return to


def content(tar: tarfile.TarFile, name: str) -> bytes:
    member = tar.extractfile(name)
    assert member
    return member.read()


def flipped(file: Path, to: Path, at: int) -> Path:
    """Copy a file with one bit of it turned over."""
    content = bytearray(file.read_bytes())
    content[at] ^= 1
    to.write_bytes(content)
    return to
