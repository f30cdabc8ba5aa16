"""The settings of reports on messages: what each provider proves itself with when it calls us.

A provider whose settings are missing has no address here: nobody could tell its reports from
anybody else's.
"""

import base64
from typing import Self

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import load_der_public_key
from pydantic import Field, SecretStr, model_validator

from domain.messages.delivery import WebhookKeys
from settings.messages import MessageSettings


class WebhookSettings(MessageSettings):
    """A part of Settings. Twilio signs with the token that we call it with."""

    postmark_webhook_user: str | None = Field(
        None, min_length=1, pattern="^[^:]+$", description="Name in the URL that Postmark calls."
    )
    postmark_webhook_password: SecretStr | None = Field(
        None, min_length=16, description="Password in that URL; turns on Postmark's reports."
    )
    sendgrid_webhook_key: str | None = Field(
        None, description="SendGrid's verification key (public); turns on its reports."
    )
    whatsapp_app_secret: SecretStr | None = Field(
        None, min_length=16, description="Meta's app secret; turns on WhatsApp's reports."
    )
    whatsapp_verify_token: SecretStr | None = Field(
        None, min_length=16, description="Made up by us, repeated by Meta when it subscribes."
    )
    kavenegar_webhook_secret: SecretStr | None = Field(
        None, min_length=32, description="Secret in the URL that Kavenegar calls; turns on reports."
    )

    @model_validator(mode="after")
    def _webhooks_are_whole(self) -> Self:
        for one, other in (
            ("postmark_webhook_user", "postmark_webhook_password"),
            ("whatsapp_app_secret", "whatsapp_verify_token"),
        ):
            if (getattr(self, one) is None) != (getattr(self, other) is None):
                raise ValueError(f"{one.upper()} needs {other.upper()}, and the reverse")
        if self.sendgrid_webhook_key is not None and not _is_p256(self.sendgrid_webhook_key):
            raise ValueError("SENDGRID_WEBHOOK_KEY is base64 of a P-256 key, as SendGrid shows it")
        return self

    def webhooks(self) -> WebhookKeys:
        """Return what the reports of each provider are known by."""
        return WebhookKeys(
            postmark=_pair(self.postmark_webhook_user, _plain(self.postmark_webhook_password)),
            sendgrid=self.sendgrid_webhook_key,
            twilio=_plain(self.twilio_auth_token),
            whatsapp=_pair(_plain(self.whatsapp_app_secret), _plain(self.whatsapp_verify_token)),
            kavenegar=_plain(self.kavenegar_webhook_secret),
        )


def _is_p256(key: str) -> bool:
    try:
        found = load_der_public_key(base64.b64decode(key, validate=True))
    except (ValueError, UnsupportedAlgorithm):
        return False
    return isinstance(found, ec.EllipticCurvePublicKey) and isinstance(found.curve, ec.SECP256R1)


def _plain(secret: SecretStr | None) -> str | None:
    return secret.get_secret_value() if secret else None


def _pair(one: str | None, other: str | None) -> tuple[str, str] | None:
    return (one, other) if one and other else None
