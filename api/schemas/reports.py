"""Wire forms of reports: what the platform shows of itself, its days, and one's own figures."""

from datetime import date
from typing import Annotated, Any, Self

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field

from api.schemas.common import NOW, AmountOut, TimeOut
from domain.messages.notice import Channel, MessageStatus
from domain.payment import PaymentStatus
from domain.reports import Day, Figures, Own
from domain.ticket import TicketStatus

_MESSAGES: dict[str, Any] = {
    "email": {"queued": 1, "sent": 96, "failed": 2},
    "sms": {"queued": 0, "sent": 41, "failed": 0},
    "whatsapp": {"queued": 0, "sent": 0, "failed": 0},
}
_PAYMENTS: dict[str, Any] = {
    "pending": 2, "paid": 31, "cancelled": 4, "failed": 1, "expired": 3, "reversed": 0,
}  # fmt: skip
_TICKETS: dict[str, Any] = {
    "pending": 4, "accepted": 2, "escrow": 1, "active": 7, "completed": 120, "cancelled": 18,
}  # fmt: skip
_DAY: dict[str, Any] = {
    "day": "2026-11-22",
    "is_closed": True,
    "new_users": 12,
    "requests": 20,
    "started": 14,
    "completed": 11,
    "cancelled": 3,
    "volume": "4200000.00",
    "lender_income": "3135000.00",
    "commission": "165000.00",
    "top_ups": 31,
    "top_up_amount": "24500000.00",
    "withdrawals": 5,
    "withdrawal_amount": "9000000.00",
    "payments": _PAYMENTS,
    "messages": _MESSAGES,
}
_DAYS: dict[str, Any] = {"time_zone": "Asia/Tehran", "items": [_DAY]}
_SUMMARY: dict[str, Any] = {
    "total_users": 512,
    "active_loans": 7,
    "total_volume": "48000000.00",
    "loans": _TICKETS,
    "payments": _PAYMENTS,
    "messages": _MESSAGES,
    "daily_activity": [_DAY | {"is_closed": False}],
    "time_zone": "Asia/Tehran",
    "as_of": NOW,
}
_OWN: dict[str, Any] = {
    "as_borrower": {"loans": _TICKETS, "spent": "1800000.00"},
    "as_lender": {"loans": _TICKETS, "earned": "3135000.00"},
    "balance": "1250000.00",
    "held": "2450000.00",
}


def _written_out(value: object) -> object:
    # To Pydantic a number is a day as well, as seconds since 1970.
    if isinstance(value, str) and not value.isdigit():
        return value
    raise ValueError("A day is a string such as 2026-11-22.")


def _of_our_time(value: date) -> date:
    if not 2000 <= value.year < 2200:
        raise ValueError("A day lies between the years 2000 and 2200.")
    return value


DayIn = Annotated[date, BeforeValidator(_written_out), AfterValidator(_of_our_time)]


class DayOut(BaseModel):
    """One day, from midnight to midnight in the reports' time zone."""

    model_config = ConfigDict(json_schema_extra={"examples": [_DAY]}, from_attributes=True)
    day: date
    is_closed: bool = Field(description="The day is over and counted; the others may still grow.")
    new_users: int
    requests: int = Field(description="Tickets that were opened.")
    started: int = Field(description="Loans whose thing was handed over.")
    completed: int
    cancelled: int = Field(description="Tickets that were declined, withdrawn, or expired.")
    volume: AmountOut = Field(
        description="Fees paid for loans, extensions included, deposits not; refunds are not "
        "taken off."
    )
    lender_income: AmountOut = Field(description="What lenders received of escrows.")
    commission: AmountOut = Field(description="What the platform received of them.")
    top_ups: int = Field(description="Payments through the gateway that reached a wallet.")
    top_up_amount: AmountOut
    withdrawals: int = Field(description="Paid out to banks.")
    withdrawal_amount: AmountOut
    payments: dict[PaymentStatus, int] = Field(
        description="Those begun on that day, by what became of them."
    )
    messages: dict[Channel, dict[MessageStatus, int]] = Field(
        description="Those of that day, by channel and what became of them."
    )

    @classmethod
    def of(cls, day: Day) -> Self:
        return cls.model_validate(day)


class DaysOut(BaseModel):
    model_config = ConfigDict(json_schema_extra={"examples": [_DAYS]})
    time_zone: str = Field(description="Whose midnights begin and end the days.")
    items: list[DayOut] = Field(description="In order of time.")


class SummaryOut(BaseModel):
    model_config = ConfigDict(json_schema_extra={"examples": [_SUMMARY]})
    total_users: int
    active_loans: int
    total_volume: AmountOut = Field(
        description="All fees that were ever paid for loans, extensions included, deposits not."
    )
    loans: dict[TicketStatus, int] = Field(description="Tickets by status.")
    payments: dict[PaymentStatus, int]
    messages: dict[Channel, dict[MessageStatus, int]]
    daily_activity: list[DayOut] = Field(description="The last 30 days, today as far as it went.")
    time_zone: str = Field(description="Whose midnights begin and end the days.")
    as_of: TimeOut = Field(description="When this was counted.")

    @classmethod
    def of(cls, figures: Figures, time_zone: str) -> Self:
        counts = figures.counts
        return cls(
            total_users=counts.users,
            active_loans=counts.active_loans,
            total_volume=counts.volume,
            loans=dict(counts.tickets),
            payments=dict(counts.payments),
            messages={channel: dict(found) for channel, found in counts.messages.items()},
            daily_activity=[DayOut.of(day) for day in figures.days],
            time_zone=time_zone,
            as_of=figures.as_of,
        )


class Borrowing(BaseModel):
    loans: dict[TicketStatus, int]
    spent: AmountOut = Field(
        description="What loans have cost the caller that are over: fees, and what of a deposit "
        "went to a lender."
    )


class Lending(BaseModel):
    loans: dict[TicketStatus, int]
    earned: AmountOut = Field(description="What loans have brought the caller, commission off.")


class OwnFiguresOut(BaseModel):
    model_config = ConfigDict(json_schema_extra={"examples": [_OWN]})
    as_borrower: Borrowing
    as_lender: Lending
    balance: AmountOut = Field(description="What can be spent now.")
    held: AmountOut = Field(description="The caller's money in escrow.")

    @classmethod
    def of(cls, own: Own) -> Self:
        return cls(
            as_borrower=Borrowing(loans=dict(own.borrowing.loans), spent=own.borrowing.amount),
            as_lender=Lending(loans=dict(own.lending.loans), earned=own.lending.amount),
            balance=own.balance,
            held=own.held,
        )
