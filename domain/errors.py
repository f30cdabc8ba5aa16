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
├── InvalidCredentials
├── NotAuthenticated
├── TokenReused
├── GatewayRefused
└── GatewayUnavailable
"""

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


class InvalidCredentials(DomainError):
    code = "invalid_credentials"

    def __init__(self) -> None:
        super().__init__("The e-mail address or the password is wrong.")


class NotAuthenticated(DomainError):
    code = "not_authenticated"


class TokenReused(DomainError):
    code = "token_reused"

    def __init__(self) -> None:
        super().__init__("This refresh token was used before; its session has ended. Log in again.")


class GatewayRefused(DomainError):
    code = "gateway_refused"


class GatewayUnavailable(DomainError):
    code = "gateway_unavailable"
