"""Statements on transfers between users. They are stored in the ledger and nowhere else."""

from datetime import timedelta
from decimal import Decimal
from uuid import UUID

from sqlalchemy import and_, func, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import aliased

from domain import ids
from domain.ledger import AccountKind, Side, TransactionKind
from domain.money import ZERO
from domain.transfer import Transfer
from models.ledger import LedgerAccount, LedgerEntry, LedgerTransaction
from models.user import User

_SENT = aliased(LedgerEntry)
_RECEIVED = aliased(LedgerEntry)
_SENDER = aliased(LedgerAccount)
_RECEIVER = aliased(LedgerAccount)
_TRANSFERS = (
    select(
        LedgerTransaction.id,
        _SENDER.owner_id,
        _RECEIVER.owner_id,
        _SENT.amount,
        _SENT.balance_after,
        _SENT.created_at,
    )
    .join(_SENT, and_(_SENT.transaction_id == LedgerTransaction.id, _SENT.type == Side.DEBIT))
    .join(
        _RECEIVED,
        and_(_RECEIVED.transaction_id == LedgerTransaction.id, _RECEIVED.type == Side.CREDIT),
    )
    .join(_SENDER, _SENDER.id == _SENT.account_id)
    .join(_RECEIVER, _RECEIVER.id == _RECEIVED.account_id)
)


async def find(session: AsyncSession, transfer_id: UUID) -> Transfer | None:
    """Return a transfer if it was posted."""
    key = ids.transfer_workflow(transfer_id)
    statement = _TRANSFERS.where(LedgerTransaction.idempotency_key == key)
    row = (await session.execute(statement)).one_or_none()
    return Transfer(*row) if row else None  # type: ignore[arg-type]  # users own both wallets


async def lock_sender(session: AsyncSession, user_id: UUID) -> None:
    """Let the transfers of one user happen one after the other until this transaction ends."""
    statement = select(User.id).where(User.id == user_id).with_for_update(key_share=True)
    await session.execute(statement)


async def can_receive(session: AsyncSession, user_id: UUID) -> bool:
    statement = select(User.id).where(User.id == user_id, User.is_active)
    return await session.scalar(statement) is not None


async def receiver(session: AsyncSession, to: UUID | str) -> UUID | None:
    """Find an account, open or closed, by its id or by its e-mail address in lower case."""
    named = User.id == to if isinstance(to, UUID) else User.email == to
    return await session.scalar(select(User.id).where(named))


async def sent_within(session: AsyncSession, user_id: UUID, period: timedelta) -> Decimal:
    """Return how much a user sent to others in the last `period`, in rials."""
    statement = (
        select(func.sum(LedgerEntry.amount))
        .join(LedgerAccount, LedgerAccount.id == LedgerEntry.account_id)
        .join(LedgerTransaction, LedgerTransaction.id == LedgerEntry.transaction_id)
        .where(
            LedgerAccount.kind == AccountKind.USER_WALLET,
            LedgerAccount.owner_id == user_id,
            LedgerEntry.type == Side.DEBIT,
            LedgerEntry.created_at > func.now() - period,
            LedgerTransaction.kind == TransactionKind.TRANSFER,
        )
    )
    return await session.scalar(statement) or ZERO
