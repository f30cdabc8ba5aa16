"""Builders: the people, things and money that a test starts from."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID, uuid4

from activities.contracts.payments import NewPayment, SettlePayment, Verified
from activities.payments import PostgresPaymentSteps
from domain import ledger
from domain.asset import Asset, Handover
from domain.cancellation import CancellationPolicy
from domain.dispute import Dispute, DisputeStatus
from domain.extension import Extension, ExtensionStatus
from domain.ledger import Posting
from domain.messages.notice import Channel, MessageStatus, NoticeKind
from domain.payment import Payment, PaymentStatus
from domain.plan import LoanRequest
from domain.ticket import Stage, Ticket, TicketStatus
from models.asset import AssetRow
from models.base import new_id
from models.database import Sessions
from models.message import MessageRow
from models.queries import ledger as ledger_queries
from models.queries import payments
from models.user import User

NOW = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
DAY = timedelta(days=1)


def an_asset(**changes: Any) -> Asset:
    values: dict[str, Any] = {
        "id": uuid4(),
        "owner_id": uuid4(),
        "daily_fee": Decimal(100_000),
        "deposit": Decimal(500_000),
        "max_days": 30,
        "handover": Handover.INSTANT,
        "cancellation_policy": CancellationPolicy.FLEXIBLE,
        "is_listed": True,
    }
    return Asset(**values | changes)


def a_ticket(**changes: Any) -> Ticket:
    status = changes.get("status", TicketStatus.PENDING)
    closed = status in {TicketStatus.COMPLETED, TicketStatus.CANCELLED}
    values: dict[str, Any] = {
        "id": uuid4(),
        "asset_id": uuid4(),
        "borrower_id": uuid4(),
        "lender_id": uuid4(),
        "status": status,
        "fee": Decimal(300_000),
        "deposit": Decimal(500_000),
        "commission_bps": 500,
        "handover": Handover.INSTANT,
        "cancellation_policy": CancellationPolicy.FLEXIBLE,
        "starts_at": NOW + DAY,
        "ends_at": NOW + 4 * DAY,
        "deadline_at": None if closed else NOW + DAY,
        "cancel_reason": None,
        "note": None,
        "created_at": NOW,
        "updated_at": NOW,
        "daily_fee": Decimal(100_000),
        "cancellation_version": None if status is TicketStatus.PENDING else 1,
    }
    return Ticket(**values | changes)


def a_ticket_at(stage: Stage, **changes: Any) -> Ticket:
    """A ticket of three days at 100,000 rials, in any stage; claims are the lender's."""
    if stage not in _ACTIVE:
        return a_ticket(status=TicketStatus(stage.value), **changes)
    ticket = a_ticket(status=TicketStatus.ACTIVE, **{"deadline_at": NOW + 6 * DAY} | changes)
    if stage is Stage.ACTIVE:
        return ticket
    if stage is Stage.OFFERED:
        return replace(ticket, extension=an_offer(ticket))
    return _disputed(ticket, is_open=stage is Stage.CLAIMED)


_ACTIVE = (Stage.ACTIVE, Stage.OFFERED, Stage.CLAIMED, Stage.CONTESTED)


def _disputed(ticket: Ticket, *, is_open: bool) -> Ticket:
    status = DisputeStatus.OPEN if is_open else DisputeStatus.CONTESTED
    dispute = Dispute(status, ticket.lender_id, "Scratched.", Decimal(400_000), NOW)
    deadline_at = NOW + 3 * DAY if is_open else None
    return replace(ticket, dispute=dispute, deadline_at=deadline_at)


def an_offer(ticket: Ticket) -> Extension:
    end = ticket.ends_at + 2 * DAY
    status = ExtensionStatus.OFFERED
    return Extension(1, status, end, 2 * ticket.daily_fee, NOW, NOW + DAY)


def a_wish(asset: Asset, borrower_id: UUID | None = None, **changes: Any) -> LoanRequest:
    values: dict[str, Any] = {
        "ticket_id": new_id(),
        "asset_id": asset.id,
        "borrower_id": borrower_id or uuid4(),
        "starts_at": NOW + DAY,
        "ends_at": NOW + 4 * DAY,
        "note": None,
        "at": NOW,
    }
    return LoanRequest(**values | changes)


async def a_user(sessions: Sessions, **changes: Any) -> UUID:
    user = User(
        **{"id": new_id(), "email": f"{uuid4()}@example.com", "full_name": "Sara Ahmadi"} | changes
    )
    async with sessions.begin() as session:
        session.add(user)
    return user.id


async def a_stored_asset(sessions: Sessions, **changes: Any) -> Asset:
    owner_id = changes.pop("owner_id", None) or await a_user(sessions)
    asset = an_asset(owner_id=owner_id, **changes)
    async with sessions.begin() as session:
        session.add(
            AssetRow(**vars(asset), title="Camera", description="A camera", category="photo")
        )
    return asset


async def money_in_wallet(sessions: Sessions, user_id: UUID, amount: Decimal) -> None:
    async with sessions.begin() as session:
        await ledger_queries.post(session, ledger.deposit(uuid4(), user_id, amount))


async def a_posting(sessions: Sessions, posting: Posting) -> UUID:
    """Post a transaction and return its id."""
    async with sessions.begin() as session:
        await ledger_queries.post(session, posting)
        posted = await ledger_queries.by_key(session, posting.key)
    assert posted
    return posted.id


async def a_paid_payment(sessions: Sessions, user_id: UUID, amount: Decimal) -> UUID:
    """A payment with its money in the wallet, by the steps that do it for real."""
    steps = PostgresPaymentSteps(sessions, timedelta(minutes=30), timedelta(minutes=2))
    new = NewPayment(new_id(), user_id, amount, None, datetime.now(UTC))
    await steps.record_payment(new)
    verified = Verified("123", "502229******5995", Decimal(1200))
    await steps.settle_payment(SettlePayment(new.payment_id, verified, new.at))
    return new.payment_id


async def a_payment(sessions: Sessions, **changes: Any) -> Payment:
    """Store a payment; one that is `paid` comes with its deposit."""
    values: dict[str, Any] = {
        "id": new_id(),
        "user_id": changes.get("user_id") or await a_user(sessions),
        "ticket_id": None,
        "amount": Decimal(250_000),
        "currency": "IRR",
        "status": PaymentStatus.PAID,
        "authority": f"S{uuid4().hex}000",
        "redirect_url": None,
        "ref_id": None,
        "card_pan": None,
        "fee": None,
        "created_at": datetime.now(UTC),
        "paid_at": None,
    }
    payment = Payment(**values | changes)
    if payment.status is PaymentStatus.PAID and payment.paid_at is None:
        payment = replace(payment, paid_at=payment.created_at)
    async with sessions.begin() as session:
        await payments.insert_once(session, payment)
        if payment.status is PaymentStatus.PAID:
            deposit = ledger.deposit(payment.id, payment.user_id, payment.amount)
            await ledger_queries.post(session, deposit)
    return payment


async def a_message(sessions: Sessions, user_id: UUID | None, **changes: Any) -> UUID:
    """Store a message about a transfer by e-mail, or what `changes` make of it."""
    values: dict[str, Any] = {
        "id": new_id(),
        "user_id": user_id,
        "channel": Channel.EMAIL,
        "kind": NoticeKind.TRANSFER_RECEIVED,
        "facts": {"amount": "1000", "balance": "1000"},
        "status": MessageStatus.SENT,
        "created_at": datetime.now(UTC),
    }
    row = MessageRow(**values | changes)
    async with sessions.begin() as session:
        session.add(row)
    return row.id


async def eventually(
    condition: Callable[[], Awaitable[bool]], within: timedelta = timedelta(seconds=15)
) -> None:
    """Wait until something that happens by itself has happened."""
    async with asyncio.timeout(within.total_seconds()):
        while not await condition():  # noqa: ASYNC110  (other processes set no event of ours)
            await asyncio.sleep(0.02)
