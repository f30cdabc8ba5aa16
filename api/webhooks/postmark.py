"""Postmark's webhooks: one event for each call, from a URL that holds a name and a password."""

import base64
import binascii
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from pydantic import BaseModel, Field, TypeAdapter

from api.webhooks.call import Call, Messenger, Webhook
from api.webhooks.reading import Instant, Name, forged, is_same, read_json
from domain.messages.delivery import Report
from domain.messages.notice import Delivery

_MEANS: Final[Mapping[str, Delivery]] = {
    "Delivery": Delivery.DELIVERED,
    "Bounce": Delivery.UNDELIVERED,
    "SpamComplaint": Delivery.DELIVERED,  # somebody has it, and did not like it
    "Open": Delivery.READ,
    "Click": Delivery.READ,
}
# What comes as a bounce and does not say that the message was lost.
_STILL_UNDER_WAY: Final = frozenset(
    {"Transient", "AutoResponder", "AddressChange", "ChallengeVerification", "Subscribe"}
    | {"Unsubscribe", "OpenRelayTest"}
)
# Its own descriptions repeat addresses, so they are not quoted.
_REASONS: Final[Mapping[str, str]] = {
    "HardBounce": "the address does not exist",
    "SoftBounce": "the mailbox takes nothing at the moment",
    "Blocked": "the receiving server blocked it",
    "SpamNotification": "the receiving server took it for spam",
    "VirusNotification": "the receiving server took it for a virus",
    "BadEmailAddress": "the address is not valid",
    "ManuallyDeactivated": "the address is suppressed",
    "DMARCPolicy": "the sender's DMARC policy had it refused",
    "DnsError": "the receiving server could not be found",
}


class Event(BaseModel):
    """The members that anybody here uses."""

    record_type: str = Field(alias="RecordType")
    message_id: Name | None = Field(None, alias="MessageID")
    bounce: str = Field("", alias="Type")
    delivered_at: Instant | None = Field(None, alias="DeliveredAt")
    bounced_at: Instant | None = Field(None, alias="BouncedAt")
    received_at: Instant | None = Field(None, alias="ReceivedAt")


_EVENT: Final = TypeAdapter(Event)


@dataclass(frozen=True)
class Postmark(Webhook):
    user: str = field(repr=False)
    password: str = field(repr=False)

    def reports(self, call: Call) -> list[Report]:
        if not self._is_theirs(call.headers.get("Authorization", "")):
            raise forged()
        event = read_json(_EVENT, call.body)
        delivery = _MEANS.get(event.record_type)
        if delivery is None or event.message_id is None or event.bounce in _STILL_UNDER_WAY:
            return []
        at = event.delivered_at or event.bounced_at or event.received_at or call.at
        error = _REASONS.get(event.bounce, "it bounced")
        failed = f"postmark: {error}" if delivery is Delivery.UNDELIVERED else None
        return [Report(Messenger.POSTMARK, event.message_id, delivery, at, failed)]

    def _is_theirs(self, header: str) -> bool:
        scheme, _, encoded = header.partition(" ")
        try:
            given = base64.b64decode(encoded.strip(), validate=True)
        except (binascii.Error, ValueError):
            return False
        return is_same(given, f"{self.user}:{self.password}") and scheme.lower() == "basic"
