"""How the secrets that prove an address are made, and what of them is stored."""

import hashlib
import secrets
from dataclasses import dataclass
from typing import Final, Self
from uuid import UUID

from domain.messages.notice import NoticeKind
from models.encrypted import BlindIndex

_CODE_DIGITS: Final = 6
_TOKEN_BYTES: Final = 32


def new_token() -> str:
    return secrets.token_urlsafe(_TOKEN_BYTES)


def new_code() -> str:
    return f"{secrets.randbelow(10**_CODE_DIGITS):0{_CODE_DIGITS}}"


def token_digest(token: str) -> bytes:
    """Return what is stored of a link's token: 256 random bits need no key and no slow hash."""
    return hashlib.sha256(token.encode()).digest()


@dataclass(frozen=True)
class AccountSecrets:
    """Codes have so few digits that only a key outside the database hides them."""

    codes: BlindIndex

    @classmethod
    def under(cls, index_key: bytes) -> Self:
        return cls(BlindIndex(index_key, "account_tokens.digest"))

    def code_digest(self, user_id: UUID, code: str) -> bytes:
        """Return what is stored of a code, which is another thing for each user."""
        return self.codes.of(f"{user_id}:{code}")

    def new(self, kind: NoticeKind, user_id: UUID) -> tuple[str, bytes]:
        """Make a secret for a message, and what is stored of it."""
        if kind is NoticeKind.PHONE_CODE:
            code = new_code()
            return code, self.code_digest(user_id, code)
        token = new_token()
        return token, token_digest(token)
