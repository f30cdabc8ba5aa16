"""Values that are stored encrypted: AES-256-GCM, keys by id, each value bound to its row.

A stored value is ``0x01``, the length of the key's id, that id, a nonce, and what GCM made. Where
equal values have to be found, a keyed hash stands beside it: a blind index.
"""

import hmac
import os
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final
from uuid import UUID

from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

_VERSION: Final = 1
_NONCE_BYTES: Final = 12
_KEY_BYTES: Final = 32
_INDEX_BYTES: Final = 16


@dataclass(frozen=True)
class EncryptedField:
    """A column of a table that holds encrypted values, and the column of its blind index."""

    table: str
    column: str
    index: str

    @property
    def name(self) -> str:
        """What its keys are derived with."""
        return f"{self.table}.{self.column}"


USER_PHONE: Final = EncryptedField("users", "phone", "phone_index")
USER_NATIONAL_ID: Final = EncryptedField("users", "national_id", "national_id_index")
WITHDRAWAL_IBAN: Final = EncryptedField("withdrawals", "iban", "iban_index")
# All there are: what `./assets keys` goes through.
ENCRYPTED_FIELDS: Final = (USER_PHONE, USER_NATIONAL_ID, WITHDRAWAL_IBAN)


class UnknownKey(ValueError):
    """A value was encrypted with a key that this process was not given."""


class EncryptedColumn:
    """Encrypts with the first key, decrypts with whichever key a value names.

    Each column has keys of its own, derived from the ring's: what is learnt of one use of a key
    is worth nothing for another.
    """

    def __init__(self, keys: Mapping[str, bytes], column: str) -> None:
        """Derive the column's keys.

        Args:
            keys: The ring by key id; the first one is for new values.
            column: Such as ``withdrawals.iban``.
        """
        self._column = column
        self._active = next(iter(keys))
        self._ciphers = {name: AESGCM(_derived(key, column)) for name, key in keys.items()}

    def encrypt(self, row_id: UUID, text: str) -> bytes:
        key_id, nonce = self._active.encode(), os.urandom(_NONCE_BYTES)
        sealed = self._ciphers[self._active].encrypt(
            nonce, text.encode(), self._context(key_id, row_id)
        )
        return bytes((_VERSION, len(key_id))) + key_id + nonce + sealed

    def decrypt(self, row_id: UUID, stored: bytes) -> str:
        """Return what was encrypted for a row.

        Raises:
            UnknownKey: Its key is not in the ring.
            cryptography.exceptions.InvalidTag: It was changed, or belongs to another row.
            ValueError: It is no value of ours.
        """
        key_id, nonce, sealed = _parts(stored)
        cipher = self._ciphers.get(key_id.decode())
        if cipher is None:
            raise UnknownKey(f"no key {key_id.decode()!r} in ENCRYPTION_KEYS")
        return cipher.decrypt(nonce, sealed, self._context(key_id, row_id)).decode()

    def needs_reencryption(self, stored: bytes) -> bool:
        """Tell whether a value was encrypted with an older key than that for new ones."""
        return _parts(stored)[0] != self._active.encode()

    def _context(self, key_id: bytes, row_id: UUID) -> bytes:
        # Authenticated with the value: it opens under this key, in this column, for this row.
        return key_id + b"|" + f"{self._column}:{row_id}".encode()


class BlindIndex:
    """Finds equal values without telling which they are: a hash under a key of the column's own.

    There are too few phone numbers and national ids for a plain hash to hide one. That key is not
    in the database, and is derived from another one than those that encrypt.
    """

    def __init__(self, key: bytes, column: str) -> None:
        """Derive the column's key; `column` is such as ``users.phone``."""
        self._column = column.encode()
        self._key = HKDF(SHA256(), _KEY_BYTES, salt=None, info=b"index " + self._column).derive(key)

    def of(self, text: str) -> bytes:
        """Return 16 bytes that are the same for what reads the same."""
        normal = unicodedata.normalize("NFKC", text).upper()
        value = self._column + b"|" + normal.encode()
        return hmac.digest(self._key, value, "sha256")[:_INDEX_BYTES]


def _derived(key: bytes, column: str) -> bytes:
    return HKDF(SHA256(), _KEY_BYTES, salt=None, info=f"column {column}".encode()).derive(key)


def _parts(stored: bytes) -> tuple[bytes, bytes, bytes]:
    if len(stored) < 2 or stored[0] != _VERSION:
        raise ValueError("not an encrypted value")
    nonce_at = 2 + stored[1]
    sealed_at = nonce_at + _NONCE_BYTES
    return stored[2:nonce_at], stored[nonce_at:sealed_at], stored[sealed_at:]
