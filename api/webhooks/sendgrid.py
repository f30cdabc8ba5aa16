"""SendGrid's event webhook: many events in one call, signed with a key that only SendGrid has."""

import base64
import binascii
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final, Self

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import load_der_public_key
from pydantic import BaseModel, TypeAdapter

from api.webhooks.call import Call, Messenger, Webhook
from api.webhooks.reading import Instant, Name, forged, read_json
from domain.messages.delivery import Report
from domain.messages.notice import Delivery

SIGNATURE: Final = "X-Twilio-Email-Event-Webhook-Signature"
TIMESTAMP: Final = "X-Twilio-Email-Event-Webhook-Timestamp"
# What was not taken is repeated for a day, and nobody says whether it is signed anew each time. To
# repeat an old call changes nothing; the limit is for what was stolen, and not used before.
_OLDEST: Final = timedelta(hours=24)
_CLOCKS_DIFFER: Final = timedelta(minutes=5)
_MEANS: Final[Mapping[str, Delivery]] = {
    "processed": Delivery.ACCEPTED,
    "deferred": Delivery.ACCEPTED,
    "delivered": Delivery.DELIVERED,
    "spamreport": Delivery.DELIVERED,
    "open": Delivery.READ,
    "click": Delivery.READ,
    "bounce": Delivery.UNDELIVERED,
    "dropped": Delivery.UNDELIVERED,
}
# Its own reasons repeat addresses, so they are not quoted.
_REASONS: Final[Mapping[tuple[str, str], str]] = {
    ("bounce", "bounce"): "the address does not exist, or takes nothing",
    ("bounce", "blocked"): "the receiving server blocked it",
    ("dropped", ""): "it was not sent: the address bounced before, or is suppressed",
}


class Event(BaseModel):
    """The members that anybody here uses."""

    event: str
    type: str = ""
    sg_message_id: Name | None = None
    timestamp: Instant | None = None


_EVENTS: Final = TypeAdapter(list[Event])


@dataclass(frozen=True)
class SendGrid(Webhook):
    key: ec.EllipticCurvePublicKey

    @classmethod
    def of(cls, key: str) -> Self:
        """Take the key as SendGrid shows it.

        Raises:
            ValueError: It is none.
        """
        found = load_der_public_key(base64.b64decode(key))
        if not isinstance(found, ec.EllipticCurvePublicKey):
            raise ValueError("SendGrid signs with a key on an elliptic curve")
        return cls(found)

    def reports(self, call: Call) -> list[Report]:
        if not self._is_signed(call) or not _is_of_today(call):
            raise forged()
        events = read_json(_EVENTS, call.body)
        return [report for event in events if (report := _report(event, call.at))]

    def _is_signed(self, call: Call) -> bool:
        signed = call.headers.get(TIMESTAMP, "").encode() + call.body
        try:
            signature = base64.b64decode(call.headers.get(SIGNATURE, ""), validate=True)
            self.key.verify(signature, signed, ec.ECDSA(SHA256()))
        except (binascii.Error, ValueError, InvalidSignature):
            return False
        return True


def _is_of_today(call: Call) -> bool:
    given = call.headers.get(TIMESTAMP, "")
    if not (given.isascii() and given.isdigit() and len(given) <= 11):
        return False
    age = call.at - datetime.fromtimestamp(int(given), UTC)
    return -_CLOCKS_DIFFER <= age <= _OLDEST


def _report(event: Event, now: datetime) -> Report | None:
    delivery = _MEANS.get(event.event)
    # It goes on after the first dot, with where the message was on its way.
    name = (event.sg_message_id or "").partition(".")[0]
    if delivery is None or not name:
        return None
    reason = _REASONS.get((event.event, event.type), "it bounced")
    error = f"sendgrid: {reason}" if delivery is Delivery.UNDELIVERED else None
    return Report(Messenger.SENDGRID, name, delivery, event.timestamp or now, error)
