"""GitHub, which speaks OAuth 2.0 without OpenID Connect: who somebody is has to be asked for."""

from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Final, Self

from pydantic import BaseModel, TypeAdapter

from api.providers.client import Client, Token, asking, client_of
from api.providers.provider import Answer, Handshake, described
from domain.errors import GatewayRefused, GatewayUnavailable
from domain.identity import Identity, Registration

_HEADERS: Final = {"Accept": "application/vnd.github+json", "X-GitHub-Api-Version": "2022-11-28"}
_NOT_NOW: Final = frozenset({HTTPStatus.FORBIDDEN, HTTPStatus.TOO_MANY_REQUESTS})


class User(BaseModel):
    """`id` is for ever; a `login` that was given up becomes another's."""

    id: int
    login: str
    name: str | None = None


class Address(BaseModel):
    email: str
    primary: bool
    verified: bool


_ADDRESSES: Final = TypeAdapter(list[Address])


@dataclass(frozen=True)
class GitHubProvider:
    registration: Registration
    _client: Client = field(repr=False)

    @classmethod
    def of(cls, registration: Registration) -> Self:
        site = registration.issuer.rstrip("/")
        client = client_of(
            registration,
            "read:user user:email",
            authorize_url=f"{site}/login/oauth/authorize",
            access_token_url=f"{site}/login/oauth/access_token",
            api_base_url=f"{registration.api_url.rstrip('/')}/",
        )
        return cls(registration, client)

    async def page(self, redirect_uri: str, handshake: Handshake) -> str:
        made = await self._client.create_authorization_url(
            redirect_uri, state=handshake.state, code_verifier=handshake.verifier
        )
        return str(made["url"])

    async def identity(
        self,
        redirect_uri: str,
        answer: Answer,
        *,
        nonce: str,  # noqa: ARG002  (there is no token to find it in)
        verifier: str,
    ) -> Identity:
        async with asking(self.registration.provider):
            token = await self._client.fetch_access_token(
                redirect_uri, code=answer.code, code_verifier=verifier
            )
            user = User.model_validate_json(await self._get("user", token))
            addresses = _ADDRESSES.validate_json(await self._get("user/emails", token))
        return described(
            self.registration,
            str(user.id),
            # The address in the profile is chosen for others to see, and may be nobody's.
            email=next((one.email for one in addresses if one.primary and one.verified), None),
            is_proven=True,
            name=user.name or user.login,
        )

    async def _get(self, path: str, token: Token) -> bytes:
        answer = await self._client.get(path, token=token, headers=_HEADERS)
        if answer.status_code in _NOT_NOW or answer.is_server_error:
            raise GatewayUnavailable("The provider does not answer. Try again soon.")
        if answer.status_code != HTTPStatus.OK:
            raise GatewayRefused("The provider does not take our request.")
        return bytes(answer.content)
