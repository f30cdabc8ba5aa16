"""Top-ups, taken as far as a test needs them by the steps that do it for real."""

from datetime import timedelta
from decimal import Decimal
from uuid import UUID, uuid4

from activities.contracts.payments import (
    AttachAuthority,
    NewPayment,
    Opened,
    SettlePayment,
    Verified,
)
from activities.payments import PostgresPaymentSteps
from models.base import new_id
from models.database import Sessions
from tests.given import NOW


def steps_of(sessions: Sessions) -> PostgresPaymentSteps:
    return PostgresPaymentSteps(sessions, timedelta(minutes=30), timedelta(minutes=2))


async def opened(topups: PostgresPaymentSteps, user: UUID, ticket: UUID | None = None) -> UUID:
    new = NewPayment(new_id(), user, Decimal(900_000), ticket, NOW)
    await topups.record_payment(new)
    page = Opened(f"S{uuid4().hex}000", "http://gateway/pay")
    await topups.attach_authority(AttachAuthority(new.payment_id, page))
    return new.payment_id


async def settle(topups: PostgresPaymentSteps, payment_id: UUID) -> None:
    verified = Verified("20123", "502229******5995", Decimal(1200))
    await topups.settle_payment(SettlePayment(payment_id, verified, NOW))
