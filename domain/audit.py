"""What the audit log tells: who did what to whom, and from where."""

from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final
from uuid import UUID


class AuditAction(StrEnum):
    """Names never change: they are what old lines of the log say."""

    REGISTERED = "registered"
    LOGIN = "login"
    LOGIN_FAILED = "login_failed"
    LOGOUT = "logout"
    LOGOUT_ALL = "logout_all"
    SESSION_REVOKED = "session_revoked"
    TOKEN_REUSED = "token_reused"  # noqa: S105  (a name)
    PASSWORD_CHANGED = "password_changed"  # noqa: S105
    PASSWORD_RESET = "password_reset"  # noqa: S105
    EMAIL_VERIFIED = "email_verified"
    PHONE_VERIFIED = "phone_verified"
    IDENTITY_LINKED = "identity_linked"
    IDENTITY_UNLINKED = "identity_unlinked"
    ROLE_CHANGED = "role_changed"
    ACCOUNT_CLOSED = "account_closed"
    ACCOUNT_OPENED = "account_opened"
    KEYS_REENCRYPTED = "keys_reencrypted"
    WITHDRAWAL_APPROVED = "withdrawal_approved"
    WITHDRAWAL_REJECTED = "withdrawal_rejected"
    WITHDRAWAL_PAID = "withdrawal_paid"
    WITHDRAWAL_RETURNED = "withdrawal_returned"
    REVERSAL_ASKED = "reversal_asked"
    REVERSAL_APPROVED = "reversal_approved"
    REVERSAL_REJECTED = "reversal_rejected"
    CARD_REVERSAL_ASKED = "card_reversal_asked"
    DISPUTE_RESOLVED = "dispute_resolved"
    PAYMENT_RECONCILED = "payment_reconciled"
    WORKFLOW_RETRIED = "workflow_retried"
    WORKFLOW_ABORTED = "workflow_aborted"
    MESSAGE_RESENT = "message_resent"


@dataclass(frozen=True, slots=True)
class Origin:
    """Where a request came from. All of it is unknown when the system acts by itself.

    Attributes:
        address: The client's, as the trusted proxy tells it.
        request_id: The X-Request-ID of the answer, by which the logs are searched.
        session_id: The login that was used.
    """

    address: str | None = None
    request_id: str | None = None
    session_id: UUID | None = None


BY_ITSELF: Final = Origin()


@dataclass(frozen=True, slots=True)
class AuditLine:
    """One line of the log.

    Attributes:
        actor_id: Who did it; None for the system, or for somebody whom nobody knows yet.
        object: What it was done to: the table's row, as `user:<id>` or `withdrawal:<id>`.
        details: Facts without secrets: no token, no number of a card, a phone or an account.
    """

    action: AuditAction
    actor_id: UUID | None
    object: str
    origin: Origin = BY_ITSELF
    details: dict[str, str] = field(default_factory=dict)
