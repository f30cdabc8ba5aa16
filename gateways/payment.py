"""What a payment gateway is asked and what it answers, as plain values. Amounts in whole rials."""

from dataclasses import dataclass, field
from decimal import Decimal
from enum import StrEnum
from uuid import UUID


@dataclass(frozen=True)
class PaymentRequest:
    """What is to be paid, and where the payer's browser is sent afterwards.

    Attributes:
        description: Shown to the payer; at most 500 characters.
        callback_url: Stored and repeated by the gateway, so it must hold no secret.
    """

    payment_id: UUID
    amount: Decimal
    description: str
    callback_url: str
    mobile: str | None = field(default=None, repr=False)
    email: str | None = field(default=None, repr=False)


@dataclass(frozen=True)
class OpenedPayment:
    """`authority` names the payment at the gateway; `fee` is in rials, paid by `fee_type`."""

    authority: str
    fee: Decimal | None
    fee_type: str | None


@dataclass(frozen=True)
class Verification:
    """The money is ours.

    Attributes:
        ref_id: The bank's reference; None if the answer came without one.
        card_pan: Masked, or None.
        repeated: It had been verified before this call.
    """

    ref_id: str | None
    card_pan: str | None
    fee: Decimal | None
    repeated: bool


class InquiryStatus(StrEnum):
    VERIFIED = "VERIFIED"
    PAID = "PAID"
    IN_BANK = "IN_BANK"
    FAILED = "FAILED"
    REVERSED = "REVERSED"


@dataclass(frozen=True)
class UnverifiedPayment:
    """Paid, but not verified yet. `date` is the gateway's text; its time zone is undocumented."""

    authority: str
    amount: Decimal
    date: str | None
