"""What production must not start with is refused, in words that say what to do and no secret."""

import base64
import secrets
from typing import Any

import pytest
from pydantic import ValidationError

from api.app import create_app
from settings import Settings
from tests.conftest import environment


def a_key() -> str:
    return base64.b64encode(secrets.token_bytes(32)).decode()


SECRET = secrets.token_urlsafe(32)
PRODUCTION = {
    "DEBUG": "false",
    "SECRET_KEY": SECRET,
    "JWT_SECRET": secrets.token_hex(32),
    "INDEX_KEY": secrets.token_urlsafe(32),
    "ENCRYPTION_KEYS": f"k2:{a_key()},k1:{a_key()}",
    "ALLOWED_HOSTS": "api.example.com,127.0.0.1",
    "FRONTEND_URL": "https://app.example.com",
    "API_URL": "https://api.example.com",
    "DATABASE_URL": "postgresql://assets:word@db/assets",
    "ZARINPAL_BASE_URL": "https://payment.zarinpal.com",
    "POSTMARK_BASE_URL": "https://api.postmarkapp.com",
    "KAVENEGAR_BASE_URL": "https://api.kavenegar.com",
    "WHATSAPP_BASE_URL": "https://graph.facebook.com",
    "ZARINPAL_MERCHANT_ID": "8d7c1f52-0000-4000-8000-000000000000",
    "ZARINPAL_CALLBACK_URL": "https://api.example.com/api/v1/payments/verify/",
}


def read(**changes: str) -> Settings:
    values: dict[str, Any] = {name.lower(): value for name, value in (PRODUCTION | changes).items()}
    return Settings(_env_file=None, **values)


def refused(**changes: str) -> str:
    with pytest.raises(ValidationError) as error:
        read(**changes)
    said = str(error.value)
    assert not any(value in said for value in changes.values() if len(value) >= 32), said
    return said


def test_what_is_in_order_starts() -> None:
    assert create_app(read()).title == "Assets"


def test_the_frontend_may_be_on_ones_own_machine() -> None:
    read(FRONTEND_URL="http://localhost:3000", CORS_ORIGINS="http://127.0.0.1:3000")


TESTS = environment("", "")


@pytest.mark.parametrize("name", ["SECRET_KEY", "JWT_SECRET", "INDEX_KEY", "ENCRYPTION_KEYS"])
def test_the_secrets_of_our_tests_are_no_secrets(name: str) -> None:
    assert f"{name} is one that others know" in refused(**{name: TESTS[name]})


@pytest.mark.parametrize(
    "secret",
    [
        "changeme-changeme-changeme-changeme-1",
        "please-CHANGE-this-secret-before-you-go-live",
        "django-insecure-0x9f8a7b6c5d4e3f2a1b0c9d8e7f",
        "secret-secret-secret-secret-secret-secret-no",
        "your-256-bit-secret-goes-in-here-ok",
        "a" * 43,
        "0123456789abcdef" * 4,
        "example-key-with-a-lot-of-characters-in-it",
    ],
)
def test_a_secret_that_can_be_guessed_is_refused(secret: str) -> None:
    assert "secrets.token_urlsafe(32)" in refused(JWT_SECRET=secret)


def test_an_earlier_secret_that_can_be_guessed_is_refused() -> None:
    said = refused(JWT_PREVIOUS_SECRETS=f"{secrets.token_urlsafe(32)},{'ab' * 20}")

    assert "JWT_PREVIOUS_SECRETS is one that others know" in said


@pytest.mark.parametrize("name", ["SECRET_KEY", "JWT_SECRET", "INDEX_KEY"])
def test_a_short_secret_is_refused(name: str) -> None:
    said = refused(**{name: "8b1Kz0pQx7"})

    assert name.lower() in said
    assert "at least 32" in said


@pytest.mark.parametrize(
    "changes",
    [
        {"JWT_SECRET": SECRET},
        {"INDEX_KEY": SECRET},
        {"JWT_PREVIOUS_SECRETS": SECRET},
        {"ENCRYPTION_KEYS": "k2:{0},k1:{0}".format(a_key())},
    ],
)
def test_one_secret_for_two_uses_is_refused(changes: dict[str, str]) -> None:
    assert "one secret is used twice" in refused(**changes)


def test_every_host_is_refused() -> None:
    assert "ALLOWED_HOSTS is `*`" in refused(ALLOWED_HOSTS="api.example.com,*")


@pytest.mark.parametrize("debug", ["true", "false"])
@pytest.mark.parametrize(
    "origins", ["*", "https://*.example.com", "https://app.example.com/", "app.example.com", "null"]
)
def test_origins_that_are_not_exact_are_refused_everywhere(origins: str, debug: str) -> None:
    said = refused(CORS_ORIGINS=origins, DEBUG=debug, ALLOWED_HOSTS="localhost")

    assert "CORS_ORIGINS are exact" in said


def test_pages_of_plain_http_are_refused() -> None:
    said = refused(CORS_ORIGINS="https://app.example.com,http://app.example.com")

    assert "CORS_ORIGINS has a page of plain http" in said


@pytest.mark.parametrize("name", ["FRONTEND_URL", "API_URL", "ZARINPAL_CALLBACK_URL"])
def test_urls_of_plain_http_are_refused(name: str) -> None:
    assert f"{name} is plain http" in refused(**{name: "http://www.example.com/a/"})


@pytest.mark.parametrize("host", ["api.example.com", "*", "5.160.139.1", "*.example.com"])
def test_cookies_without_secure_are_refused_for_a_public_host(host: str) -> None:
    assert "turn DEBUG off" in refused(DEBUG="true", ALLOWED_HOSTS=f"localhost,{host}")


@pytest.mark.parametrize("host", ["localhost", "192.168.1.7", "laptop", "shop.test", "[::1]"])
def test_development_goes_on_where_nobody_is_a_stranger(host: str) -> None:
    read(DEBUG="true", ALLOWED_HOSTS=host, SECRET_KEY="a" * 32, API_URL="http://localhost")


@pytest.mark.parametrize(
    "name",
    [
        "ZARINPAL_BASE_URL",
        "POSTMARK_BASE_URL",
        "SENDGRID_BASE_URL",
        "KAVENEGAR_BASE_URL",
        "TWILIO_BASE_URL",
        "WHATSAPP_BASE_URL",
    ],
)
@pytest.mark.parametrize(
    "url",
    [
        "http://127.0.0.1:8010",
        "https://localhost:8010",
        "http://payment.zarinpal.com",
        "https://simulator:8010",
        "https://10.0.0.4/",
        "",
    ],
)
def test_a_simulator_is_refused(name: str, url: str) -> None:
    assert f"{name} is a simulator" in refused(**{name: url})


def test_a_codec_for_everybody_is_refused() -> None:
    assert "CODEC_OPEN_TO_LOOPBACK is for a sandbox" in refused(CODEC_OPEN_TO_LOOPBACK="true")


def test_all_that_is_wrong_is_said_at_once() -> None:
    said = refused(ALLOWED_HOSTS="*", CODEC_OPEN_TO_LOOPBACK="true", FRONTEND_URL="http://a.b")

    assert all(name in said for name in ("ALLOWED_HOSTS", "CODEC_OPEN", "FRONTEND_URL"))
