"""Wire forms for operators: payments in full, and where our records disagree."""

from datetime import UTC, datetime
from typing import Any, Self
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from api.schemas.common import ID, ID_2, ID_3, NOW, AmountOut, Body, TimeOut, Title
from api.schemas.payments import PaymentOut
from domain.finding import FindingKind
from domain.payment import CardReversal, Payment
from models.finding import FindingRow

_PAYMENT: dict[str, Any] = {
    "id": ID,
    "user_id": ID_2,
    "amount": "2450000.00",
    "currency": "IRR",
    "status": "reversed",
    "authority": "A000000000000000000000000000ydq5y838",
    "redirect_url": "https://payment.zarinpal.com/pg/StartPay/A000000000000000000000000000ydq5y838",
    "ticket_id": ID_3,
    "ref_id": "201010101",
    "card_pan": "502229******5995",
    "fee": "24500.00",
    "created_at": NOW,
    "paid_at": NOW,
    "notice": None,
    "reversal": "done",
}
_FINDING: dict[str, Any] = {
    "id": ID,
    "kind": "not_credited",
    "subject": f"payment:{ID_2}",
    "amount": "2450000.00",
    "detail": "The gateway holds 2,450,000 rials of 2026-11-22 13:00:00; it is not credited here, "
    "the payment is expired.",
    "found_at": NOW,
    "seen_at": NOW,
    "cleared_at": None,
    "age_seconds": 0,
}


class ReversePayment(Body):
    model_config = ConfigDict(json_schema_extra={"examples": [{"reason": "Paid twice"}]})
    reason: Title = Field(description="For operators; the payer does not read it.")


class OperatorPaymentOut(PaymentOut):
    model_config = ConfigDict(json_schema_extra={"examples": [_PAYMENT]})
    user_id: UUID
    reversal: CardReversal | None = Field(
        description="The way back to the card: `asked`, `done`, or `refused` by the gateway."
    )

    @classmethod
    def of(cls, payment: Payment) -> Self:
        return cls.model_validate(payment, from_attributes=True)


class FindingOut(BaseModel):
    model_config = ConfigDict(json_schema_extra={"examples": [_FINDING]})
    id: UUID
    kind: FindingKind
    subject: str = Field(description="`payment:{id}`, `ticket:{id}`, ..., or an authority.")
    amount: AmountOut
    detail: str
    found_at: TimeOut
    seen_at: TimeOut = Field(description="When a comparison saw it last.")
    cleared_at: TimeOut | None = Field(description="When a comparison no longer saw it.")
    age_seconds: int = Field(description="From `found_at` until it was cleared, or until now.")

    @classmethod
    def of(cls, row: FindingRow) -> Self:
        until = row.cleared_at or datetime.now(UTC)
        # The clock of this machine may be behind that of the database.
        age = max(int((until - row.found_at).total_seconds()), 0)
        return cls(
            id=row.id,
            kind=FindingKind(row.kind),
            subject=row.subject,
            amount=row.amount,
            detail=row.detail,
            found_at=row.found_at,
            seen_at=row.seen_at,
            cleared_at=row.cleared_at,
            age_seconds=age,
        )


class ReconciledPayment(BaseModel):
    model_config = ConfigDict(
        json_schema_extra={
            "examples": [{"payment": _PAYMENT, "gateway": "REVERSED", "findings": []}]
        }
    )
    payment: OperatorPaymentOut
    gateway: str | None = Field(
        description="The gateway's word: `VERIFIED`, `PAID`, `IN_BANK`, `FAILED`, `REVERSED`; "
        "null if it did not say."
    )
    findings: list[FindingOut] = Field(description="What is open about this payment.")
