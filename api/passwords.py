"""Argon2id, away from the event loop and never more at once than there are processors."""

import asyncio
import os
import unicodedata
from dataclasses import dataclass
from typing import Final

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

# OWASP's smaller profile: 19 MiB and 20 ms, so that logins cannot be used to exhaust the machine.
_HASHER: Final = PasswordHasher(time_cost=2, memory_cost=19 * 1024, parallelism=1)


def hash_password(password: str) -> str:
    """Hash a password. Blocks for some 20 ms: on the event loop use `Passwords`."""
    return _HASHER.hash(_normal(password))


def _normal(password: str) -> str:
    # One password, however a keyboard composes its letters.
    return unicodedata.normalize("NFKC", password)


# Whoever asks about an unknown account waits as long as for a known one.
_NOBODY: Final = hash_password("nobody has this password")


@dataclass(frozen=True)
class Verdict:
    """Whether a password is right, and its new hash if the stored one is out of date."""

    is_right: bool
    rehashed: str | None = None


class Passwords:
    def __init__(self) -> None:
        self._slots = asyncio.Semaphore(os.cpu_count() or 1)

    async def hash(self, password: str) -> str:
        async with self._slots:
            return await asyncio.to_thread(hash_password, password)

    async def verify(self, password: str, stored: str | None) -> Verdict:
        """Compare a password with a stored hash; None stands for an account that has none."""
        async with self._slots:
            return await asyncio.to_thread(_verify, password, stored)


def _verify(password: str, stored: str | None) -> Verdict:
    try:
        _HASHER.verify(stored or _NOBODY, _normal(password))
    except (VerificationError, InvalidHashError):
        return Verdict(is_right=False)
    if stored is None:
        return Verdict(is_right=False)
    return Verdict(True, hash_password(password) if _HASHER.check_needs_rehash(stored) else None)
