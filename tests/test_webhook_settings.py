"""Half a webhook, and one that anybody could forge, keep everything from starting."""

from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from pydantic import ValidationError

from settings import Settings
from tests.api.webhooks.callers import SETTINGS, shown
from tests.conftest import environment


def settings(**changes: Any) -> Settings:
    required = environment("postgresql://a:b@localhost/c", "postgresql://a:b@localhost/c")
    values: dict[str, Any] = {name.lower(): value for name, value in required.items()}
    return Settings(_env_file=None, **values | SETTINGS | changes)


def test_what_is_set_up_is_handed_over() -> None:
    keys = settings().webhooks()

    assert keys.postmark == ("postmark", SETTINGS["postmark_webhook_password"])
    assert keys.whatsapp == (SETTINGS["whatsapp_app_secret"], SETTINGS["whatsapp_verify_token"])
    assert keys.twilio == SETTINGS["twilio_auth_token"]
    assert keys.kavenegar == SETTINGS["kavenegar_webhook_secret"]
    assert keys.sendgrid == SETTINGS["sendgrid_webhook_key"]


@pytest.mark.parametrize(
    ("changes", "complaint"),
    [
        ({"postmark_webhook_user": None}, "POSTMARK_WEBHOOK_USER needs POSTMARK_WEBHOOK_PASSWORD"),
        ({"postmark_webhook_password": None}, "POSTMARK_WEBHOOK_USER needs"),
        ({"postmark_webhook_user": "a:b"}, "postmark_webhook_user"),
        ({"postmark_webhook_password": "short"}, "postmark_webhook_password"),
        ({"whatsapp_verify_token": None}, "WHATSAPP_APP_SECRET needs WHATSAPP_VERIFY_TOKEN"),
        ({"whatsapp_app_secret": None}, "WHATSAPP_APP_SECRET needs"),
        ({"kavenegar_webhook_secret": "guessable"}, "kavenegar_webhook_secret"),
        ({"sendgrid_webhook_key": "not a key"}, "SENDGRID_WEBHOOK_KEY is base64"),
        ({"sendgrid_webhook_key": "AAAA"}, "SENDGRID_WEBHOOK_KEY is base64"),
        (
            {"sendgrid_webhook_key": shown(ec.generate_private_key(ec.SECP384R1()))},
            "SENDGRID_WEBHOOK_KEY is base64",
        ),
    ],
)
def test_half_a_webhook_is_refused(changes: dict[str, Any], complaint: str) -> None:
    with pytest.raises(ValidationError, match=complaint):
        settings(**changes)


@pytest.mark.parametrize(
    "name", ["postmark_webhook_password", "whatsapp_verify_token", "kavenegar_webhook_secret"]
)
def test_a_secret_of_our_own_making_is_no_sample(name: str) -> None:
    sample = "change-me-" + "x" * 30

    with pytest.raises(ValidationError, match=f"{name.upper()} is one that others know"):
        settings(debug=False, **{name: sample})
