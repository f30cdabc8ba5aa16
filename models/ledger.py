"""The double-entry ledger. Rows are written by post_ledger_transaction() (see 0005) alone.

The application's role can read these tables and call that function, nothing else. The database
itself keeps debits equal to credits, balances above their floor, and history unchanged.
"""

from datetime import datetime
from decimal import Decimal
from uuid import UUID

from sqlalchemy import BigInteger, ForeignKey, Identity, LargeBinary
from sqlalchemy.orm import Mapped, mapped_column

from domain.ledger import AccountKind, Side, TransactionKind
from models.base import Base, CreatedAt, Id, choice


class LedgerAccount(Base):
    """`balance` is None for the platform's own accounts: one hot row would queue everybody."""

    __tablename__ = "ledger_accounts"

    id: Mapped[Id]
    kind: Mapped[AccountKind] = mapped_column(choice(AccountKind))
    owner_id: Mapped[UUID | None]
    currency: Mapped[str]
    balance: Mapped[Decimal | None]
    last_entry_at: Mapped[datetime | None]
    seq: Mapped[int] = mapped_column(BigInteger, Identity(always=True), unique=True)
    created_at: Mapped[CreatedAt]


class LedgerTransaction(Base):
    __tablename__ = "ledger_transactions"

    id: Mapped[Id]
    idempotency_key: Mapped[str] = mapped_column(unique=True)
    kind: Mapped[TransactionKind] = mapped_column(choice(TransactionKind))
    ref: Mapped[str] = mapped_column(index=True)
    description: Mapped[str]
    amount: Mapped[Decimal]  # the sum of its debits
    seq: Mapped[int] = mapped_column(BigInteger, Identity(always=True), unique=True)
    reverses: Mapped[UUID | None] = mapped_column(ForeignKey("ledger_transactions.id"))
    created_at: Mapped[datetime]


class LedgerEntry(Base):
    """An account occurs once in a transaction; `created_at` and `seq` order its entries."""

    __tablename__ = "ledger_entries"

    transaction_id: Mapped[UUID] = mapped_column(
        ForeignKey("ledger_transactions.id"), primary_key=True
    )
    account_id: Mapped[UUID] = mapped_column(ForeignKey("ledger_accounts.id"), primary_key=True)
    id: Mapped[UUID]
    seq: Mapped[int] = mapped_column(BigInteger, Identity(always=True))
    type: Mapped[Side] = mapped_column(choice(Side))
    amount: Mapped[Decimal]
    balance_after: Mapped[Decimal | None]
    ref: Mapped[str]
    description: Mapped[str]
    created_at: Mapped[datetime]


class LedgerSeal(Base):
    """A closed range of the ledger. Written by seal_ledger() (see 0006) alone.

    `leaves` has 49 bytes for each row in the range: its kind, its id, its SHA-256. `digest` covers
    them, the numbers of this row, and the digest before.
    """

    __tablename__ = "ledger_seals"

    number: Mapped[int] = mapped_column(BigInteger, primary_key=True)
    last_transaction: Mapped[int] = mapped_column(BigInteger)
    last_account: Mapped[int] = mapped_column(BigInteger)
    leaves: Mapped[bytes] = mapped_column(LargeBinary)
    previous: Mapped[bytes] = mapped_column(LargeBinary)
    digest: Mapped[bytes] = mapped_column(LargeBinary)
    sealed_at: Mapped[datetime]
