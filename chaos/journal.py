"""What one person was told: every answer, and what follows from it for their loans and money.

It is noted from answers alone, so it knows nothing that a client could not know; the judge holds
the system to it.
"""

import time
from collections import Counter
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any
from uuid import UUID

Json = dict[str, Any]


@dataclass(frozen=True)
class Write:
    """A write that was answered for good. Times are of the monotonic clock.

    Attributes:
        tries: How often it was sent.
        last_at: When it was sent the last time.
    """

    method: str
    path: str
    key: str
    status: int
    body: Json
    tries: int
    first_at: float
    last_at: float
    answered_at: float

    @property
    def is_acknowledged(self) -> bool:
        return 200 <= self.status < 300

    @property
    def seconds(self) -> float:
        return self.answered_at - self.first_at


@dataclass(frozen=True)
class Step:
    """An action on a ticket that was acknowledged, and the status after it."""

    ticket_id: UUID
    action: str
    status: str


@dataclass(frozen=True)
class Sent:
    """A transfer that was acknowledged."""

    transaction_id: UUID
    receiver_id: UUID
    amount: Decimal


@dataclass(frozen=True)
class Held:
    """A payment or a withdrawal as it was last told."""

    amount: Decimal
    status: str


@dataclass
class Journal:
    """Of one person.

    Attributes:
        balance: What the wallet must hold, to the rial.
        repeats: By what kept an answer away: a status, or the name of an error.
    """

    who: UUID
    balance: Decimal = Decimal(0)
    writes: list[Write] = field(default_factory=list)
    steps: list[Step] = field(default_factory=list)
    sent: list[Sent] = field(default_factory=list)
    payments: dict[UUID, Held] = field(default_factory=dict)
    withdrawals: dict[UUID, Held] = field(default_factory=dict)
    repeats: Counter[str] = field(default_factory=Counter)

    def stepped(self, ticket: Json, action: str) -> None:
        self.steps.append(Step(UUID(ticket["id"]), action, ticket["status"]))

    def transferred(self, answer: Json, amount: int) -> None:
        receiver = UUID(answer["to"])
        self.sent.append(Sent(UUID(answer["transaction_id"]), receiver, Decimal(amount)))

    def paid(self, payment: Json) -> None:
        """Keep a payment as it is now, whatever it was before."""
        self.payments[UUID(payment["id"])] = _held(payment)

    def withdrew(self, withdrawal: Json) -> None:
        self.withdrawals[UUID(withdrawal["id"])] = _held(withdrawal)


def _held(told: Json) -> Held:
    return Held(Decimal(told["amount"]), told["status"])


def now() -> float:
    return time.monotonic()
