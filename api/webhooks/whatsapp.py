"""The WhatsApp Cloud API's webhooks: signed with the secret of the Meta app, in any order."""

import hmac
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Final

from pydantic import BaseModel, Field, TypeAdapter

from api.webhooks.call import Call, Webhook
from api.webhooks.reading import Instant, Name, forged, is_same, malformed, pairs, read_json
from domain.messages.delivery import Report
from domain.messages.notice import Delivery

SIGNATURE: Final = "X-Hub-Signature-256"
_LOGGED_AS: Final = "whatsapp_cloud"
_MEANS: Final[Mapping[str, Delivery]] = {
    "sent": Delivery.ACCEPTED,
    "delivered": Delivery.DELIVERED,
    "read": Delivery.READ,
    "failed": Delivery.UNDELIVERED,
}
_REASONS: Final[Mapping[int, str]] = {
    130472: "the reader takes part in an experiment of WhatsApp's",
    130497: "WhatsApp does not deliver to this country",
    131026: "the number is not on WhatsApp, or cannot take it",
    131047: "WhatsApp takes no free text outside of its window",
    131049: "WhatsApp held it back, so that its reader gets fewer",
    131050: "the reader has unsubscribed",
    131053: "what was attached could not be used",
}


class Fault(BaseModel):
    code: int = 0


class Status(BaseModel):
    id: Name
    status: str
    timestamp: Instant | None = None
    errors: list[Fault] = []


class Value(BaseModel):
    statuses: list[Status] = []


class Change(BaseModel):
    """Those of other fields than `messages` have values of other forms, without statuses."""

    value: Value = Field(default_factory=Value)


class Entry(BaseModel):
    changes: list[Change] = []


class Notification(BaseModel):
    """The members that anybody here uses."""

    entry: list[Entry]


_NOTIFICATION: Final = TypeAdapter(Notification)


@dataclass(frozen=True)
class WhatsApp(Webhook):
    app_secret: str = field(repr=False)
    verify_token: str = field(repr=False)

    def reports(self, call: Call) -> list[Report]:
        signed = hmac.new(self.app_secret.encode(), call.body, "sha256").hexdigest()
        if not is_same(call.headers.get(SIGNATURE, ""), f"sha256={signed}"):
            raise forged()
        statuses = _statuses(read_json(_NOTIFICATION, call.body))
        return [report for status in statuses if (report := _report(status, call))]

    def challenge(self, call: Call) -> str:
        """Return what proves to Meta that this address is ours, when it subscribes.

        Raises:
            NotAuthenticated: Whoever asks does not know the token.
            Refusal: There is nothing to answer.
        """
        asked = dict(pairs(call.query))
        if not is_same(asked.get("hub.verify_token", ""), self.verify_token):
            raise forged()
        challenge = asked.get("hub.challenge", "")
        if asked.get("hub.mode") != "subscribe" or not challenge:
            raise malformed()
        return challenge


def _statuses(notification: Notification) -> Iterator[Status]:
    for entry in notification.entry:
        for change in entry.changes:
            yield from change.value.statuses


def _report(status: Status, call: Call) -> Report | None:
    delivery = _MEANS.get(status.status)
    if delivery is None:
        return None
    error = _error(status) if delivery is Delivery.UNDELIVERED else None
    return Report(_LOGGED_AS, status.id, delivery, status.timestamp or call.at, error)


def _error(status: Status) -> str:
    code = next((fault.code for fault in status.errors), 0)
    told = f" ({code})" if code else ""
    return f"whatsapp: {_REASONS.get(code, 'it could not be delivered')}{told}"
