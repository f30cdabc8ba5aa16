"""What every provider can do: send a browser to log in, and say afterwards who it was."""

import re
import secrets
from dataclasses import dataclass, field
from typing import Final, Protocol, Self

from pydantic import TypeAdapter, ValidationError

from api.schemas.auth import Email
from api.schemas.common import Title
from domain.errors import IdentityRefused
from domain.identity import Identity, Registration

# OpenID Connect Core, section 2: at most 255 ASCII characters.
_SUBJECT: Final = re.compile(r"[\x20-\x7e]{1,255}")
_EMAIL: Final[TypeAdapter[str]] = TypeAdapter(Email)
_NAME: Final[TypeAdapter[str]] = TypeAdapter(Title)


@dataclass(frozen=True)
class Handshake:
    """What ties the end of a login to its beginning.

    Attributes:
        state: The browser brings it back.
        nonce: The provider repeats it inside of its token.
        verifier: Only its hash is sent at first; who knows it gets the token (RFC 7636).
    """

    state: str = field(repr=False)
    nonce: str = field(repr=False)
    verifier: str = field(repr=False)

    @classmethod
    def new(cls) -> Self:
        return cls(secrets.token_urlsafe(32), secrets.token_urlsafe(32), secrets.token_urlsafe(48))


@dataclass(frozen=True)
class Answer:
    """What the browser brings from the provider, besides the state.

    Attributes:
        code: To be exchanged once for who they are.
        issuer: Who says to have sent it (RFC 9207); None if that is not said.
    """

    code: str = field(repr=False)
    issuer: str | None


class IdentityProvider(Protocol):
    """Its calls raise IdentityRefused, GatewayRefused or GatewayUnavailable."""

    async def page(self, redirect_uri: str, handshake: Handshake) -> str:
        """Return where a browser logs in; the provider sends it on to `redirect_uri`."""

    async def identity(
        self, redirect_uri: str, answer: Answer, *, nonce: str, verifier: str
    ) -> Identity:
        """Return who logged in. Works once for each answer."""


def described(
    registration: Registration, subject: object, *, email: object, is_proven: bool, name: object
) -> Identity:
    """Make an identity of what a provider says, which may be anything.

    Raises:
        IdentityRefused: It names nobody in particular.
    """
    if not isinstance(subject, str) or not _SUBJECT.fullmatch(subject):
        raise IdentityRefused
    address = _read(_EMAIL, email)
    return Identity(
        provider=registration.provider,
        issuer=registration.issuer,
        subject=subject,
        email=address,
        is_email_proven=address is not None and is_proven,
        full_name=_read(_NAME, name),
    )


def _read(form: TypeAdapter[str], value: object) -> str | None:
    try:
        return form.validate_python(value)
    except ValidationError:
        return None
