"""The database steps of a top-up. The money and the word `paid` are one transaction."""

from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

from temporalio import activity

from activities.contracts import (
    AttachAuthority,
    MarkPayment,
    NewPayment,
    PaymentSteps,
    RecordedPayment,
    SettlePayment,
)
from activities.refusals import refusals
from domain.ledger import deposit
from domain.money import CURRENCY
from domain.payment import OPEN, Notice, Payment, PaymentStatus
from models.database import Sessions
from models.queries import ledger, payments


@dataclass(frozen=True)
class PostgresPaymentSteps(PaymentSteps):
    """Attributes.

    window: How long the payer may take before an unpaid payment shows as expired.
    interval: How often the gateway is asked about a payment that nobody reported.
    """

    sessions: Sessions
    window: timedelta
    interval: timedelta

    @activity.defn
    async def record_payment(self, payment: NewPayment) -> RecordedPayment:
        """Store a pending payment; a repeat finds the stored one, whatever became of it."""
        with refusals():
            async with self.sessions.begin() as session:
                await payments.insert_once(session, _pending(payment))
                stored = await payments.lock(session, payment.payment_id)
        return RecordedPayment(stored, stored.created_at + self.window, self.interval)

    @activity.defn
    async def attach_authority(self, command: AttachAuthority) -> Payment:
        """Remember the gateway's name for a payment; the first one stays."""
        with refusals():
            async with self.sessions.begin() as session:
                payment = await payments.lock(session, command.payment_id)
                if payment.authority is None:
                    opened = command.opened
                    await payments.attach(
                        session, payment.id, opened.authority, opened.redirect_url
                    )
                return await payments.lock(session, payment.id)

    @activity.defn
    async def mark_payment(self, command: MarkPayment) -> Payment:
        """Change what the payer sees; a payment that is paid or failed stays so."""
        with refusals():
            async with self.sessions.begin() as session:
                payment = await payments.lock(session, command.payment_id)
                if payment.status in OPEN:
                    await payments.mark(session, payment.id, command.status)
                return await payments.lock(session, payment.id)

    @activity.defn
    async def settle_payment(self, command: SettlePayment) -> Payment:
        """Credit the wallet with money that the gateway confirmed, once."""
        with refusals():
            async with self.sessions.begin() as session:
                payment = await payments.lock(session, command.payment_id)
                if payment.paid_at is None:
                    await ledger.post(session, deposit(payment.id, payment.user_id, payment.amount))
                    verified = command.verified
                    await payments.mark_paid(
                        session,
                        payment.id,
                        ref_id=verified.ref_id,
                        card_pan=verified.card_pan,
                        fee=verified.fee,
                        paid_at=command.at,
                    )
                return await payments.lock(session, payment.id)

    @activity.defn
    async def keep_in_wallet(self, payment_id: UUID) -> Payment:
        """Tell the payer that what was paid for a ticket stays in the wallet."""
        with refusals():
            async with self.sessions.begin() as session:
                payment = await payments.lock(session, payment_id)
                if payment.paid_at is not None and payment.notice is None:
                    await payments.give_notice(session, payment.id, Notice.KEPT_IN_WALLET)
                return await payments.lock(session, payment.id)


def _pending(new: NewPayment) -> Payment:
    return Payment(
        id=new.payment_id,
        user_id=new.user_id,
        ticket_id=new.ticket_id,
        amount=new.amount,
        currency=CURRENCY,
        status=PaymentStatus.PENDING,
        authority=None,
        redirect_url=None,
        ref_id=None,
        card_pan=None,
        fee=None,
        created_at=new.at,
        paid_at=None,
    )
