"""The five providers as they call: what each of them sends, and how each proves itself."""

import base64
import hashlib
import hmac
import json
import time
from collections.abc import Mapping
from typing import Any, Final
from urllib.parse import urlencode

from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

# By another name than the tests call it: what is signed is the address that the world knows.
PUBLIC_URL: Final = "https://api.example.com"
PATH: Final = "/api/v1/webhooks"
TOKEN: Final = "the-auth-token-of-the-twilio-account"
APP_SECRET: Final = "the-secret-of-the-meta-app"
VERIFY_TOKEN: Final = "the-token-of-the-subscription"
USER, PASSWORD = "postmark", "the-password-in-the-url"
URL_SECRET: Final = "the-unguessable-secret-in-the-url"
SIGNING_KEY: Final = ec.generate_private_key(ec.SECP256R1())
OTHER_KEY: Final = ec.generate_private_key(ec.SECP256R1())

Asked = dict[str, Any]  # what httpx.AsyncClient.request takes


def shown(key: ec.EllipticCurvePrivateKey) -> str:
    """Write the public half as SendGrid shows it."""
    public = key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    return base64.b64encode(public).decode()


SETTINGS: Final[dict[str, Any]] = {
    "api_url": PUBLIC_URL,
    "twilio_auth_token": TOKEN,
    "twilio_account_sid": "AC0",
    "twilio_sms_sender": "+15005550006",
    "twilio_whatsapp_sender": "+15005550006",
    "whatsapp_app_secret": APP_SECRET,
    "whatsapp_verify_token": VERIFY_TOKEN,
    "postmark_webhook_user": USER,
    "postmark_webhook_password": PASSWORD,
    "kavenegar_webhook_secret": URL_SECRET,
    "sendgrid_webhook_key": shown(SIGNING_KEY),
}


def postmark(event: Mapping[str, Any], user: str = USER, password: str = PASSWORD) -> Asked:
    encoded = base64.b64encode(f"{user}:{password}".encode()).decode()
    return {
        "url": f"{PATH}/postmark/",
        "content": json.dumps(event),
        "headers": {"Authorization": f"Basic {encoded}", "Content-Type": "application/json"},
    }


def sendgrid(
    events: Any,
    *,
    key: ec.EllipticCurvePrivateKey = SIGNING_KEY,
    at: float | None = None,
) -> Asked:
    body = json.dumps(events).encode()
    stamp = str(int(time.time() if at is None else at))
    signature = key.sign(stamp.encode() + body, ec.ECDSA(SHA256()))
    return {
        "url": f"{PATH}/sendgrid/",
        "content": body,
        "headers": {
            "X-Twilio-Email-Event-Webhook-Signature": base64.b64encode(signature).decode(),
            "X-Twilio-Email-Event-Webhook-Timestamp": stamp,
            "Content-Type": "application/json",
        },
    }


def twilio(
    form: Mapping[str, str], *, token: str = TOKEN, site: str = PUBLIC_URL, query: str = ""
) -> Asked:
    path = f"{PATH}/twilio/{query}"
    signed = f"{site}{path}" + "".join(f"{name}{form[name]}" for name in sorted(form))
    return _twilio(path, urlencode(form), "application/x-www-form-urlencoded", signed, token)


def twilio_json(body: str, *, hashed: str | None = None) -> Asked:
    digest = hashlib.sha256((body if hashed is None else hashed).encode()).hexdigest()
    path = f"{PATH}/twilio/?bodySHA256={digest}"
    return _twilio(path, body, "application/json", f"{PUBLIC_URL}{path}", TOKEN)


def _twilio(path: str, body: str, kind: str, signed: str, token: str) -> Asked:
    signature = base64.b64encode(hmac.digest(token.encode(), signed.encode(), "sha1")).decode()
    headers = {"X-Twilio-Signature": signature, "Content-Type": kind}
    return {"url": path, "content": body, "headers": headers}


def whatsapp(notification: Any, *, secret: str = APP_SECRET) -> Asked:
    # Meta escapes what is not ASCII, and signs what it sends.
    body = json.dumps(notification).encode()
    signature = hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()
    return {
        "url": f"{PATH}/whatsapp/",
        "content": body,
        "headers": {
            "X-Hub-Signature-256": f"sha256={signature}",
            "Content-Type": "application/json",
        },
    }


def statuses(*found: Mapping[str, Any]) -> dict[str, Any]:
    """Wrap statuses as Meta does."""
    value = {"messaging_product": "whatsapp", "statuses": list(found)}
    changes = [{"field": "messages", "value": value}]
    return {"object": "whatsapp_business_account", "entry": [{"id": "1", "changes": changes}]}


def kavenegar(fields: Mapping[str, str], *, secret: str = URL_SECRET) -> Asked:
    return {"url": f"{PATH}/kavenegar/?{urlencode({'secret': secret, **fields})}"}
