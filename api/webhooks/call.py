"""One call of a provider as it came, and what each provider's file makes of it."""

from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import StrEnum
from typing import Protocol, Self

from fastapi import Request
from starlette.datastructures import Headers

from domain.messages.delivery import Report


class Messenger(StrEnum):
    """Who reports, as the paths name them."""

    POSTMARK = "postmark"
    SENDGRID = "sendgrid"
    TWILIO = "twilio"
    WHATSAPP = "whatsapp"
    KAVENEGAR = "kavenegar"


@dataclass(frozen=True)
class Call:
    """Query and body as they were sent: what is signed are bytes, not what they mean.

    Attributes:
        at: When it came.
    """

    headers: Headers = field(repr=False)
    query: str = field(repr=False)
    body: bytes = field(repr=False)
    at: datetime

    @classmethod
    async def of(cls, request: Request) -> Self:
        query = request.scope["query_string"].decode("latin1")
        return cls(request.headers, query, await request.body(), datetime.now(UTC))


class Webhook(Protocol):
    """One provider's way to prove itself, and to say what became of messages."""

    def reports(self, call: Call) -> list[Report]:
        """Return what a call reports; nothing, if it is about something else.

        Raises:
            NotAuthenticated: It is not the provider's.
            Refusal: It is, and nobody can read it.
        """
        ...
