"""What each provider sends to report on a message, signed as that provider signs."""

import base64
import hmac
import json
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Final, TypeVar
from urllib.parse import urlencode

import httpx
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256

from domain.messages.notice import Delivery
from sandbox.gateway.outbox import Sent
from sandbox.webhook_keys import POSTMARK_USER, ProviderKeys

_POSTMARK: Final[Mapping[Delivery, dict[str, str]]] = {
    Delivery.DELIVERED: {"RecordType": "Delivery"},
    Delivery.READ: {"RecordType": "Open"},
    Delivery.UNDELIVERED: {"RecordType": "Bounce", "Type": "HardBounce"},
}
_POSTMARK_TIMES: Final = {"Delivery": "DeliveredAt", "Open": "ReceivedAt", "Bounce": "BouncedAt"}
_SENDGRID: Final[Mapping[Delivery, dict[str, str]]] = {
    Delivery.ACCEPTED: {"event": "processed"},
    Delivery.DELIVERED: {"event": "delivered"},
    Delivery.READ: {"event": "open"},
    Delivery.UNDELIVERED: {"event": "bounce", "type": "bounce"},
}
_TWILIO: Final[Mapping[Delivery, dict[str, str]]] = {
    Delivery.ACCEPTED: {"MessageStatus": "sent"},
    Delivery.DELIVERED: {"MessageStatus": "delivered"},
    Delivery.READ: {"MessageStatus": "read"},
    Delivery.UNDELIVERED: {"MessageStatus": "undelivered", "ErrorCode": "30003"},
}
_WHATSAPP: Final[Mapping[Delivery, dict[str, object]]] = {
    Delivery.ACCEPTED: {"status": "sent"},
    Delivery.DELIVERED: {"status": "delivered"},
    Delivery.READ: {"status": "read"},
    Delivery.UNDELIVERED: {"status": "failed", "errors": [{"code": 131026}]},
}
_KAVENEGAR: Final[Mapping[Delivery, int]] = {
    Delivery.ACCEPTED: 5,
    Delivery.DELIVERED: 10,
    Delivery.UNDELIVERED: 11,
}


Event = TypeVar("Event")


class Untold(Exception):
    """This provider never reports that."""


def _known(events: Mapping[Delivery, Event], delivery: Delivery) -> Event:
    if delivery not in events:
        raise Untold(f"This provider reports only: {', '.join(events)}.")
    return events[delivery]


def _postmark(site: str, keys: ProviderKeys, sent: Sent, delivery: Delivery) -> httpx.Request:
    told = _known(_POSTMARK, delivery)
    at = datetime.now(UTC).isoformat()
    event = {"MessageID": sent.provider_id, **told, _POSTMARK_TIMES[told["RecordType"]]: at}
    credentials = f"{POSTMARK_USER}:{keys.postmark_password}".encode()
    basic = {"Authorization": f"Basic {base64.b64encode(credentials).decode()}"}
    return httpx.Request("POST", f"{site}postmark/", json=event, headers=basic)


def _sendgrid(site: str, keys: ProviderKeys, sent: Sent, delivery: Delivery) -> httpx.Request:
    stamp = str(int(datetime.now(UTC).timestamp()))
    event = {
        "sg_message_id": f"{sent.provider_id}.recvd-simulated-1.0",
        "timestamp": int(stamp),
        **_known(_SENDGRID, delivery),
    }
    body = json.dumps([event]).encode()
    signature = keys.sendgrid.sign(stamp.encode() + body, ec.ECDSA(SHA256()))
    headers = {
        "Content-Type": "application/json",
        "X-Twilio-Email-Event-Webhook-Signature": base64.b64encode(signature).decode(),
        "X-Twilio-Email-Event-Webhook-Timestamp": stamp,
    }
    return httpx.Request("POST", f"{site}sendgrid/", content=body, headers=headers)


def _twilio(site: str, keys: ProviderKeys, sent: Sent, delivery: Delivery) -> httpx.Request:
    url = sent.callback_url or f"{site}twilio/"
    form = {"MessageSid": sent.provider_id or "", "To": sent.recipient}
    form |= _known(_TWILIO, delivery)
    signed = url + "".join(f"{name}{form[name]}" for name in sorted(form))
    digest = hmac.digest(keys.twilio_token.encode(), signed.encode(), "sha1")
    headers = {
        "Content-Type": "application/x-www-form-urlencoded",
        "X-Twilio-Signature": base64.b64encode(digest).decode(),
    }
    return httpx.Request("POST", url, content=urlencode(form), headers=headers)


def _whatsapp(site: str, keys: ProviderKeys, sent: Sent, delivery: Delivery) -> httpx.Request:
    status = {
        "id": sent.provider_id,
        "timestamp": str(int(datetime.now(UTC).timestamp())),
        **_known(_WHATSAPP, delivery),
    }
    value = {"messaging_product": "whatsapp", "statuses": [status]}
    entry = {"id": "0", "changes": [{"field": "messages", "value": value}]}
    body = json.dumps({"object": "whatsapp_business_account", "entry": [entry]}).encode()
    digest = hmac.digest(keys.whatsapp_app_secret.encode(), body, "sha256").hex()
    headers = {"Content-Type": "application/json", "X-Hub-Signature-256": f"sha256={digest}"}
    return httpx.Request("POST", f"{site}whatsapp/", content=body, headers=headers)


def _kavenegar(site: str, keys: ProviderKeys, sent: Sent, delivery: Delivery) -> httpx.Request:
    query = {
        "secret": keys.kavenegar_secret,
        "messageid": sent.provider_id,
        "status": _known(_KAVENEGAR, delivery),
    }
    return httpx.Request("GET", f"{site}kavenegar/?{urlencode(query)}")


_FORMS: Final[Mapping[str | None, Callable[[str, ProviderKeys, Sent, Delivery], httpx.Request]]] = {
    "postmark": _postmark,
    "sendgrid": _sendgrid,
    "twilio": _twilio,
    "whatsapp_cloud": _whatsapp,
    "kavenegar": _kavenegar,
}


def report_of(site: str, keys: ProviderKeys, sent: Sent, delivery: Delivery) -> httpx.Request:
    """Write a report as its provider would; `site` is where our webhooks begin.

    Raises:
        Untold: This provider has no such report.
    """
    form = _FORMS.get(sent.provider)
    if form is None or sent.provider_id is None:
        raise Untold("It is not known who took this message.")
    return form(site, keys, sent, delivery)
