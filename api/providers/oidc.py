"""A provider that speaks OpenID Connect: Google and Auth0. Its token says who somebody is."""

import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Final, NamedTuple

from pydantic import BaseModel

from api.providers.client import Client, asking, client_of, fetch
from api.providers.provider import Answer, Handshake, described
from domain.errors import GatewayUnavailable, IdentityRefused
from domain.identity import Identity, Registration

# Asymmetric ones only: with another kind, who verifies a token could also have made it.
_ALGORITHMS: Final = ("RS256", "PS256", "ES256")
_LEEWAY_S: Final = 60  # between the provider's clock and ours
# Authlib keeps a provider's keys for as long as its client lives, so clients are renewed.
_CLIENT_LIFETIME: Final = timedelta(hours=1)


class Metadata(BaseModel):
    """What we read of a provider's description of itself (OpenID Connect Discovery)."""

    issuer: str
    authorization_endpoint: str
    token_endpoint: str
    jwks_uri: str
    authorization_response_iss_parameter_supported: bool = False


class Known(NamedTuple):
    """A provider that has described itself."""

    client: Client
    names_itself: bool
    until: float


@dataclass
class OidcProvider:
    registration: Registration
    _known: Known | None = field(default=None, repr=False)

    async def page(self, redirect_uri: str, handshake: Handshake) -> str:
        async with asking(self.registration.provider):
            known = await self._introduced()
            made = await known.client.create_authorization_url(
                redirect_uri,
                state=handshake.state,
                nonce=handshake.nonce,
                code_verifier=handshake.verifier,
            )
        return str(made["url"])

    async def identity(
        self, redirect_uri: str, answer: Answer, *, nonce: str, verifier: str
    ) -> Identity:
        async with asking(self.registration.provider):
            known = await self._introduced()
            self._check_sender(known, answer.issuer)
            token = await known.client.fetch_access_token(
                redirect_uri, code=answer.code, code_verifier=verifier
            )
            claims = await known.client.parse_id_token(
                token, nonce, self._expected(), leeway=_LEEWAY_S
            )
        return self._described(claims or {})

    def _check_sender(self, known: Known, issuer: str | None) -> None:
        """Refuse an answer that another provider's server has sent us (RFC 9207)."""
        if issuer is None and not known.names_itself:
            return
        if issuer != self.registration.issuer:
            raise IdentityRefused

    def _expected(self) -> dict[str, dict[str, object]]:
        ours = self.registration
        values = {"iss": ours.issuer, "aud": ours.client_id}
        return {name: {"essential": True, "value": value} for name, value in values.items()}

    def _described(self, claims: Mapping[str, object]) -> Identity:
        return described(
            self.registration,
            claims.get("sub"),
            email=claims.get("email"),
            # A text that says "true", as some send it, is not what the standard calls verified.
            is_proven=claims.get("email_verified") is True,
            name=claims.get("name"),
        )

    async def _introduced(self) -> Known:
        if self._known is None or self._known.until < time.monotonic():
            self._known = await self._ask_to_describe_itself()
        return self._known

    async def _ask_to_describe_itself(self) -> Known:
        issuer = self.registration.issuer
        answer = await fetch(f"{issuer.rstrip('/')}/.well-known/openid-configuration")
        found = Metadata.model_validate_json(answer)
        endpoints = (found.authorization_endpoint, found.token_endpoint, found.jwks_uri)
        # As safe as the issuer that we were told of, and no other than that one.
        scheme = issuer.partition("://")[0]
        if found.issuer != issuer or any(not url.startswith(f"{scheme}://") for url in endpoints):
            raise GatewayUnavailable("The provider describes itself as another.")
        client = client_of(
            self.registration,
            "openid email profile",
            authorize_url=found.authorization_endpoint,
            access_token_url=found.token_endpoint,
            jwks_uri=found.jwks_uri,
            id_token_signing_alg_values_supported=_ALGORITHMS,
        )
        until = time.monotonic() + _CLIENT_LIFETIME.total_seconds()
        return Known(client, found.authorization_response_iss_parameter_supported, until)
