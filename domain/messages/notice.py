"""What people are told by message, and by which channel."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from enum import StrEnum
from types import MappingProxyType
from typing import Final
from uuid import UUID


class Channel(StrEnum):
    EMAIL = "email"
    SMS = "sms"
    WHATSAPP = "whatsapp"


class MessageStatus(StrEnum):
    QUEUED = "queued"
    SENT = "sent"
    FAILED = "failed"


class Delivery(StrEnum):
    """What became of a message that its provider took.

    Of two reports on one message the one that stands later in this list counts, whichever came
    first: what was delivered or read was so, whatever else had been said of it.
    """

    ACCEPTED = "accepted"
    UNDELIVERED = "undelivered"
    DELIVERED = "delivered"
    READ = "read"


_IN_ORDER: Final = tuple(Delivery)


def rank(delivery: Delivery) -> int:
    """Return how much a report tells; a message follows the highest one, and never goes back."""
    return _IN_ORDER.index(delivery)


class NoticeKind(StrEnum):
    """Names never change: they are part of the REST contract."""

    EMAIL_VERIFICATION = "email_verification"
    PASSWORD_RESET = "password_reset"  # noqa: S105  (a name)
    PHONE_CODE = "phone_code"
    PASSWORD_CHANGED = "password_changed"  # noqa: S105
    SESSION_STOLEN = "session_stolen"
    IDENTITY_LINKED = "identity_linked"
    IDENTITY_UNLINKED = "identity_unlinked"
    ROLE_CHANGED = "role_changed"
    ACCOUNT_LOCKED = "account_locked"
    TICKET_REQUESTED = "ticket_requested"
    TICKET_ACCEPTED = "ticket_accepted"
    TICKET_DECLINED = "ticket_declined"
    TICKET_CANCELLED = "ticket_cancelled"
    TICKET_PAID = "ticket_paid"
    TICKET_HANDED_OVER = "ticket_handed_over"
    TICKET_ENDING = "ticket_ending"
    TICKET_ENDED = "ticket_ended"
    EXTENSION_ASKED = "extension_asked"
    EXTENSION_ANSWERED = "extension_answered"
    DISPUTE_OPENED = "dispute_opened"
    DISPUTE_ANSWERED = "dispute_answered"
    DISPUTE_RESOLVED = "dispute_resolved"
    PAYMENT_PAID = "payment_paid"
    PAYMENT_FAILED = "payment_failed"
    TRANSFER_RECEIVED = "transfer_received"
    WITHDRAWAL_ASKED = "withdrawal_asked"
    WITHDRAWAL_PAID = "withdrawal_paid"
    WITHDRAWAL_RETURNED = "withdrawal_returned"


# About the account itself, or about money that leaves it: nobody can switch these off, and none
# of them waits for the end of somebody's night.
SECURITY: Final = frozenset(
    {
        NoticeKind.EMAIL_VERIFICATION,
        NoticeKind.PASSWORD_RESET,
        NoticeKind.PHONE_CODE,
        NoticeKind.PASSWORD_CHANGED,
        NoticeKind.SESSION_STOLEN,
        NoticeKind.IDENTITY_LINKED,
        NoticeKind.IDENTITY_UNLINKED,
        NoticeKind.ROLE_CHANGED,
        NoticeKind.ACCOUNT_LOCKED,
        NoticeKind.WITHDRAWAL_ASKED,
    }
)
# What a person may switch on and off, for each channel.
OPTIONAL: Final = tuple(kind for kind in NoticeKind if kind not in SECURITY)
# Somebody else waits for the reader's answer, or the reader's time runs out.
_PRESSING: Final = frozenset(
    {
        NoticeKind.TICKET_REQUESTED,
        NoticeKind.TICKET_ACCEPTED,
        NoticeKind.TICKET_ENDING,
        NoticeKind.EXTENSION_ASKED,
        NoticeKind.DISPUTE_OPENED,
    }
)

# Their secret is made at the moment of sending and stored as a hash only, so that neither a row
# nor a workflow's history ever holds it. For so long it works.
WITH_SECRET: Final[Mapping[NoticeKind, timedelta]] = {
    NoticeKind.EMAIL_VERIFICATION: timedelta(hours=24),
    NoticeKind.PASSWORD_RESET: timedelta(minutes=30),
    NoticeKind.PHONE_CODE: timedelta(minutes=10),
}
CODE_ATTEMPTS: Final = 5
# Whoever wants another one waits for so long.
COOL_DOWN: Final = timedelta(seconds=30)
_WORTH_SENDING: Final = timedelta(hours=24)
# What happens to a loan, or to money, is still news after a provider was away for two days.
_NEWS: Final = timedelta(hours=72)
_SOON_OVER: Final[Mapping[NoticeKind, timedelta]] = {
    # Somebody waits for these; later they would only puzzle their reader.
    NoticeKind.PHONE_CODE: timedelta(minutes=10),
    NoticeKind.PASSWORD_RESET: timedelta(hours=1),
}


def worth_sending(kind: NoticeKind) -> timedelta:
    """Return for how long a message is worth sending, if it could not be sent at once."""
    return _SOON_OVER.get(kind, _WORTH_SENDING if kind in SECURITY else _NEWS)


def is_usual(kind: NoticeKind, channel: Channel) -> bool:
    """Tell whether a message goes by this channel to somebody who has chosen nothing."""
    if kind is NoticeKind.PHONE_CODE:
        return channel is Channel.SMS
    return channel is Channel.EMAIL or (channel is Channel.SMS and kind in _PRESSING)


@dataclass(frozen=True, slots=True)
class Notice:
    """Something that somebody is to be told.

    Attributes:
        user_id: Whom; None when only an address is known, which may be nobody's.
        address: The address that was given by whoever asked; None for the user's own.
        ticket_id: The loan that it is about.
        facts: What the text says, without secrets.
    """

    kind: NoticeKind
    user_id: UUID | None
    channel: Channel = Channel.EMAIL
    address: str | None = None
    ticket_id: UUID | None = None
    facts: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
