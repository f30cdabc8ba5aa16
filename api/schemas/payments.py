"""Wire forms of wallet top-ups."""

from typing import Any, Self
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from api.schemas.common import ID, ID_3, NOW, AmountIn, AmountOut, Body, TimeOut
from domain.payment import Notice, Payment, PaymentStatus

_PAYMENT: dict[str, Any] = {
    "id": ID,
    "amount": "2450000.00",
    "currency": "IRR",
    "status": "pending",
    "authority": "A000000000000000000000000000ydq5y838",
    "redirect_url": "https://payment.zarinpal.com/pg/StartPay/A000000000000000000000000000ydq5y838",
    "ticket_id": ID_3,
    "ref_id": None,
    "card_pan": None,
    "fee": None,
    "created_at": NOW,
    "paid_at": None,
    "notice": None,
}


class NewTopUp(Body):
    """Whole rials, 10,000 to 1,000,000,000. With `ticket_id` the money goes on into its escrow."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"amount": "2450000", "ticket_id": ID_3}]}
    )
    amount: AmountIn
    ticket_id: UUID | None = None


class PaymentOut(BaseModel):
    model_config = ConfigDict(json_schema_extra={"examples": [_PAYMENT]})
    id: UUID
    amount: AmountOut
    currency: str
    status: PaymentStatus
    authority: str | None
    redirect_url: str | None = Field(description="The page where the payer pays.")
    ticket_id: UUID | None
    ref_id: str | None
    card_pan: str | None = Field(description="Masked by the gateway.")
    fee: AmountOut | None = Field(description="What the gateway charged.")
    created_at: TimeOut
    paid_at: TimeOut | None
    notice: Notice | None = Field(
        description="`kept_in_wallet`: it was paid for a ticket that did not take it, because it "
        "was too late or too little."
    )

    @classmethod
    def of(cls, payment: Payment) -> Self:
        return cls.model_validate(payment, from_attributes=True)


class PaymentResult(BaseModel):
    """What anyone who knows a payment's authority may see of it."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {"id": ID, "status": "paid", "amount": "2450000.00", "ref_id": "201010101"}
            ]
        }
    )
    id: UUID
    status: PaymentStatus
    amount: AmountOut
    ref_id: str | None

    @classmethod
    def of(cls, payment: Payment) -> Self:
        return cls.model_validate(payment, from_attributes=True)
