"""Double entry: account kinds, and the balanced transactions that the business knows.

Wallets, escrow, revenue and payout clearing are credit-normal; gateway clearing (the money that
the gateway holds for us) is debit-normal. The floors are the database's: see models/ledger.py.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from typing import Final
from uuid import UUID

from domain import ids


class AccountKind(StrEnum):
    USER_WALLET = "user_wallet"
    TICKET_ESCROW = "ticket_escrow"
    GATEWAY_CLEARING = "gateway_clearing"
    PLATFORM_REVENUE = "platform_revenue"
    PAYOUT_CLEARING = "payout_clearing"


class Side(StrEnum):
    DEBIT = "debit"
    CREDIT = "credit"


class TransactionKind(StrEnum):
    DEPOSIT = "deposit"
    TICKET_PAYMENT = "ticket_payment"
    RELEASE = "release"
    REFUND = "refund"
    TRANSFER = "transfer"
    WITHDRAWAL = "withdrawal"
    PAYOUT = "payout"
    PAYOUT_RETURN = "payout_return"
    REVERSAL = "reversal"


@dataclass(frozen=True, order=True)
class Account:
    """Names an account by what it is for; `owner_id` is a user, a ticket, or nobody."""

    kind: AccountKind
    owner_id: UUID | None = None


GATEWAY_CLEARING: Final = Account(AccountKind.GATEWAY_CLEARING)
PLATFORM_REVENUE: Final = Account(AccountKind.PLATFORM_REVENUE)
PAYOUT_CLEARING: Final = Account(AccountKind.PAYOUT_CLEARING)


def wallet(user_id: UUID) -> Account:
    return Account(AccountKind.USER_WALLET, user_id)


def escrow(ticket_id: UUID) -> Account:
    return Account(AccountKind.TICKET_ESCROW, ticket_id)


@dataclass(frozen=True)
class Entry:
    account: Account
    side: Side
    amount: Decimal


@dataclass(frozen=True)
class Posting:
    """One ledger transaction before it is stored.

    Attributes:
        key: Permanent idempotency key; a second posting under it moves nothing.
        ref: The business object it belongs to, such as ``ticket:{id}``.
        entries: At least two, debits equal to credits.
        reverses: The transaction that this one takes back.
    """

    key: str
    kind: TransactionKind
    ref: str
    description: str
    entries: tuple[Entry, ...]
    reverses: UUID | None = None

    def __post_init__(self) -> None:
        """Refuse to exist unbalanced: such a posting is our bug, never a caller's mistake."""
        debits = total(self.entries, Side.DEBIT)
        if len(self.entries) < 2 or debits != total(self.entries, Side.CREDIT):
            raise ValueError(f"unbalanced posting {self.key}")
        if any(entry.amount <= 0 for entry in self.entries):
            raise ValueError(f"an entry of {self.key} is not positive")


def total(entries: Iterable[Entry], side: Side) -> Decimal:
    return sum((entry.amount for entry in entries if entry.side is side), Decimal(0))


def deposit(payment_id: UUID, user_id: UUID, amount: Decimal) -> Posting:
    """Money that the gateway confirmed to hold for us becomes spendable."""
    return Posting(
        key=ids.payment_posting(payment_id),
        kind=TransactionKind.DEPOSIT,
        ref=ids.payment_workflow(payment_id),
        description="Wallet top-up",
        entries=(
            Entry(GATEWAY_CLEARING, Side.DEBIT, amount),
            Entry(wallet(user_id), Side.CREDIT, amount),
        ),
    )


def ticket_payment(ticket_id: UUID, borrower_id: UUID, amount: Decimal) -> Posting:
    """Fee and deposit leave the borrower's wallet and wait in the ticket's escrow."""
    return Posting(
        key=ids.ticket_posting(ticket_id, "pay"),
        kind=TransactionKind.TICKET_PAYMENT,
        ref=ids.ticket_workflow(ticket_id),
        description="Fee and deposit into escrow",
        entries=(
            Entry(wallet(borrower_id), Side.DEBIT, amount),
            Entry(escrow(ticket_id), Side.CREDIT, amount),
        ),
    )


def extension_payment(ticket_id: UUID, number: int, borrower_id: UUID, amount: Decimal) -> Posting:
    """The fee for lending longer joins the ticket's escrow. `number` names the extension."""
    return Posting(
        key=ids.ticket_posting(ticket_id, f"extend:{number}"),
        kind=TransactionKind.TICKET_PAYMENT,
        ref=ids.ticket_workflow(ticket_id),
        description="Fee of an extension into escrow",
        entries=_move(wallet(borrower_id), escrow(ticket_id), amount),
    )


def transfer(
    transfer_id: UUID, sender_id: UUID, receiver_id: UUID, amount: Decimal, description: str
) -> Posting:
    """Money goes from one user to another. `description` is the sender's, both read it."""
    ref = ids.transfer_workflow(transfer_id)
    entries = _move(wallet(sender_id), wallet(receiver_id), amount)
    return Posting(ref, TransactionKind.TRANSFER, ref, description, entries)


def withdrawal(ref: str, user_id: UUID, amount: Decimal, description: str) -> Posting:
    """Money on its way out leaves the wallet at once. `ref` is a withdrawal or a payment."""
    entries = _move(wallet(user_id), PAYOUT_CLEARING, amount)
    return Posting(f"{ref}:ask", TransactionKind.WITHDRAWAL, ref, description, entries)


def payout(ref: str, amount: Decimal, description: str) -> Posting:
    """The money that was on its way has left us."""
    entries = _move(PAYOUT_CLEARING, GATEWAY_CLEARING, amount)
    return Posting(f"{ref}:paid", TransactionKind.PAYOUT, ref, description, entries)


def payout_return(ref: str, user_id: UUID, amount: Decimal, description: str) -> Posting:
    """The money that was on its way did not leave us: back to the wallet, once."""
    entries = _move(PAYOUT_CLEARING, wallet(user_id), amount)
    return Posting(f"{ref}:returned", TransactionKind.PAYOUT_RETURN, ref, description, entries)


def reversal(
    reversal_id: UUID, transaction_id: UUID, entries: Iterable[Entry], reason: str
) -> Posting:
    """Take back a transaction whose entries were `entries`: each of them the other way round."""
    ref = ids.reversal_workflow(reversal_id)
    other = {Side.DEBIT: Side.CREDIT, Side.CREDIT: Side.DEBIT}
    back = tuple(Entry(entry.account, other[entry.side], entry.amount) for entry in entries)
    return Posting(ref, TransactionKind.REVERSAL, ref, reason, back, reverses=transaction_id)


def _move(source: Account, target: Account, amount: Decimal) -> tuple[Entry, ...]:
    return Entry(source, Side.DEBIT, amount), Entry(target, Side.CREDIT, amount)


@dataclass(frozen=True)
class Split:
    """Who receives how much of an escrow, in rials; zero parts make no entry."""

    lender: Decimal
    platform: Decimal
    borrower: Decimal

    @property
    def total(self) -> Decimal:
        return self.lender + self.platform + self.borrower


def settlement(
    ticket_id: UUID,
    lender_id: UUID,
    borrower_id: UUID,
    split: Split,
    kind: TransactionKind,
    description: str,
) -> Posting:
    """Empty a ticket's escrow. The key is one for every way to do it, so it happens once."""
    shares = (
        (wallet(lender_id), split.lender),
        (PLATFORM_REVENUE, split.platform),
        (wallet(borrower_id), split.borrower),
    )
    received = tuple(Entry(account, Side.CREDIT, part) for account, part in shares if part > 0)
    return Posting(
        key=ids.ticket_posting(ticket_id, "settle"),
        kind=kind,
        ref=ids.ticket_workflow(ticket_id),
        description=description,
        entries=(Entry(escrow(ticket_id), Side.DEBIT, split.total), *received),
    )
