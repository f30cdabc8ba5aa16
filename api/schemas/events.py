"""Wire forms of live events: what the `data:` of each kind holds.

They describe; nothing is read through them, so that a process of the version before passes on
what a newer one has written.
"""

import json
from typing import Any, Final, Literal
from uuid import UUID

from fastapi.sse import format_sse_event
from pydantic import BaseModel, ConfigDict, Field

from api.schemas.common import ID, ID_2, ID_3, NOW, AmountOut, TimeOut, rfc3339
from domain.event import Event
from domain.payment import Notice, PaymentStatus
from domain.ticket import Action, CancelReason, TicketStatus

MEDIA_TYPE: Final = "text/event-stream"
_TICKET: Final[dict[str, Any]] = {
    "kind": "ticket",
    "ticket_id": ID,
    "at": NOW,
    "action": "accept",
    "from": "pending",
    "to": "accepted",
    "actor_id": ID_2,
    "reason": None,
    "note": None,
    "details": {},
}
_NOTE: Final[dict[str, Any]] = {
    "kind": "dispute_note",
    "ticket_id": ID,
    "at": NOW,
    "note_id": ID_3,
    "author_id": ID_2,
    "note": "The lens is scratched; a picture is on its way.",
}
_PAYMENT: Final[dict[str, Any]] = {
    "kind": "payment",
    "ticket_id": None,
    "at": NOW,
    "payment_id": ID_3,
    "status": "paid",
    "notice": None,
    "amount": "250000.00",
}


class TicketEvent(BaseModel):
    """A line of a ticket's timeline, to both its parties."""

    model_config = ConfigDict(populate_by_name=True, json_schema_extra={"examples": [_TICKET]})
    kind: Literal["ticket"]
    ticket_id: UUID
    at: TimeOut
    action: Action
    source: TicketStatus | None = Field(alias="from")
    target: TicketStatus = Field(alias="to")
    actor_id: UUID | Literal["system"]
    reason: CancelReason | None
    note: str | None
    details: dict[str, str]


class DisputeNoteEvent(BaseModel):
    """Somebody wrote a note in a dispute, to both parties."""

    model_config = ConfigDict(json_schema_extra={"examples": [_NOTE]})
    kind: Literal["dispute_note"]
    ticket_id: UUID
    at: TimeOut
    note_id: UUID
    author_id: UUID
    note: str


class PaymentEvent(BaseModel):
    """A payment was begun, or its status or notice changed; to its payer."""

    model_config = ConfigDict(json_schema_extra={"examples": [_PAYMENT]})
    kind: Literal["payment"]
    ticket_id: UUID | None
    at: TimeOut
    payment_id: UUID
    status: PaymentStatus
    notice: Notice | None
    amount: AmountOut


def frame(event: Event) -> bytes:
    """Write an event as it goes over the wire."""
    ticket_id = str(event.ticket_id) if event.ticket_id else None
    known = {"kind": event.kind, "ticket_id": ticket_id, "at": rfc3339(event.at)}
    return _written(event.kind, event.seq, known | event.data)


def place(seq: int) -> bytes:
    """Tell a client where it stands, without any event that it would show."""
    return format_sse_event(id=str(seq))


def _written(kind: str, seq: int, data: dict[str, Any]) -> bytes:
    text = json.dumps(data, ensure_ascii=False, separators=(",", ":"))
    return format_sse_event(event=str(kind), data_str=text, id=str(seq))


EXAMPLE: Final = b"".join(
    [
        place(41),
        *(
            _written(data["kind"], seq, data)
            for seq, data in enumerate((_TICKET, _NOTE, _PAYMENT), start=42)
        ),
    ]
).decode()
