"""Steps of a top-up: those in the database, and those that ask the gateway."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from enum import StrEnum
from typing import Protocol
from uuid import UUID

from temporalio import activity

from domain.payment import Payment, PaymentStatus


@dataclass(frozen=True)
class NewPayment:
    """A top-up that its payer asked for. `amount` in whole rials."""

    payment_id: UUID
    user_id: UUID
    amount: Decimal
    ticket_id: UUID | None
    at: datetime


@dataclass(frozen=True)
class RecordedPayment:
    """A stored payment, when it shows as expired, and how often the gateway is asked about it."""

    payment: Payment
    expires_at: datetime
    interval: timedelta


@dataclass(frozen=True)
class Opened:
    """The gateway's name for a payment, and the page where it is paid."""

    authority: str
    redirect_url: str


@dataclass(frozen=True)
class Verified:
    """The gateway holds the money. `card_pan` is masked; `fee` is the gateway's, in rials."""

    ref_id: str | None
    card_pan: str | None
    fee: Decimal | None


class Verdict(StrEnum):
    """What the gateway knows of a payment. `unpaid` may still change while its page is open."""

    PAID = "paid"
    UNPAID = "unpaid"


@dataclass(frozen=True)
class Inspection:
    verdict: Verdict
    verified: Verified | None = None


@dataclass(frozen=True)
class MarkPayment:
    """Set what the payer sees of a payment that is not paid."""

    payment_id: UUID
    status: PaymentStatus


@dataclass(frozen=True)
class AttachAuthority:
    payment_id: UUID
    opened: Opened


@dataclass(frozen=True)
class SettlePayment:
    payment_id: UUID
    verified: Verified
    at: datetime


class PaymentSteps(Protocol):
    """Steps inside the database."""

    @activity.defn
    async def record_payment(self, payment: NewPayment) -> RecordedPayment: ...

    @activity.defn
    async def attach_authority(self, command: AttachAuthority) -> Payment: ...

    @activity.defn
    async def mark_payment(self, command: MarkPayment) -> Payment: ...

    @activity.defn
    async def settle_payment(self, command: SettlePayment) -> Payment: ...

    @activity.defn
    async def keep_in_wallet(self, payment_id: UUID) -> Payment: ...


@dataclass(frozen=True)
class Unverified:
    """Money that the gateway holds and that nobody claimed, in rials.

    Attributes:
        date: The gateway's text; its time zone is not documented.
    """

    authority: str
    amount: Decimal
    date: str | None


class GatewaySteps(Protocol):
    """Calls to the payment gateway."""

    @activity.defn
    async def open_at_gateway(self, payment: NewPayment) -> Opened: ...

    @activity.defn
    async def verify_at_gateway(self, payment: Payment) -> Inspection: ...

    @activity.defn
    async def inquire_at_gateway(self, payment: Payment) -> Inspection: ...

    @activity.defn
    async def reverse_at_gateway(self, payment: Payment) -> bool: ...

    @activity.defn
    async def status_at_gateway(self, payment: Payment) -> str: ...

    @activity.defn
    async def list_unverified(self) -> tuple[Unverified, ...]: ...
