"""The life of a wallet top-up, as its payer sees it."""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from typing import Final
from uuid import UUID

from domain.errors import ValidationFailed


class PaymentStatus(StrEnum):
    PENDING = "pending"
    PAID = "paid"
    CANCELLED = "cancelled"
    FAILED = "failed"
    EXPIRED = "expired"
    REVERSED = "reversed"


# Money can still arrive in these: the gateway may say so after the payer gave up or time ran out.
OPEN: Final = frozenset({PaymentStatus.PENDING, PaymentStatus.CANCELLED, PaymentStatus.EXPIRED})


class Notice(StrEnum):
    """What the payer should know about where the money went."""

    KEPT_IN_WALLET = "kept_in_wallet"  # the ticket it was for could not be paid with it


class CardReversal(StrEnum):
    """Whether a paid payment is sent back to its card. It is tried once."""

    ASKED = "asked"
    DONE = "done"
    REFUSED = "refused"


@dataclass(frozen=True)
class Payment:
    """A top-up as stored; `amount` and the gateway's `fee` in rials.

    Attributes:
        authority: The gateway's name for it; None until the gateway opened it.
        redirect_url: The page where the payer pays.
        card_pan: Masked by the gateway.
    """

    id: UUID
    user_id: UUID
    ticket_id: UUID | None
    amount: Decimal
    currency: str
    status: PaymentStatus
    authority: str | None
    redirect_url: str | None
    ref_id: str | None
    card_pan: str | None
    fee: Decimal | None
    created_at: datetime
    paid_at: datetime | None
    notice: Notice | None = None
    reversal: CardReversal | None = None


MIN_PAYMENT: Final = Decimal(10_000)
MAX_PAYMENT: Final = Decimal(1_000_000_000)


def check_amount(amount: Decimal) -> None:
    """Refuse what the gateway would refuse: parts of a rial, too little, too much."""
    if amount != amount.to_integral_value():
        raise ValidationFailed("/amount", "A payment is in whole rials.")
    if not MIN_PAYMENT <= amount <= MAX_PAYMENT:
        raise ValidationFailed("/amount", f"A payment is {MIN_PAYMENT} to {MAX_PAYMENT} rials.")
