"""What people are told by message, and by which channel."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from types import MappingProxyType
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
# nor a workflow's history ever holds it.
WITH_SECRET = frozenset(
    {NoticeKind.EMAIL_VERIFICATION, NoticeKind.PASSWORD_RESET, NoticeKind.PHONE_CODE}
)


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
