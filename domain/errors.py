"""Every business refusal. Nothing here knows of HTTP or Temporal; `code` never changes.

DomainError
├── NotFound
├── Forbidden
├── ValidationFailed
├── IdempotencyKeyReused
├── IllegalTransition
├── OfferPending
├── PaymentPending
├── NotReversible
├── InsufficientFunds
├── AssetUnavailable
├── OwnAsset
├── EmailTaken
├── PhoneTaken
├── NationalIdTaken
├── InvalidCredentials
├── NotAuthenticated
│   └── JustRefreshed
├── TokenReused
├── RateLimited
├── RecentLoginRequired
├── LoginExpired
├── IdentityRefused
├── LinkRequired
├── IdentityTaken
├── ProviderLinked
├── EmailUnverified
├── LastWayIn
├── PreferenceLocked
├── GatewayRefused
└── GatewayUnavailable
"""

import math
from datetime import timedelta
from decimal import Decimal
from typing import ClassVar
from uuid import UUID


class DomainError(Exception):
    """A request that a rule refuses. Repeating it unchanged will be refused again.

    Attributes:
        code: The public name of the refusal, part of the REST contract.
        facts: What a program may want to read from the refusal, as strings.
    """

    code: ClassVar[str]

    def __init__(self, message: str, **facts: str) -> None:
        super().__init__(message)
        self.facts = facts


class NotFound(DomainError):
    code = "not_found"


class Forbidden(DomainError):
    code = "forbidden"


class ValidationFailed(DomainError):
    """Well-formed input that a rule of the object it names refuses."""

    code = "validation_error"

    def __init__(self, pointer: str, message: str, **facts: str) -> None:
        super().__init__(message, pointer=pointer, **facts)


class IdempotencyKeyReused(DomainError):
    code = "idempotency_key_reused"

    def __init__(self) -> None:
        super().__init__("This idempotency key was used before with another request.")


class IllegalTransition(DomainError):
    code = "illegal_transition"

    def __init__(self, action: str, status: str, what: str = "ticket", stage: str = "") -> None:
        """Name the status; `stage` says it in more words, where there is more to say."""
        super().__init__(f"Cannot {action} a {what} that is {stage or status}.", status=status)


class OfferPending(DomainError):
    """One offer at a time: the lender answers it, or it lapses."""

    code = "offer_pending"

    def __init__(self) -> None:
        super().__init__("An extension of this loan is on offer already.")


class PaymentPending(DomainError):
    """A ticket has one open payment at a time, because a payer could pay each of two pages."""

    code = "illegal_transition"

    def __init__(self, payment_id: UUID, redirect_url: str | None) -> None:
        page = {"redirect_url": redirect_url} if redirect_url else {}
        super().__init__(
            "This ticket has an open payment; go on with that one.",
            status="pending",
            payment_id=str(payment_id),
            **page,
        )


class NotReversible(DomainError):
    """A payment that cannot go back to its card, or a transaction that cannot be taken back."""

    code = "illegal_transition"

    def __init__(self, why: str, status: str, **facts: str) -> None:
        super().__init__(why, status=status, **facts)


class InsufficientFunds(DomainError):
    code = "insufficient_funds"

    def __init__(self, missing: Decimal) -> None:
        super().__init__(f"The wallet is {missing} rials short.", missing=f"{missing:.2f}")


class AssetUnavailable(DomainError):
    code = "asset_unavailable"

    def __init__(self) -> None:
        super().__init__("The asset is taken for all or part of this period.")


class OwnAsset(DomainError):
    code = "own_asset"

    def __init__(self) -> None:
        super().__init__("Owners cannot borrow their own asset.")


class EmailTaken(DomainError):
    code = "email_taken"

    def __init__(self) -> None:
        super().__init__("An account with this e-mail address exists.")


class PhoneTaken(DomainError):
    code = "phone_taken"

    def __init__(self) -> None:
        super().__init__("Another account has proven that this phone number is its own.")


class NationalIdTaken(DomainError):
    code = "national_id_taken"

    def __init__(self) -> None:
        super().__init__("Another account has this national id.")


class InvalidCredentials(DomainError):
    code = "invalid_credentials"

    def __init__(self, message: str = "The e-mail address or the password is wrong.") -> None:
        super().__init__(message)


class NotAuthenticated(DomainError):
    code = "not_authenticated"


class JustRefreshed(NotAuthenticated):
    """Two tabs refreshed at the same moment. Who comes second does no harm, and gets nothing."""

    def __init__(self) -> None:
        super().__init__("This refresh token was used just now; use the newer one.")


class TokenReused(DomainError):
    code = "token_reused"

    def __init__(self) -> None:
        super().__init__("This refresh token was used before; its session has ended. Log in again.")


class RecentLoginRequired(DomainError):
    """A stolen session must not be able to add a way in that stays."""

    code = "recent_login_required"

    def __init__(self) -> None:
        super().__init__("You logged in too long ago for this: send your password, or log in anew.")


class LoginExpired(DomainError):
    """A login at a provider that nobody here has begun, or that is over."""

    code = "login_expired"

    def __init__(self) -> None:
        super().__init__(
            "This login was not begun in this browser, took too long or is over. Begin again."
        )


class IdentityRefused(DomainError):
    """One answer for all reasons, so that it tells nothing of other people's accounts."""

    code = "identity_refused"

    def __init__(self) -> None:
        super().__init__("What the provider says does not log you in here.")


class LinkRequired(DomainError):
    code = "link_required"

    def __init__(self) -> None:
        super().__init__(
            "An account with this e-mail address exists. Log in to it as before, then link it."
        )


class IdentityTaken(DomainError):
    code = "identity_taken"

    def __init__(self) -> None:
        super().__init__("This identity is linked to another account.")


class ProviderLinked(DomainError):
    code = "provider_linked"

    def __init__(self) -> None:
        super().__init__("Another identity of this provider is linked; unlink that one first.")


class EmailUnverified(DomainError):
    code = "email_unverified"

    def __init__(self) -> None:
        super().__init__("Verify the e-mail address of your account first.")


class LastWayIn(DomainError):
    code = "last_way_in"

    def __init__(self) -> None:
        super().__init__("You could not log in any more. Set a password or link another first.")


class PreferenceLocked(DomainError):
    """What concerns the account itself is always told, and by one channel."""

    code = "preference_locked"

    def __init__(self, kind: str, channel: str) -> None:
        message = f"Nobody can choose whether {kind} is sent by {channel}."
        super().__init__(message, kind=kind, channel=channel)


class RateLimited(DomainError):
    """Too often, or too soon after failing. Later it goes."""

    code = "rate_limited"

    def __init__(self, wait: timedelta) -> None:
        seconds = max(math.ceil(wait.total_seconds()), 1)
        message = f"Too many requests. Try again in {seconds} s."
        super().__init__(message, retry_after=str(seconds))


class GatewayRefused(DomainError):
    code = "gateway_refused"


class GatewayUnavailable(DomainError):
    code = "gateway_unavailable"
