"""What the lender keeps of the fee when a paid loan is cancelled before the hand-over."""

from datetime import datetime, timedelta
from decimal import Decimal
from enum import StrEnum
from typing import Final

from domain.money import ZERO, part_of


class CancellationPolicy(StrEnum):
    FLEXIBLE = "flexible"
    MODERATE = "moderate"
    STRICT = "strict"


# Policy → (how long before the start it begins to cost, share of the fee in basis points).
TERMS: Final[dict[CancellationPolicy, tuple[timedelta, int]]] = {
    CancellationPolicy.FLEXIBLE: (timedelta(0), 0),
    CancellationPolicy.MODERATE: (timedelta(hours=24), 5_000),
    CancellationPolicy.STRICT: (timedelta(hours=48), 10_000),
}


def lender_share(
    policy: CancellationPolicy, fee: Decimal, starts_at: datetime, at: datetime
) -> Decimal:
    """The part of the fee, in rials, that a borrower who cancels at `at` owes the lender."""
    window, basis_points = TERMS[policy]
    return part_of(fee, basis_points) if at > starts_at - window else ZERO
