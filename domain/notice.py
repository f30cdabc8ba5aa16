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
_SOON_OVER: Final[Mapping[NoticeKind, timedelta]] = {
    # Somebody waits for these; later they would only puzzle their reader.
    NoticeKind.PHONE_CODE: timedelta(minutes=10),
    NoticeKind.PASSWORD_RESET: timedelta(hours=1),
}


def worth_sending(kind: NoticeKind) -> timedelta:
    """Return for how long a message is worth sending, if it could not be sent at once."""
    return _SOON_OVER.get(kind, _WORTH_SENDING)


@dataclass(frozen=True, slots=True)
class Notice:
    """Something that somebody is to be told.

    Attributes:
        user_id: Whom; None when only an address is known, which may be nobody's.
        address: The address that was given by whoever asked; None for the user's own.
        facts: What the text says, without secrets.
    """

    kind: NoticeKind
    user_id: UUID | None
    channel: Channel = Channel.EMAIL
    address: str | None = None
    facts: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
