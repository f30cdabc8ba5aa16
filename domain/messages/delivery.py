"""What providers report of the messages that they took, and which of several reports counts."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime

from domain.messages.notice import Delivery, rank


@dataclass(frozen=True, slots=True)
class Report:
    """One report, which may come again, late, or before an earlier one.

    Attributes:
        provider: Who reports, by the name under which the message was logged.
        provider_id: The provider's name for the message.
        at: When it happened; when the report came, if its provider does not say.
        error: Why the message was not delivered, in our own words.
    """

    provider: str
    provider_id: str
    delivery: Delivery
    at: datetime
    error: str | None = None


def furthest(reports: Iterable[Report]) -> list[Report]:
    """Return the one report on each message that counts, in whatever order they came."""
    found: dict[tuple[str, str], Report] = {}
    for report in reports:
        message = (report.provider, report.provider_id)
        found[message] = max(found.get(message, report), report, key=_weight)
    return list(found.values())


def _weight(report: Report) -> tuple[int, float, str]:
    """Compare two reports: of two that tell the same the earlier one is the event itself."""
    return rank(report.delivery), -report.at.timestamp(), report.error or ""


@dataclass(frozen=True, slots=True)
class WebhookKeys:
    """What the reports of each provider are known by. Without it none are taken from it.

    Attributes:
        postmark: Name and password of the URL that it calls.
        sendgrid: Its public key, as base64 of a SubjectPublicKeyInfo.
        twilio: The account's auth token.
        whatsapp: The application's secret, and the token that the subscription is made with.
        kavenegar: The secret in the URL that it calls.
    """

    postmark: tuple[str, str] | None = field(default=None, repr=False)
    sendgrid: str | None = None
    twilio: str | None = field(default=None, repr=False)
    whatsapp: tuple[str, str] | None = field(default=None, repr=False)
    kavenegar: str | None = field(default=None, repr=False)
