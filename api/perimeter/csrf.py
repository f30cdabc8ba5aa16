"""Signed double submit: what a browser must repeat in a header when a cookie speaks for it."""

import hashlib
import hmac
from dataclasses import dataclass
from typing import Final
from uuid import UUID

from api.problems import Refusal

HEADER: Final = "X-CSRF-Token"
SAFE_METHODS: Final = frozenset({"GET", "HEAD", "OPTIONS"})


@dataclass(frozen=True)
class Csrf:
    """Tokens belong to a session, so a cookie planted by a sibling host is of no use."""

    secret: bytes

    def token(self, session_id: UUID) -> str:
        return hmac.new(self.secret, b"csrf" + session_id.bytes, hashlib.sha256).hexdigest()

    def check(self, given: str | None, session_id: UUID) -> None:
        """Refuse an unsafe request whose cookie came without the matching header."""
        expected = self.token(session_id)
        if not hmac.compare_digest((given or "").encode(), expected.encode()):
            raise Refusal("csrf_failed", f"Send the CSRF token of this session as {HEADER}.")
