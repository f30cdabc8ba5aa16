"""Statements on payments."""

from collections.abc import Collection, Sequence
from dataclasses import fields
from datetime import datetime
from decimal import Decimal
from uuid import UUID

from sqlalchemy import ARRAY, Select, Uuid, any_, bindparam, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from domain.errors import NotFound
from domain.payment import CardReversal, Notice, Payment, PaymentStatus
from domain.ticket import TicketStatus
from models.payment import PaymentRow
from models.ticket import TicketRow

# The columns and the domain's fields have the same names: a row is a payment.
_COLUMNS = [getattr(PaymentRow, field.name) for field in fields(Payment)]


def _payments() -> Select[tuple[object, ...]]:
    return select(*_COLUMNS)


def _payment(row: Sequence[object]) -> Payment:
    return Payment(*row)  # type: ignore[arg-type]  # _COLUMNS follow the fields of Payment


async def find(session: AsyncSession, payment_id: UUID) -> Payment | None:
    row = (await session.execute(_payments().where(PaymentRow.id == payment_id))).one_or_none()
    return _payment(row) if row else None


async def get(session: AsyncSession, payment_id: UUID) -> Payment:
    """Return a payment.

    Raises:
        NotFound: There is no such payment.
    """
    payment = await find(session, payment_id)
    if payment is None:
        raise NotFound("There is no such payment.")
    return payment


async def untold(session: AsyncSession) -> Sequence[UUID]:
    """Name the payments that arrived for a ticket which still waits for its money."""
    waits = (TicketRow.id == PaymentRow.ticket_id) & (TicketRow.status == TicketStatus.ACCEPTED)
    has_arrived = PaymentRow.status == PaymentStatus.PAID, PaymentRow.notice.is_(None)
    return (
        await session.scalars(select(PaymentRow.id).join(TicketRow, waits).where(*has_arrived))
    ).all()


async def paid_among(session: AsyncSession, payment_ids: Collection[UUID]) -> set[UUID]:
    """Return which of these payments have arrived."""
    is_named = PaymentRow.id == any_(bindparam("payment_ids", list(payment_ids), ARRAY(Uuid)))
    statement = select(PaymentRow.id).where(is_named, PaymentRow.paid_at.is_not(None))
    return set(await session.scalars(statement))


async def by_authority(session: AsyncSession, authority: str) -> Payment | None:
    statement = _payments().where(PaymentRow.authority == authority)
    row = (await session.execute(statement)).one_or_none()
    return _payment(row) if row else None


async def lock(session: AsyncSession, payment_id: UUID) -> Payment:
    """Return a payment that nobody else can change until this transaction ends.

    Raises:
        NotFound: There is no such payment.
    """
    statement = _payments().where(PaymentRow.id == payment_id).with_for_update(key_share=True)
    row = (await session.execute(statement)).one_or_none()
    if row is None:
        raise NotFound("There is no such payment.")
    return _payment(row)


async def page(
    session: AsyncSession,
    user_id: UUID | None = None,
    *,
    status: PaymentStatus | None = None,
    ticket_id: UUID | None = None,
    before: UUID | None = None,
    limit: int,
) -> list[Payment]:
    """List payments, a user's or everybody's, newest first, older than `before`."""
    statement = _payments()
    wanted = {
        PaymentRow.user_id: user_id,
        PaymentRow.status: status,
        PaymentRow.ticket_id: ticket_id,
    }
    for column, value in wanted.items():
        if value is not None:
            statement = statement.where(column == value)
    if before is not None:
        statement = statement.where(PaymentRow.id < before)
    rows = await session.execute(statement.order_by(PaymentRow.id.desc()).limit(limit))
    return [_payment(row) for row in rows]


async def pending_for(session: AsyncSession, ticket_id: UUID) -> Payment | None:
    """Return the one payment of a ticket that its payer can still go on with."""
    statement = _payments().where(
        PaymentRow.ticket_id == ticket_id, PaymentRow.status == PaymentStatus.PENDING
    )
    row = (await session.execute(statement)).one_or_none()
    return _payment(row) if row else None


async def insert_once(session: AsyncSession, payment: Payment) -> None:
    """Store a new payment; one that is stored already stays as it is.

    Nothing is stored either while another payment is pending for the same ticket. Whoever
    inserts second waits for the first one's transaction, and then finds its payment.
    """
    values = {field.name: getattr(payment, field.name) for field in fields(Payment)}
    await session.execute(insert(PaymentRow).values(values).on_conflict_do_nothing())


async def attach(
    session: AsyncSession, payment_id: UUID, authority: str, redirect_url: str
) -> None:
    await _set(session, payment_id, authority=authority, redirect_url=redirect_url)


async def mark(session: AsyncSession, payment_id: UUID, status: PaymentStatus) -> None:
    await _set(session, payment_id, status=status)


async def mark_paid(
    session: AsyncSession,
    payment_id: UUID,
    *,
    ref_id: str | None,
    card_pan: str | None,
    fee: Decimal | None,
    paid_at: datetime,
) -> None:
    await _set(
        session,
        payment_id,
        status=PaymentStatus.PAID,
        ref_id=ref_id,
        card_pan=card_pan,
        fee=fee,
        paid_at=paid_at,
    )


async def give_notice(session: AsyncSession, payment_id: UUID, notice: Notice) -> None:
    await _set(session, payment_id, notice=notice)


async def mark_reversal(session: AsyncSession, payment_id: UUID, reversal: CardReversal) -> None:
    """Note how far a payment's way back to its card is; when it is done, the status says so."""
    status = {"status": PaymentStatus.REVERSED} if reversal is CardReversal.DONE else {}
    await _set(session, payment_id, reversal=reversal, **status)


async def of_authorities(session: AsyncSession, authorities: Collection[str]) -> list[Payment]:
    statement = _payments().where(PaymentRow.authority.in_(authorities))
    return [_payment(row) for row in await session.execute(statement)]


async def _set(session: AsyncSession, payment_id: UUID, **values: object) -> None:
    await session.execute(update(PaymentRow).where(PaymentRow.id == payment_id).values(values))
