"""What identifies a person beyond their address: encrypted where it is stored, found by its hash.

Whoever reads or writes `users.phone` and `users.national_id` does it through here.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Self
from uuid import UUID

from models.encrypted import USER_NATIONAL_ID, USER_PHONE, BlindIndex, EncryptedColumn
from models.user import User


@dataclass(frozen=True)
class PersonalData:
    phones: EncryptedColumn
    national_ids: EncryptedColumn
    phone_index: BlindIndex
    national_id_index: BlindIndex

    @classmethod
    def under(cls, keys: Mapping[str, bytes], index_key: bytes) -> Self:
        """Derive the keys of each column from the ring, and from the key of all indexes."""
        return cls(
            EncryptedColumn(keys, USER_PHONE.name),
            EncryptedColumn(keys, USER_NATIONAL_ID.name),
            BlindIndex(index_key, USER_PHONE.name),
            BlindIndex(index_key, USER_NATIONAL_ID.name),
        )

    def sealed_phone(self, user_id: UUID, phone: str | None) -> dict[str, bytes | None]:
        """Return the values of the columns that hold a phone number."""
        if phone is None:
            return {"phone": None, "phone_index": None}
        return {
            "phone": self.phones.encrypt(user_id, phone),
            "phone_index": self.phone_index.of(phone),
        }

    def sealed_national_id(self, user_id: UUID, national_id: str | None) -> dict[str, bytes | None]:
        """Return the values of the columns that hold a national id."""
        if national_id is None:
            return {"national_id": None, "national_id_index": None}
        return {
            "national_id": self.national_ids.encrypt(user_id, national_id),
            "national_id_index": self.national_id_index.of(national_id),
        }

    def phone_of(self, user: User) -> str | None:
        return None if user.phone is None else self.phones.decrypt(user.id, user.phone)

    def national_id_of(self, user: User) -> str | None:
        sealed = user.national_id
        return None if sealed is None else self.national_ids.decrypt(user.id, sealed)
