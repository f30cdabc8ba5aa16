"""What each provider of messages proves itself with in a sandbox, where the simulator signs."""

import base64
import hmac
from dataclasses import dataclass, field
from functools import cached_property
from typing import Final

from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

_CURVE: Final = ec.SECP256R1()
POSTMARK_USER: Final = "postmark"


@dataclass(frozen=True)
class ProviderKeys:
    """All of them come from one secret, so that API and simulator have the same ones."""

    secret: str = field(repr=False)

    @property
    def postmark_password(self) -> str:
        return self._derived("postmark").hex()

    @property
    def twilio_token(self) -> str:
        return self._derived("twilio").hex()[:32]

    @property
    def whatsapp_app_secret(self) -> str:
        return self._derived("whatsapp").hex()[:32]

    @property
    def whatsapp_verify_token(self) -> str:
        return self._derived("whatsapp subscription").hex()

    @property
    def kavenegar_secret(self) -> str:
        return self._derived("kavenegar").hex()

    @cached_property
    def sendgrid(self) -> ec.EllipticCurvePrivateKey:
        # A number of 255 bits is below the order of the group, and never nought but by a miracle.
        return ec.derive_private_key(int.from_bytes(self._derived("sendgrid")) >> 1, _CURVE)

    def environment(self) -> dict[str, str]:
        """Return the settings by which the API knows them."""
        public = self.sendgrid.public_key().public_bytes(
            Encoding.DER, PublicFormat.SubjectPublicKeyInfo
        )
        return {
            "POSTMARK_WEBHOOK_USER": POSTMARK_USER,
            "POSTMARK_WEBHOOK_PASSWORD": self.postmark_password,
            "SENDGRID_WEBHOOK_KEY": base64.b64encode(public).decode(),
            "TWILIO_AUTH_TOKEN": self.twilio_token,
            "WHATSAPP_APP_SECRET": self.whatsapp_app_secret,
            "WHATSAPP_VERIFY_TOKEN": self.whatsapp_verify_token,
            "KAVENEGAR_WEBHOOK_SECRET": self.kavenegar_secret,
        }

    def _derived(self, name: str) -> bytes:
        return hmac.digest(self.secret.encode(), f"webhooks of {name}".encode(), "sha256")
