"""Access tokens (signed, minutes) and refresh tokens (opaque, days). No cookies, no database."""

import hashlib
import secrets
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import Final
from uuid import UUID

import jwt
from jwt.types import Options

from domain.errors import NotAuthenticated

_ALGORITHM: Final = "HS256"
_TYPE: Final = "at+jwt"  # RFC 9068: no other kind of token of ours is taken for this one
_ISSUER: Final = "assets"
_AUDIENCE: Final = "assets-api"
_LEEWAY: Final = timedelta(seconds=5)  # between the clocks of two machines
_EXPIRED: Final = "The access token has expired; refresh it."
_OPTIONS: Final[Options] = {
    "require": ["exp", "iat", "nbf", "iss", "aud", "sub", "sid", "jti"],
    "strict_aud": True,
    "enforce_minimum_key_length": True,
}


@dataclass(frozen=True)
class Access:
    """Who a valid access token speaks for."""

    user_id: UUID
    session_id: UUID


@dataclass(frozen=True)
class AccessTokens:
    """Attributes.

    secret: Signs new tokens.
    previous: Signed those that were given out before, and count while they live.
    """

    secret: str
    lifetime: timedelta
    previous: tuple[str, ...] = ()

    def issue(self, access: Access) -> tuple[str, datetime]:
        """Return a token and when it expires."""
        now = datetime.now(UTC).replace(microsecond=0)
        expires_at = now + self.lifetime
        claims = {
            "iss": _ISSUER,
            "aud": _AUDIENCE,
            "sub": str(access.user_id),
            "sid": str(access.session_id),
            "jti": secrets.token_urlsafe(12),
            "iat": now,
            "nbf": now,
            "exp": expires_at,
        }
        headers = {"typ": _TYPE, "kid": _key_id(self.secret)}
        return jwt.encode(claims, self.secret, algorithm=_ALGORITHM, headers=headers), expires_at

    def read(self, token: str) -> tuple[Access, datetime]:
        """Return who a token speaks for, and when it expires.

        Raises:
            NotAuthenticated: It is not ours, not an access token, or not valid now.
        """
        access, expires_at = _verified((self.secret, *self.previous), token)
        if expires_at + _LEEWAY <= datetime.now(UTC):
            raise NotAuthenticated(_EXPIRED)
        return access, expires_at


def _key_id(secret: str) -> str:
    return hashlib.sha256(secret.encode()).hexdigest()[:16]


@lru_cache(maxsize=10_000)
def _verified(keys: tuple[str, ...], token: str) -> tuple[Access, datetime]:
    """Check a token as a whole. What was valid once stays so until it expires: `read` looks."""
    try:
        decoded = jwt.decode_complete(
            token,
            _key_of(token, keys),
            algorithms=[_ALGORITHM],
            audience=_AUDIENCE,
            issuer=_ISSUER,
            leeway=_LEEWAY,
            options=_OPTIONS,
        )
        if decoded["header"].get("typ") != _TYPE:
            raise NotAuthenticated("This is not an access token.")
        claims = decoded["payload"]
        expires_at = datetime.fromtimestamp(claims["exp"], UTC)
        return Access(UUID(claims["sub"]), UUID(claims["sid"])), expires_at
    except jwt.ExpiredSignatureError as error:
        raise NotAuthenticated(_EXPIRED) from error
    except (jwt.InvalidTokenError, ValueError, AttributeError) as error:
        raise NotAuthenticated("The access token is not valid.") from error


def _key_of(token: str, keys: tuple[str, ...]) -> str:
    """Return the key that a token names. No other is tried, and one that names none is refused."""
    named = jwt.get_unverified_header(token).get("kid")
    for key in keys:
        if _key_id(key) == named:
            return key
    raise NotAuthenticated("The access token is signed with a key that is not ours.")


def new_refresh_token() -> str:
    return secrets.token_urlsafe(32)


def digest(refresh_token: str) -> bytes:
    """Return what is stored of a refresh token. 256 random bits need no salt and no slow hash."""
    return hashlib.sha256(refresh_token.encode()).digest()
