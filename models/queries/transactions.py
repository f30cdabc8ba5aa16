"""Statements that read whole ledger transactions, with all of their entries."""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import aliased

from domain.errors import NotFound
from domain.ledger import Account, Entry, Side, TransactionKind
from models.ledger import LedgerAccount, LedgerEntry, LedgerTransaction


@dataclass(frozen=True)
class PostedEntry:
    """One line of a transaction. `balance_after` is None for the platform's own accounts."""

    id: UUID
    account: Account
    type: Side
    amount: Decimal
    balance_after: Decimal | None

    @property
    def entry(self) -> Entry:
        return Entry(self.account, self.type, self.amount)


@dataclass(frozen=True)
class PostedTransaction:
    """A transaction as stored; `reversed_by` is the one that took it back."""

    id: UUID
    kind: TransactionKind
    ref: str
    description: str
    amount: Decimal
    reverses: UUID | None
    reversed_by: UUID | None
    created_at: datetime
    entries: tuple[PostedEntry, ...]


async def get(session: AsyncSession, transaction_id: UUID) -> PostedTransaction:
    """Return a transaction with its entries, in the order in which they were written.

    Raises:
        NotFound: There is no such transaction.
    """
    later = aliased(LedgerTransaction)
    statement = select(LedgerTransaction, later.id).outerjoin(
        later, later.reverses == LedgerTransaction.id
    )
    found = await session.execute(statement.where(LedgerTransaction.id == transaction_id))
    row = found.one_or_none()
    if row is None:
        raise NotFound("There is no such ledger transaction.")
    stored, reversed_by = row
    return PostedTransaction(
        id=stored.id,
        kind=stored.kind,
        ref=stored.ref,
        description=stored.description,
        amount=stored.amount,
        reverses=stored.reverses,
        reversed_by=reversed_by,
        created_at=stored.created_at,
        entries=await _entries(session, transaction_id),
    )


async def _entries(session: AsyncSession, transaction_id: UUID) -> tuple[PostedEntry, ...]:
    statement = (
        select(LedgerEntry, LedgerAccount.kind, LedgerAccount.owner_id)
        .join(LedgerAccount, LedgerAccount.id == LedgerEntry.account_id)
        .where(LedgerEntry.transaction_id == transaction_id)
        .order_by(LedgerEntry.seq)
    )
    return tuple(
        PostedEntry(entry.id, Account(kind, owner), entry.type, entry.amount, entry.balance_after)
        for entry, kind, owner in await session.execute(statement)
    )
