"""The figures of the platform: what is counted all the time, and what is known of each day."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from typing import Final, Self

from domain.messages.notice import Channel, MessageStatus
from domain.money import ZERO
from domain.payment import PaymentStatus
from domain.ticket import TicketStatus

SHOWN: Final = timedelta(days=30)  # of daily activity, today included
MOST_DAYS: Final = 366  # of one answer
# A payment of the evening may be paid after midnight, and a message sent, so a day is looked at
# again for so long.
SETTLES: Final = timedelta(days=2)


@dataclass(frozen=True)
class Nightly:
    """Once in each day, when the clock of a time zone shows this."""

    at: time
    time_zone: str


@dataclass(frozen=True)
class Counts:
    """What there is now. `volume`: all fees that were ever paid for loans, in rials."""

    users: int
    volume: Decimal
    tickets: Mapping[TicketStatus, int]
    payments: Mapping[PaymentStatus, int]
    messages: Mapping[Channel, Mapping[MessageStatus, int]]

    @property
    def active_loans(self) -> int:
        return self.tickets[TicketStatus.ACTIVE]

    @classmethod
    def of(cls, values: Mapping[str, Decimal]) -> Self:
        """Read counters by their names; one that is missing has counted nothing yet."""

        def count(name: str) -> int:
            return int(values.get(name, 0))

        return cls(
            users=count("users"),
            volume=values.get("volume", ZERO),
            tickets={status: count(f"tickets:{status}") for status in TicketStatus},
            payments={status: count(f"payments:{status}") for status in PaymentStatus},
            messages={
                channel: {status: count(f"messages:{channel}:{status}") for status in MessageStatus}
                for channel in Channel
            },
        )


@dataclass(frozen=True)
class Day:
    """What happened on one day, by the calendar of the reports' time zone; amounts in rials.

    Attributes:
        is_closed: It is over and has its row; the others are counted when they are asked for.
        volume: Fees that were paid for loans, extensions included and deposits not.
        lender_income: What lenders received of escrows.
        commission: What the platform received of them.
        withdrawals: How many were paid out to banks.
        payments: Those opened on that day, by their status.
        messages: Those of that day, by channel and by status.
    """

    day: date
    is_closed: bool
    new_users: int
    requests: int
    started: int
    completed: int
    cancelled: int
    volume: Decimal
    lender_income: Decimal
    commission: Decimal
    top_ups: int
    top_up_amount: Decimal
    withdrawals: int
    withdrawal_amount: Decimal
    payments: Mapping[PaymentStatus, int]
    messages: Mapping[Channel, Mapping[MessageStatus, int]]


@dataclass(frozen=True)
class Figures:
    """What the platform shows of itself as of one moment; the days are in order of time."""

    as_of: datetime
    counts: Counts
    days: tuple[Day, ...]


@dataclass(frozen=True)
class Share:
    """Somebody's loans on one side of them, by status, and the money of it in rials."""

    loans: Mapping[TicketStatus, int]
    amount: Decimal


@dataclass(frozen=True)
class Own:
    """One user's figures.

    Attributes:
        borrowing: With what their loans have cost them, once those are over.
        lending: With what they have earned.
        balance: What they can spend.
        held: What of theirs waits in escrow.
    """

    borrowing: Share
    lending: Share
    balance: Decimal
    held: Decimal
