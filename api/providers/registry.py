"""The providers that one can log in with here: those whose credentials are configured."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Self

from api.paths import PREFIX
from api.providers.github import GitHubProvider
from api.providers.oidc import OidcProvider
from api.providers.provider import IdentityProvider
from domain.errors import NotFound
from domain.identity import Provider, Registration


@dataclass(frozen=True)
class IdentityProviders:
    """Attributes.

    api_url: Where browsers reach us. It is configured: a Host header could be anybody's.
    """

    by_name: Mapping[Provider, IdentityProvider]
    api_url: str

    @classmethod
    def of(cls, registrations: Iterable[Registration], api_url: str) -> Self:
        return cls({one.provider: _made(one) for one in registrations}, api_url.rstrip("/"))

    def get(self, provider: Provider) -> IdentityProvider:
        """Return a provider.

        Raises:
            NotFound: It is not offered here.
        """
        if provider not in self.by_name:
            raise NotFound("This provider is not offered.")
        return self.by_name[provider]

    def redirect_uri(self, provider: Provider) -> str:
        """Return where it sends browsers: each has a path of its own, and none is another."""
        return f"{self.api_url}{PREFIX}/auth/oauth/{provider}/callback/"


def _made(registration: Registration) -> IdentityProvider:
    if registration.provider is Provider.GITHUB:
        return GitHubProvider.of(registration)
    return OidcProvider(registration)
