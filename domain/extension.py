"""An offer to lend for longer: the borrower makes it, the lender answers, or it lapses."""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from enum import StrEnum


class ExtensionStatus(StrEnum):
    OFFERED = "offered"
    ACCEPTED = "accepted"
    DECLINED = "declined"
    LAPSED = "lapsed"


@dataclass(frozen=True)
class Offer:
    """What the borrower asks for: the loan's new end."""

    ends_at: datetime


@dataclass(frozen=True)
class Extension:
    """The latest offer of a ticket and what became of it.

    Attributes:
        number: Counts the offers of one ticket, from 1.
        fee: What it costs beyond the fee so far, in rials; nothing within a day that is paid for.
        expires_at: When the offer lapses if nobody answers.
    """

    number: int
    status: ExtensionStatus
    ends_at: datetime
    fee: Decimal
    offered_at: datetime
    expires_at: datetime
