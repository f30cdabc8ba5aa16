"""Payloads are unreadable without their key, and keys can be changed while loans run."""

import pytest
from cryptography.exceptions import InvalidTag
from temporalio.api.common.v1 import Payload

from engine.codec import EncryptionCodec, UnknownKey

OLD, NEW = {"k1": b"1" * 32}, {"k2": b"2" * 32}
SECRET = Payload(metadata={"encoding": b"json/plain"}, data=b'"800000.00"')


async def test_what_was_encrypted_is_read_back_and_shows_nothing() -> None:
    codec = EncryptionCodec(OLD)

    [sealed] = await codec.encode([SECRET])

    assert b"800000" not in sealed.SerializeToString()
    assert await codec.decode([sealed]) == [SECRET]


async def test_the_same_payload_never_looks_the_same() -> None:
    one, other = await EncryptionCodec(OLD).encode([SECRET, SECRET])

    assert one.data != other.data


async def test_after_a_rotation_old_payloads_are_read_and_new_ones_use_the_new_key() -> None:
    [old] = await EncryptionCodec(OLD).encode([SECRET])
    rotated = EncryptionCodec(NEW | OLD)

    [new] = await rotated.encode([SECRET])

    assert new.metadata["encryption-key-id"] == b"k2"
    assert await rotated.decode([old, new]) == [SECRET, SECRET]


async def test_a_missing_key_is_named() -> None:
    [sealed] = await EncryptionCodec(OLD).encode([SECRET])

    with pytest.raises(UnknownKey, match="k1"):
        await EncryptionCodec(NEW).decode([sealed])


@pytest.mark.parametrize("position", [0, 12, -1])
async def test_a_changed_payload_is_refused(position: int) -> None:
    codec = EncryptionCodec(OLD)
    [sealed] = await codec.encode([SECRET])
    changed = bytearray(sealed.data)
    changed[position] ^= 1
    sealed.data = bytes(changed)

    with pytest.raises(InvalidTag):
        await codec.decode([sealed])


async def test_a_payload_cannot_be_passed_off_under_another_key() -> None:
    codec = EncryptionCodec(OLD | {"k2": OLD["k1"]})
    [sealed] = await codec.encode([SECRET])
    sealed.metadata["encryption-key-id"] = b"k2"

    with pytest.raises(InvalidTag):
        await codec.decode([sealed])


async def test_what_tools_without_a_key_wrote_passes_through() -> None:
    assert await EncryptionCodec(OLD).decode([SECRET]) == [SECRET]
