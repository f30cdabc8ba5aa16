"""Money from one user to another: what is asked, who may receive it, and how much."""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from uuid import UUID

from domain.errors import NotFound, ValidationFailed
from domain.money import ZERO


@dataclass(frozen=True)
class NewTransfer:
    """A transfer that its sender asked for; `amount` in rials."""

    transfer_id: UUID
    sender_id: UUID
    receiver_id: UUID
    amount: Decimal
    description: str
    at: datetime


@dataclass(frozen=True)
class Transfer:
    """A transfer as posted.

    Attributes:
        transaction_id: Of the ledger.
        balance: What the sender's wallet held after it, in rials.
    """

    transaction_id: UUID
    sender_id: UUID
    receiver_id: UUID
    amount: Decimal
    balance: Decimal
    created_at: datetime


@dataclass(frozen=True)
class TransferLimits:
    """How much one user may send, in rials: at once, and in any 24 hours."""

    at_once: Decimal
    daily: Decimal


def check_parties(sender_id: UUID, receiver_id: UUID) -> None:
    """Refuse to send money nowhere.

    Raises:
        ValidationFailed: Both are the same user.
    """
    if sender_id == receiver_id:
        raise ValidationFailed("/to", "You cannot send money to yourself.")


def unknown_receiver() -> NotFound:
    """Say that nobody can receive it: whether there is such an account is not told."""
    return NotFound("Nobody with this id or e-mail address can receive money.")


def check_limits(amount: Decimal, sent: Decimal, limits: TransferLimits) -> None:
    """Refuse what is more than a user may send now.

    Args:
        amount: Rials to be sent.
        sent: Rials that the sender sent in the last 24 hours.
        limits: What one user may send.

    Raises:
        ValidationFailed: It is more; the message and the fact `left` say how much may be sent.
    """
    left = min(limits.at_once, max(limits.daily - sent, ZERO))
    if amount > left:
        message = (
            f"You can send {left:,} rials now: at most {limits.at_once:,} at once"
            f" and {limits.daily:,} in any 24 hours."
        )
        raise ValidationFailed("/amount", message, left=f"{left:.2f}")
