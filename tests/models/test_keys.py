"""A new key: values come under it in batches, while others write, and each step is on record."""

import base64
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Final
from uuid import UUID

import pytest
from sqlalchemy import select, update

from domain.withdrawal import Withdrawal, WithdrawalStatus
from models import reencryption
from models.audit import AuditRow
from models.base import new_id
from models.database import Sessions
from models.encrypted import WITHDRAWAL_IBAN, BlindIndex, EncryptedColumn
from models.personal import PersonalData
from models.queries import encrypted_values, withdrawals
from models.queries.encrypted_values import Use
from models.reencryption import KeyRing, Renewed
from models.user import User
from models.withdrawal import WithdrawalRow
from tests import given
from tests.conftest import as_application
from tests.given import NOW

OLD: Final = {"k1": b"1" * 32}
BOTH: Final = {"k2": b"2" * 32, **OLD}
INDEX: Final = b"index" * 8
RING: Final = KeyRing(BOTH, INDEX)
IBAN, PHONE = "IR062960000000100324200001", "+989121234567"
COLUMN: Final = WITHDRAWAL_IBAN.name


@dataclass(frozen=True)
class Store:
    """A database whose values were encrypted when there was one key."""

    url: str
    sessions: Sessions

    async def withdraw(self, *, with_index: bool = True, iban: str = IBAN) -> UUID:
        row_id = new_id()
        sealed = EncryptedColumn(OLD, COLUMN).encrypt(row_id, iban)
        user_id = await given.a_user(self.sessions)
        asked = Withdrawal(
            row_id, user_id, Decimal(10_000), iban[-4:], WithdrawalStatus.REQUESTED,
            None, None, None, None, NOW, None,
        )  # fmt: skip
        index = BlindIndex(INDEX, COLUMN).of(iban) if with_index else None
        async with self.sessions.begin() as session:
            await withdrawals.insert_once(session, asked, sealed, index)
        return row_id

    async def sealed(self, row_id: UUID) -> bytes:
        async with self.sessions() as session:
            return (await withdrawals.sealed_ibans(session, [row_id]))[row_id]

    async def to_this_account(self) -> list[UUID]:
        index = BlindIndex(INDEX, COLUMN).of(IBAN)
        async with self.sessions() as session:
            found = await withdrawals.page(session, iban_index=index, limit=100)
        return [one.id for one in found]

    async def lines(self) -> list[dict[str, str]]:
        statement = select(AuditRow).where(AuditRow.action == "keys_reencrypted")
        async with self.sessions() as session:
            rows = (await session.scalars(statement.order_by(AuditRow.seq))).all()
        assert {(row.actor_id, row.object) for row in rows} <= {(None, "key:k2")}
        return [row.details for row in rows]

    async def renew(self, batch: int = 2, ring: KeyRing = RING) -> Renewed:
        done = await reencryption.reencrypt(self.url, ring, batch)
        return {one.column: one for one in done}[COLUMN]

    async def count(self) -> Sequence[Use]:
        return (await reencryption.count(self.url))[COLUMN]


@pytest.fixture
def store(own_database: str, own_sessions: Sessions) -> Store:
    return Store(as_application(own_database), own_sessions)


async def test_values_come_under_the_new_key_and_stay_what_they_were(store: Store) -> None:
    rows = [await store.withdraw() for _ in range(5)]
    assert await store.count() == [Use("k1", 5, 0)]

    renewed = await store.renew(batch=2)

    assert (renewed.values, renewed.unreadable) == (5, [])
    assert await store.count() == [Use("k2", 5, 0)]
    only_new = EncryptedColumn({"k2": BOTH["k2"]}, COLUMN)
    assert {only_new.decrypt(row, await store.sealed(row)) for row in rows} == {IBAN}
    assert await store.lines() == [
        {"column": COLUMN, "values": "2"},
        {"column": COLUMN, "values": "2"},
        {"column": COLUMN, "values": "1"},
    ]


async def test_doing_it_twice_does_it_once(store: Store) -> None:
    row = await store.withdraw()
    await store.renew()
    before = await store.sealed(row)

    assert (await store.renew()).values == 0

    assert await store.sealed(row) == before
    assert len(await store.lines()) == 1


async def test_what_was_cut_off_goes_on_where_it_was(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    for _ in range(5):
        await store.withdraw()
    ask, asked = encrypted_values.stale, 0

    async def cut_off(*args: object, **named: object) -> object:
        nonlocal asked
        asked += 1
        if asked > 4:  # of which two are for the columns of accounts, in which there is nothing
            raise KeyboardInterrupt
        return await ask(*args, **named)  # type: ignore[arg-type]  # as it was called

    monkeypatch.setattr(encrypted_values, "stale", cut_off)
    with pytest.raises(KeyboardInterrupt):
        await store.renew(batch=1)
    monkeypatch.undo()
    assert await store.count() == [Use("k1", 3, 0), Use("k2", 2, 0)]

    assert (await store.renew()).values == 3


async def test_a_value_that_changed_meanwhile_is_left_to_whoever_changed_it(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    row = await store.withdraw()
    newer = EncryptedColumn(BOTH, COLUMN).encrypt(row, IBAN)
    ask = encrypted_values.stale

    async def and_somebody_writes(*args: object, **named: object) -> object:
        found = await ask(*args, **named)  # type: ignore[arg-type]  # as it was called
        async with store.sessions.begin() as session:
            await session.execute(
                update(WithdrawalRow).where(WithdrawalRow.id == row).values(iban=newer)
            )
        return found

    monkeypatch.setattr(encrypted_values, "stale", and_somebody_writes)

    assert (await store.renew()).values == 0

    assert await store.sealed(row) == newer
    assert await store.lines() == []


async def test_a_value_that_no_key_opens_is_named_and_holds_up_no_other(store: Store) -> None:
    broken, whole = await store.withdraw(), await store.withdraw()
    lost = EncryptedColumn({"k0": b"0" * 32}, COLUMN).encrypt(broken, IBAN)
    async with store.sessions.begin() as session:
        await session.execute(
            update(WithdrawalRow).where(WithdrawalRow.id == broken).values(iban=lost)
        )

    renewed = await store.renew(batch=1)

    assert (renewed.values, renewed.unreadable) == (1, [broken])
    assert f"{broken}, which no key of ours opens" in str(renewed)
    assert await store.sealed(broken) == lost
    assert (await store.sealed(whole))[2:4] == b"k2"
    said = reencryption.told(await reencryption.count(store.url), RING)
    assert f"{COLUMN}: 1 under k0, WHICH IS NOT IN ENCRYPTION_KEYS" in said


async def test_rows_from_before_the_index_are_found_once_it_is_filled_in(store: Store) -> None:
    early, late = await store.withdraw(with_index=False), await store.withdraw()
    await store.withdraw(iban="IR830120010000001387998021")
    assert await store.to_this_account() == [late]
    assert await store.count() == [Use("k1", 3, 1)]

    await store.renew(ring=KeyRing(OLD, INDEX))  # without a new key, too

    assert await store.to_this_account() == [late, early]
    assert await store.count() == [Use("k1", 3, 0)]


async def test_phones_of_accounts_are_renewed_too(store: Store) -> None:
    user_id = await given.a_user(store.sessions)
    old = PersonalData.under(OLD, INDEX)
    async with store.sessions.begin() as session:
        await session.execute(
            update(User).where(User.id == user_id).values(old.sealed_phone(user_id, PHONE))
        )

    await store.renew()

    async with store.sessions() as session:
        user = await session.get_one(User, user_id)
    assert PersonalData.under({"k2": BOTH["k2"]}, INDEX).phone_of(user) == PHONE


def test_a_new_key_is_a_key_and_has_an_id_of_its_own() -> None:
    known = ["k2", "k1", "k4"]

    name, key = reencryption.new_key(known).split(":")

    assert name not in known
    assert len(base64.b64decode(key, validate=True)) == 32
    assert reencryption.new_key(known) != reencryption.new_key(known)
