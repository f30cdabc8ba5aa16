"""The database steps of a top-up. The money and the word `paid` are one transaction."""

from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession
from temporalio import activity

from activities.contracts.payments import (
    AttachAuthority,
    MarkPayment,
    NewPayment,
    PaymentSteps,
    RecordedPayment,
    SettlePayment,
)
from activities.refusals import refusals
from domain import ids
from domain.errors import PaymentPending
from domain.ledger import deposit
from domain.messages import money_notices
from domain.money import CURRENCY
from domain.payment import OPEN, Notice, Payment, PaymentStatus
from models.database import Sessions
from models.queries import ledger, notices, payments, tickets


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
        """Store a pending payment; a repeat finds the stored one, whatever became of it.

        It is refused while the ticket that it is for has another one that can be paid.
        """
        with refusals():
            async with self.sessions.begin() as session:
                stored = await _record(session, _pending(payment))
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
                    if payment.status is not command.status:
                        told = money_notices.unpaid(payment, command.status)
                        await notices.tell(session, told)
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
                    await notices.tell(session, money_notices.paid(payment, verified.ref_id))
                return await payments.lock(session, payment.id)

    @activity.defn
    async def keep_in_wallet(self, payment_id: UUID) -> Payment:
        """Tell the payer that what was paid for a ticket stays in the wallet, if it does."""
        with refusals():
            async with self.sessions.begin() as session:
                payment = await payments.lock(session, payment_id)
                is_news = payment.paid_at is not None and payment.notice is None
                if is_news and not await _went_on(session, payment):
                    await payments.give_notice(session, payment.id, Notice.KEPT_IN_WALLET)
                    await notices.tell(session, money_notices.kept(payment))
                return await payments.lock(session, payment.id)


async def _record(session: AsyncSession, new: Payment) -> Payment:
    while True:
        await payments.insert_once(session, new)
        stored = await payments.find(session, new.id)
        if stored is not None:
            return stored
        rival = new.ticket_id and await payments.pending_for(session, new.ticket_id)
        if rival:
            raise PaymentPending(rival.id, rival.redirect_url)
        # What was in the way is closed since, so there is room now.


async def _went_on(session: AsyncSession, payment: Payment) -> bool:
    """Whether the ticket took the money: a top-up that looks again may find it closed since."""
    if payment.ticket_id is None:
        return False
    command_id = ids.payment_workflow(payment.id)
    return await tickets.was_done(session, payment.ticket_id, command_id)


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
