"""Money from one user to another: what is asked, and what came of it."""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from uuid import UUID


@dataclass(frozen=True)
class NewTransfer:
    """A transfer that its sender asked for; `amount` in rials."""

    transfer_id: UUID
    sender_id: UUID
    receiver_id: UUID
    amount: Decimal
    description: str
    at: datetime


@dataclass(frozen=True)
class Transfer:
    """A transfer as posted.

    Attributes:
        transaction_id: Of the ledger.
        balance: What the sender's wallet held after it, in rials.
    """

    transaction_id: UUID
    receiver_id: UUID
    amount: Decimal
    balance: Decimal
    created_at: datetime
