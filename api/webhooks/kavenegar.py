"""Kavenegar's delivery callback. It signs nothing, so the URL that it calls holds a secret.

It is not documented whether it sends a query, a form or JSON: each of them is read.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from pydantic import BaseModel, ConfigDict, Field, JsonValue, TypeAdapter

from api.webhooks.call import Call, Messenger, Webhook
from api.webhooks.reading import Name, forged, is_same, pairs, read_fields, read_json
from domain.messages.delivery import Report
from domain.messages.notice import Delivery

_MEANS: Final[Mapping[int, Delivery]] = {
    **dict.fromkeys((1, 2, 4, 5), Delivery.ACCEPTED),
    10: Delivery.DELIVERED,
    **dict.fromkeys((6, 11, 13, 14), Delivery.UNDELIVERED),
}
_REASONS: Final[Mapping[int, str]] = {
    6: "it could not be sent",
    11: "the phone did not take it",
    13: "it was cancelled",
    14: "the reader blocks such messages",
}


class Status(BaseModel):
    model_config = ConfigDict(coerce_numbers_to_str=True)

    name: Name = Field(alias="messageid")
    status: int


_OBJECT: Final = TypeAdapter(dict[str, JsonValue])
_STATUS: Final = TypeAdapter(Status)


@dataclass(frozen=True)
class Kavenegar(Webhook):
    secret: str = field(repr=False)

    def reports(self, call: Call) -> list[Report]:
        asked = dict(pairs(call.query))
        if not is_same(asked.pop("secret", ""), self.secret):
            raise forged()
        given = read_fields(_STATUS, _in_small_letters({**asked, **_sent(call.body)}))
        delivery = _MEANS.get(given.status)
        if delivery is None:
            return []
        reason = _REASONS.get(given.status)
        error = f"kavenegar: {reason}" if reason else None
        return [Report(Messenger.KAVENEGAR, given.name, delivery, call.at, error)]


def _sent(body: bytes) -> Mapping[str, object]:
    if body.lstrip()[:1] == b"{":
        return read_json(_OBJECT, body)
    return dict(pairs(body))


def _in_small_letters(fields: Mapping[str, object]) -> dict[str, object]:
    return {name.lower(): value for name, value in fields.items()}
