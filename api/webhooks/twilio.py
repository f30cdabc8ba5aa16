"""Twilio's status callbacks, for SMS and WhatsApp alike: a form, signed together with our URL.

No time is signed, so an old call can be repeated; that changes nothing.
"""

import base64
import hashlib
import hmac
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Final
from urllib.parse import urlsplit

from pydantic import BaseModel, Field, TypeAdapter

from api.webhooks.call import Call, Messenger, Webhook
from api.webhooks.reading import Name, forged, is_same, pairs, read_fields, read_json
from domain.messages.delivery import Report
from domain.messages.notice import Delivery

SIGNATURE: Final = "X-Twilio-Signature"
BODY_HASH: Final = "bodySHA256"
_STANDARD_PORTS: Final = {"http": 80, "https": 443}
_MEANS: Final[Mapping[str, Delivery]] = {
    **dict.fromkeys(("accepted", "scheduled", "queued", "sending", "sent"), Delivery.ACCEPTED),
    "delivered": Delivery.DELIVERED,
    "read": Delivery.READ,
    **dict.fromkeys(("undelivered", "failed", "canceled"), Delivery.UNDELIVERED),
}
_REASONS: Final[Mapping[int, str]] = {
    21610: "the reader has unsubscribed",
    30003: "the phone cannot be reached",
    30004: "the reader's carrier or phone blocks it",
    30005: "the number is not known",
    30006: "it is a landline, or its carrier cannot be reached",
    30007: "a carrier took it for spam",
    60605: "Twilio does not deliver to this country",
    63016: "WhatsApp takes no free text outside of its window",
    63024: "the number is not on WhatsApp",
}


class Status(BaseModel):
    """The parameters that anybody here uses; new ones may come at any time."""

    sid: Name = Field(alias="MessageSid")
    status: str = Field("", alias="MessageStatus")
    code: int | None = Field(None, alias="ErrorCode")


_STATUS: Final = TypeAdapter(Status)


@dataclass(frozen=True)
class Twilio(Webhook):
    """Attributes.

    token: The account's auth token.
    url: What Twilio calls, as the world knows it; a proxy may have changed what we see of it.
    """

    token: str = field(repr=False)
    url: str

    def reports(self, call: Call) -> list[Report]:
        body_hash = dict(pairs(call.query)).get(BODY_HASH)
        is_form = body_hash is None
        if not self._is_signed(call, _joined(call.body) if is_form else ""):
            raise forged()
        if body_hash and not is_same(body_hash, hashlib.sha256(call.body).hexdigest()):
            raise forged()
        return _reports(_read_form(call.body) if is_form else read_json(_STATUS, call.body), call)

    def _is_signed(self, call: Call, added: str) -> bool:
        url = f"{self.url}?{call.query}" if call.query else self.url
        given = call.headers.get(SIGNATURE, "")
        return any(is_same(given, sign(self.token, one + added)) for one in _spellings(url))


def sign(token: str, signed: str) -> str:
    digest = hmac.digest(token.encode(), signed.encode(), "sha1")
    return base64.b64encode(digest).decode()


def _joined(body: bytes) -> str:
    """Write a form down as it is signed: sorted, and nothing between names and values."""
    return "".join(f"{name}{value}" for name, value in sorted(set(pairs(body))))


def _spellings(url: str) -> Iterator[str]:
    """Return the ways to write a URL: a standard port may stand in it, or be left out."""
    yield url
    parts = urlsplit(url)
    port = _STANDARD_PORTS.get(parts.scheme)
    if port is not None and parts.port in {None, port}:
        host = parts.netloc.removesuffix(f":{port}")
        yield from (url.replace(parts.netloc, one, 1) for one in (host, f"{host}:{port}"))


def _read_form(body: bytes) -> Status:
    return read_fields(_STATUS, {name: value for name, value in pairs(body) if value})


def _reports(given: Status, call: Call) -> list[Report]:
    delivery = _MEANS.get(given.status)
    if delivery is None:
        return []
    error = None
    if delivery is Delivery.UNDELIVERED:
        reason = _REASONS.get(given.code or 0, f"it was {given.status}")
        error = f"twilio: {reason}" + (f" ({given.code})" if given.code else "")
    return [Report(Messenger.TWILIO, given.sid, delivery, call.at, error)]
