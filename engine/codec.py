"""Encrypts everything that Temporal stores of ours: AES-256-GCM, keys by id, so they can rotate."""

import os
from collections.abc import Iterable, Sequence

from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from temporalio.api.common.v1 import Payload
from temporalio.converter import PayloadCodec

ENCODING = b"binary/encrypted"
_NONCE_BYTES = 12


class UnknownKey(ValueError):
    """A payload was encrypted with a key that this process was not given."""


class EncryptionCodec(PayloadCodec):
    """Encrypts with the first key; decrypts with whichever key a payload names."""

    def __init__(self, keys: dict[str, bytes]) -> None:
        self._active = next(iter(keys))
        self._ciphers = {name: AESGCM(key) for name, key in keys.items()}

    async def encode(self, payloads: Sequence[Payload]) -> list[Payload]:
        return [self._encrypt(payload) for payload in payloads]

    async def decode(self, payloads: Sequence[Payload]) -> list[Payload]:
        return list(self._decrypt_all(payloads))

    def _encrypt(self, payload: Payload) -> Payload:
        key_id = self._active.encode()
        nonce = os.urandom(_NONCE_BYTES)
        # The key's id is authenticated too: a payload cannot be passed off under another key.
        sealed = self._ciphers[self._active].encrypt(nonce, payload.SerializeToString(), key_id)
        return Payload(
            metadata={"encoding": ENCODING, "encryption-key-id": key_id}, data=nonce + sealed
        )

    def _decrypt_all(self, payloads: Sequence[Payload]) -> Iterable[Payload]:
        for payload in payloads:
            if payload.metadata.get("encoding") == ENCODING:
                yield self._decrypt(payload)
            else:
                yield payload  # written by tools that have no key, such as the Temporal UI

    def _decrypt(self, payload: Payload) -> Payload:
        key_id = payload.metadata["encryption-key-id"]
        cipher = self._ciphers.get(key_id.decode())
        if cipher is None:
            raise UnknownKey(f"no key {key_id.decode()!r} in ENCRYPTION_KEYS")
        nonce, sealed = payload.data[:_NONCE_BYTES], payload.data[_NONCE_BYTES:]
        return Payload.FromString(cipher.decrypt(nonce, sealed, key_id))
