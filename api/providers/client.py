"""Authlib's client for one provider, and what it raises in the words of our own refusals."""

import asyncio
import re
import ssl
import warnings
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Final, Protocol

import authlib.deprecate  # puts its own filter first, so it has to be there before ours
import httpx
import structlog
from joserfc.errors import JoseError

from domain.errors import GatewayRefused, GatewayUnavailable, IdentityRefused
from domain.identity import Provider, Registration

with warnings.catch_warnings():
    # docs/decisions/0009-httpx.md says why it is httpx and not its successor.
    warnings.filterwarnings(
        "ignore", "The httpx module", authlib.deprecate.AuthlibDeprecationWarning
    )
    from authlib.integrations.starlette_client import OAuthError, StarletteOAuth2App

_STEP_TIMEOUT: Final = timedelta(seconds=5)
_WHOLE_TIMEOUT: Final = timedelta(seconds=10)
# Read from a file and parsed, which takes longer than all the rest of making a client.
_TRUSTED: Final = ssl.create_default_context()
# A code that is wrong, used or made for another verifier, as the two kinds of provider name it;
# and people who changed their mind.
_NO: Final = frozenset({"invalid_grant", "bad_verification_code", "access_denied"})
_BUSY: Final = frozenset({"server_error", "temporarily_unavailable"})
_CODE_OF_AN_ERROR: Final = re.compile(r"[a-z_]{1,64}")
log = structlog.get_logger("api")


Token = Mapping[str, object]


class Client(Protocol):
    """What we use of Authlib, which has no types."""

    async def create_authorization_url(
        self, redirect_uri: str, **handshake: str
    ) -> Mapping[str, str]: ...

    async def fetch_access_token(
        self, redirect_uri: str, *, code: str, code_verifier: str
    ) -> Token: ...

    async def parse_id_token(
        self, token: Token, nonce: str, claims_options: Mapping[str, object], *, leeway: int
    ) -> Mapping[str, object] | None: ...

    async def get(
        self, path: str, *, token: Token, headers: Mapping[str, str]
    ) -> httpx.Response: ...


def client_of(registration: Registration, scope: str, **where: object) -> Client:
    """Make a client that has no session of its own: state, nonce and verifier are the caller's."""
    client: Client = StarletteOAuth2App(
        None,
        registration.provider,
        client_id=registration.client_id,
        client_secret=registration.client_secret,
        client_kwargs={
            "scope": scope,
            "code_challenge_method": "S256",
            "token_endpoint_auth_method": "client_secret_post",
            "timeout": _STEP_TIMEOUT.total_seconds(),
            "verify": _TRUSTED,
        },
        **where,
    )
    return client


async def fetch(url: str) -> bytes:
    """Return what stands at an address; within `asking`."""
    timeout = _STEP_TIMEOUT.total_seconds()
    async with httpx.AsyncClient(timeout=timeout, verify=_TRUSTED) as http:
        answer = await http.get(url)
    return answer.raise_for_status().content


@asynccontextmanager
async def asking(provider: Provider) -> AsyncIterator[None]:
    """Bound the time of what is asked of a provider, and say in our words how it failed.

    Raises:
        IdentityRefused: It does not take the code, or its token proves nothing.
        GatewayRefused: It does not take us: a person has to look at our registration there.
        GatewayUnavailable: It is away, slow, or answers what nobody can read.
    """
    try:
        async with asyncio.timeout(_WHOLE_TIMEOUT.total_seconds()):
            yield
    except JoseError as error:
        _note(provider, "bad_token", type(error).__name__)
        raise IdentityRefused from error
    except OAuthError as error:
        raise refusal_of(provider, str(error.error)) from error
    except (httpx.HTTPError, httpx.InvalidURL, TimeoutError) as error:
        _note(provider, "unavailable", type(error).__name__)
        raise GatewayUnavailable("The provider does not answer. Try again soon.") from error
    except (ValueError, LookupError, TypeError) as error:
        # The libraries meet a malformed answer in as many ways as it can be malformed.
        _note(provider, "unreadable", type(error).__name__)
        raise GatewayUnavailable("The provider's answer cannot be read.") from error


def refusal_of(
    provider: Provider, error: str
) -> IdentityRefused | GatewayRefused | GatewayUnavailable:
    """Say what an error means that a provider names, to us or to the browser."""
    _note(provider, "refused", error if _CODE_OF_AN_ERROR.fullmatch(error) else "")
    if error in _NO:
        return IdentityRefused()
    if error in _BUSY:
        return GatewayUnavailable("The provider does not answer. Try again soon.")
    return GatewayRefused("The provider does not take our request.")


def _note(provider: Provider, what: str, reason: str) -> None:
    log.warning("provider_failed", provider=provider, what=what, reason=reason)
