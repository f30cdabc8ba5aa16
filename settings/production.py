"""What settings must never be where strangers can reach the system: nothing starts with them.

Settings ask. Each complaint names the setting and says what to do, and never its value.
"""

from collections import Counter
from collections.abc import Iterator
from ipaddress import ip_address
from itertools import chain
from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit

if TYPE_CHECKING:
    from settings import Settings

_MAKE: Final = "make one with: python3 -c 'import secrets; print(secrets.token_urlsafe(32))'"
_SAMPLES: Final = ("change", "example", "insecure", "placeholder", "sample")
_BEGINNINGS: Final = ("password", "secret", "test", "your")
_MADE_HERE: Final = (
    "secret_key",
    "jwt_secret",
    "index_key",
    "postmark_webhook_password",
    "whatsapp_verify_token",
    "kavenegar_webhook_secret",
)
_FEWEST_CHARACTERS: Final = 8  # different ones; chance uses some thirty
_OF_THIS_MACHINE: Final = (".localhost", ".local", ".test", ".internal", ".lan")


def complaints(settings: "Settings") -> list[str]:
    """Return what keeps these settings from being used; nothing, if they may be."""
    checks = _ANYWHERE + ((_IN_DEBUG,) if settings.debug else _IN_PRODUCTION)
    return list(chain.from_iterable(check(settings) for check in checks))


def _origins(settings: "Settings") -> Iterator[str]:
    for origin in settings.cors_origins or ():
        parts = urlsplit(origin)
        if "*" in origin or not parts.netloc or origin != f"{parts.scheme}://{parts.netloc}":
            yield (
                "CORS_ORIGINS are exact, as browsers write them: https://app.example.com."
                " With `*` any page could act for whoever is logged in"
            )


def _cookies(settings: "Settings") -> Iterator[str]:
    if not all(map(_is_near, settings.allowed_hosts)):
        yield (
            "DEBUG sends cookies over plain http, and ALLOWED_HOSTS names a public host:"
            " turn DEBUG off there"
        )


def _secrets(settings: "Settings") -> Iterator[str]:
    named = _own_secrets(settings)
    for name, secret in named:
        if _is_sample(secret):
            yield f"{name} is one that others know or can guess: {_MAKE}"
    if max(Counter(secret for _, secret in named).values()) > 1:
        names = ", ".join(dict.fromkeys(name for name, _ in named))
        yield f"one secret is used twice among {names}: each has its own, {_MAKE}"


def _hosts(settings: "Settings") -> Iterator[str]:
    if "*" in settings.allowed_hosts:
        yield "ALLOWED_HOSTS is `*`: name the hosts by which browsers and probes reach the API"


def _plain_pages(settings: "Settings") -> Iterator[str]:
    for origin in settings.cors_origins or ():
        if _is_plain(origin):
            yield "CORS_ORIGINS has a page of plain http, which anybody on the way can change"
    for name in ("frontend_url", "api_url", "zarinpal_callback_url"):
        if _is_plain(getattr(settings, name)):
            yield f"{name.upper()} is plain http: use https (or localhost, on one's own machine)"


def _simulators(settings: "Settings") -> Iterator[str]:
    for name in type(settings).model_fields:
        if name.endswith("_base_url"):
            parts = urlsplit(getattr(settings, name) or "")
            if parts.scheme != "https" or _is_near(parts.hostname or ""):
                yield f"{name.upper()} is a simulator or plain http: only the real one moves money"


def _codec(settings: "Settings") -> Iterator[str]:
    if settings.codec_open_to_loopback:
        yield "CODEC_OPEN_TO_LOOPBACK is for a sandbox: behind a proxy everybody is this machine"


def _crash_points(settings: "Settings") -> Iterator[str]:
    if settings.crash_at is not None:
        yield "CRASH_AT is for tests: without DEBUG no process ends by appointment"


_ANYWHERE: Final = (_origins,)
_IN_DEBUG: Final = _cookies
_IN_PRODUCTION: Final = (_secrets, _hosts, _plain_pages, _simulators, _codec, _crash_points)


def _own_secrets(settings: "Settings") -> list[tuple[str, str]]:
    """Return the secrets that this deployment makes itself, those of others left out."""
    single = {
        name.upper(): secret.get_secret_value()
        for name in _MADE_HERE
        if (secret := getattr(settings, name)) is not None
    }
    previous = (("JWT_PREVIOUS_SECRETS", one) for one in settings.previous_jwt_secrets())
    keys = (("ENCRYPTION_KEYS", key.decode("latin1")) for key in settings.keyring().values())
    return [*single.items(), *previous, *keys]


def _is_sample(secret: str) -> bool:
    lower = secret.lower()
    if any(word in lower for word in _SAMPLES) or lower.startswith(_BEGINNINGS):
        return True
    is_repeated = secret in (secret + secret)[1:-1]
    return is_repeated or len(set(secret)) < _FEWEST_CHARACTERS


def _is_plain(url: str) -> bool:
    parts = urlsplit(url)
    return parts.scheme == "http" and not _is_this_machine(parts.hostname or "")


def _is_this_machine(host: str) -> bool:
    return host in {"localhost", "127.0.0.1", "::1"} or host.endswith(".localhost")


def _is_near(host: str) -> bool:
    """Tell whether a name is of this machine or its own network, where nobody is a stranger."""
    try:
        return ip_address(host.strip("[]")).is_private
    except ValueError:
        return host != "*" and ("." not in host or host.endswith(_OF_THIS_MACHINE))
