"""What may be a password, and its hash: argon2id, off the event loop, a few at once at most."""

import asyncio
import os
import re
import unicodedata
from dataclasses import dataclass
from typing import Final

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError
from zxcvbn import zxcvbn

from domain.errors import ValidationFailed

# OWASP's smaller profile: 19 MiB and 20 ms, so that logins cannot be used to exhaust the machine.
_HASHER: Final = PasswordHasher(time_cost=2, memory_cost=19 * 1024, parallelism=1)

SHORTEST: Final = 12
LONGEST: Final = 128
# What a guesser who knows lists, keyboards and l33t tries first; without limits, in a second.
_FIRST_GUESSES: Final = 1_000_000
_REPEATED: Final = re.compile(r"(.+?)\1+", re.DOTALL)
# The time to judge a password grows steeply with its length; so much takes as long as hashing it.
_JUDGED: Final = 16


def hash_password(password: str) -> str:
    """Hash a password. Blocks for some 20 ms: on the event loop use `Passwords`."""
    return _HASHER.hash(normal(password))


def normal(password: str) -> str:
    """Return the one form of a password, however a keyboard composes its letters."""
    return unicodedata.normalize("NFKC", password)


def hash_chosen(password: str, email: str, pointer: str) -> str:
    """Hash a password that somebody chose. Blocks for some 40 ms.

    Args:
        password: What they chose.
        email: The address of their account, in lower case.
        pointer: Where the password stands in the request, for the refusal.

    Raises:
        ValidationFailed: It is too short or too long, among the common ones, or the address.
    """
    password = normal(password)
    if not SHORTEST <= len(password) <= LONGEST:
        raise ValidationFailed(pointer, f"A password has {SHORTEST} to {LONGEST} characters.")
    if password.casefold() in {email, email.partition("@")[0]}:
        raise ValidationFailed(pointer, "Your e-mail address is no secret; choose something else.")
    if _is_common(password):
        raise ValidationFailed(pointer, "This password is among the first that others would try.")
    return hash_password(password)


def _is_common(password: str) -> bool:
    if repeated := _REPEATED.fullmatch(password):
        password = repeated[1]
    # A longer one is at least as hard to guess as the harder of its ends.
    ends = {password[:_JUDGED], password[-_JUDGED:]}
    return all(zxcvbn(end)["guesses"] < _FIRST_GUESSES for end in ends)


# Whoever asks about an unknown account waits as long as for a known one. It is made like any other,
# because zxcvbn completes its dictionaries when it is first used, and that must not be in a thread.
_NOBODY: Final = hash_chosen("nobody has this password", email="", pointer="")


@dataclass(frozen=True)
class Verdict:
    """Whether a password is right, and its new hash if the stored one is out of date."""

    is_right: bool
    rehashed: str | None = None


class Passwords:
    def __init__(self) -> None:
        self._slots = asyncio.Semaphore(os.cpu_count() or 1)

    async def hash_chosen(self, password: str, email: str, pointer: str) -> str:
        """Hash a password that somebody chose, as the function of this name does."""
        async with self._slots:
            return await asyncio.to_thread(hash_chosen, password, email, pointer)

    async def verify(self, password: str, stored: str | None) -> Verdict:
        """Compare a password with a stored hash; None stands for an account that has none."""
        async with self._slots:
            return await asyncio.to_thread(_verify, password, stored)


def _verify(password: str, stored: str | None) -> Verdict:
    try:
        _HASHER.verify(stored or _NOBODY, normal(password))
    except (VerificationError, InvalidHashError):
        return Verdict(is_right=False)
    if stored is None:
        return Verdict(is_right=False)
    return Verdict(True, hash_password(password) if _HASHER.check_needs_rehash(stored) else None)
