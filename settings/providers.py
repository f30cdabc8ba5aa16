"""The providers that one can log in with, as the settings describe them."""

from typing import TYPE_CHECKING

from pydantic import SecretStr

from domain.identity import Provider, Registration

if TYPE_CHECKING:
    from settings import Settings


def check(settings: "Settings") -> None:
    """Refuse half a provider, and one that secrets would reach over plain http.

    Raises:
        ValueError: It names the setting.
    """
    for provider in Provider:
        name, parts = provider.upper(), _credentials(settings, provider)
        if any(parts) and not all(parts):
            raise ValueError(f"{name}_CLIENT_ID needs {name}_CLIENT_SECRET, and the reverse")
    if settings.auth0_client_id and not (settings.auth0_domain or settings.auth0_issuer):
        raise ValueError("AUTH0_CLIENT_ID needs AUTH0_DOMAIN")
    found = registrations(settings)
    urls = [url for one in found for url in (one.issuer, one.api_url, settings.api_url) if url]
    if not settings.debug and not all(url.startswith("https://") for url in urls):
        raise ValueError("logins with providers need https: API_URL and theirs (or DEBUG)")


def registrations(settings: "Settings") -> tuple[Registration, ...]:
    """Return those whose credentials are set."""
    google, github, auth0 = (_credentials(settings, provider) for provider in Provider)
    # Auth0 ends the name of an issuer with a slash.
    tenant = settings.auth0_issuer or f"https://{settings.auth0_domain}/"
    every = (
        Registration(Provider.GOOGLE, *google, settings.google_issuer),
        Registration(Provider.GITHUB, *github, settings.github_url, settings.github_api_url),
        Registration(Provider.AUTH0, *auth0, tenant),
    )
    return tuple(one for one in every if one.client_id)


def _credentials(settings: "Settings", provider: Provider) -> tuple[str, str]:
    client_id: str | None = getattr(settings, f"{provider}_client_id")
    secret: SecretStr | None = getattr(settings, f"{provider}_client_secret")
    return client_id or "", secret.get_secret_value() if secret else ""
