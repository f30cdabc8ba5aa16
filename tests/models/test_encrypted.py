"""An encrypted value opens for its own row under its own key, and for nothing else."""

from uuid import uuid4

import pytest
from cryptography.exceptions import InvalidTag

from models import asset, message, user, withdrawal  # noqa: F401  (tables)
from models.base import Base
from models.encrypted import (
    ENCRYPTED_FIELDS,
    BlindIndex,
    EncryptedColumn,
    EncryptedField,
    UnknownKey,
    _derived,
)

OLD, NEW = {"k1": b"1" * 32}, {"k2": b"2" * 32}
COLUMN = "withdrawals.iban"
INDEX_KEY = b"an index key of enough characters"
SECRET = "IR062960000000100324200001"
ROW = uuid4()


def test_what_was_encrypted_is_read_back_and_shows_nothing() -> None:
    column = EncryptedColumn(OLD, COLUMN)

    stored = column.encrypt(ROW, SECRET)

    assert column.decrypt(ROW, stored) == SECRET
    assert stored[:4] == b"\x01\x02k1"
    assert SECRET[2:].encode() not in stored
    assert len(stored) == 4 + 12 + len(SECRET) + 16


def test_the_same_value_never_looks_the_same() -> None:
    column = EncryptedColumn(OLD, COLUMN)

    assert column.encrypt(ROW, SECRET) != column.encrypt(ROW, SECRET)


def test_a_value_moved_to_another_row_is_refused() -> None:
    column = EncryptedColumn(OLD, COLUMN)
    stored = column.encrypt(ROW, SECRET)

    with pytest.raises(InvalidTag):
        column.decrypt(uuid4(), stored)


def test_a_value_moved_to_another_column_is_refused() -> None:
    stored = EncryptedColumn(OLD, COLUMN).encrypt(ROW, SECRET)

    with pytest.raises(InvalidTag):
        EncryptedColumn(OLD, "users.national_id").decrypt(ROW, stored)


def test_each_flipped_bit_is_noticed() -> None:
    column = EncryptedColumn(OLD, COLUMN)
    stored = column.encrypt(ROW, SECRET)

    for place in range(len(stored) * 8):
        changed = bytearray(stored)
        changed[place // 8] ^= 1 << place % 8
        with pytest.raises((InvalidTag, ValueError)):
            column.decrypt(ROW, bytes(changed))


@pytest.mark.parametrize("length", range(0, 58, 3))
def test_a_value_that_was_cut_is_refused(length: int) -> None:
    column = EncryptedColumn(OLD, COLUMN)
    stored = column.encrypt(ROW, SECRET)

    with pytest.raises((InvalidTag, ValueError)):
        column.decrypt(ROW, stored[:length])


def test_a_value_cannot_be_passed_off_under_another_key() -> None:
    same = OLD["k1"]
    column = EncryptedColumn({"k1": same, "k2": same}, COLUMN)
    stored = column.encrypt(ROW, SECRET)

    with pytest.raises(InvalidTag):
        column.decrypt(ROW, stored.replace(b"k1", b"k2", 1))


def test_after_a_rotation_old_values_are_read_and_known_to_be_old() -> None:
    old = EncryptedColumn(OLD, COLUMN).encrypt(ROW, SECRET)
    rotated = EncryptedColumn(NEW | OLD, COLUMN)

    new = rotated.encrypt(ROW, SECRET)

    assert [rotated.decrypt(ROW, stored) for stored in (old, new)] == [SECRET, SECRET]
    assert rotated.needs_reencryption(old)
    assert not rotated.needs_reencryption(new)


def test_a_missing_key_is_named() -> None:
    stored = EncryptedColumn(OLD, COLUMN).encrypt(ROW, SECRET)

    with pytest.raises(UnknownKey, match="k1"):
        EncryptedColumn(NEW, COLUMN).decrypt(ROW, stored)


def test_a_blind_index_finds_what_reads_the_same() -> None:
    index = BlindIndex(INDEX_KEY, COLUMN)

    assert index.of("ir06 2960") == index.of("IR06 2960") == index.of("ＩＲ06 2960")
    assert index.of("IR06 2960") != index.of("IR06 2961")
    assert len(index.of("")) == 16


def test_a_blind_index_is_another_one_for_each_column_and_key() -> None:
    others = (
        BlindIndex(INDEX_KEY, "users.phone"),
        BlindIndex(b"another index key, also long enough", COLUMN),
    )

    assert len({index.of(SECRET) for index in (*others, BlindIndex(INDEX_KEY, COLUMN))}) == 3


def test_a_blind_index_has_no_key_that_encrypts() -> None:
    """Given the same bytes, the two derive keys that have nothing in common."""
    shared = b"1" * 32

    assert BlindIndex(shared, COLUMN)._key not in {shared, _derived(shared, COLUMN)}


@pytest.mark.parametrize("field", ENCRYPTED_FIELDS, ids=lambda field: field.name)
def test_the_list_of_encrypted_columns_is_true(field: EncryptedField) -> None:
    columns = Base.metadata.tables[field.table].columns

    assert {field.column, field.index} <= set(columns.keys())


def test_no_other_column_is_encrypted() -> None:
    """What has a blind index holds an encrypted value; no table has one that is not listed."""
    found = {
        f"{table.name}.{column.name.removesuffix('_index')}"
        for table in Base.metadata.tables.values()
        for column in table.columns
        if column.name.endswith("_index")
    }

    assert found == {field.name for field in ENCRYPTED_FIELDS}
