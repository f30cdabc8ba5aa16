"""Wire form of messages for operators: what became of each, and at whose hands."""

from typing import Any
from uuid import UUID

from pydantic import ConfigDict, Field

from api.schemas.common import ID_2, NOW, TimeOut
from api.schemas.notifications import NOTIFICATION, NotificationOut
from domain.messages.notice import Delivery

_MESSAGE: dict[str, Any] = {
    **NOTIFICATION,
    "user_id": ID_2,
    "attempts": 2,
    "provider": "kavenegar",
    "provider_id": "8792343001",
    "last_error": None,
    "delivery": "delivered",
    "delivered_at": NOW,
    "tried_at": NOW,
    "held_until": None,
    "sent_at": NOW,
    "resent_at": None,
}


class OperatorMessageOut(NotificationOut):
    model_config = ConfigDict(json_schema_extra={"examples": [_MESSAGE]})
    user_id: UUID | None = Field(description="Null where nobody has the address that was given.")
    attempts: int = Field(description="How often it was handed over, or may have been.")
    provider: str | None
    provider_id: str | None = Field(description="The provider's name for it.")
    last_error: str | None = Field(description="Why it was not sent, or not delivered.")
    delivery: Delivery | None = Field(description="What its provider reported last.")
    delivered_at: TimeOut | None
    tried_at: TimeOut | None = Field(description="When it was last taken in hand.")
    held_until: TimeOut | None = Field(description="While it is queued: not tried before this.")
    sent_at: TimeOut | None
    resent_at: TimeOut | None = Field(description="When an operator had it sent again.")
