"""What the lender keeps of the fee when a paid loan is cancelled before the hand-over.

Terms are never edited: a change is a new version. A ticket keeps the version that was in force
when it was accepted.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from enum import StrEnum
from typing import Final

from domain.money import ZERO, part_of


class CancellationPolicy(StrEnum):
    FLEXIBLE = "flexible"
    MODERATE = "moderate"
    STRICT = "strict"


@dataclass(frozen=True)
class CancellationTerms:
    """How long before the start it begins to cost, and which share of the fee, in basis points."""

    window: timedelta
    share_bps: int


VERSIONS: Final[dict[int, dict[CancellationPolicy, CancellationTerms]]] = {
    1: {
        CancellationPolicy.FLEXIBLE: CancellationTerms(timedelta(0), 0),
        CancellationPolicy.MODERATE: CancellationTerms(timedelta(hours=24), 5_000),
        CancellationPolicy.STRICT: CancellationTerms(timedelta(hours=48), 10_000),
    },
}
CURRENT: Final = max(VERSIONS)


def terms_of(policy: CancellationPolicy, version: int | None) -> CancellationTerms:
    """Return the terms that a ticket is under; without a version those of today."""
    return VERSIONS[version or CURRENT][policy]


def lender_share(
    terms: CancellationTerms, fee: Decimal, starts_at: datetime, at: datetime
) -> Decimal:
    """The part of the fee, in rials, that a borrower who cancels at `at` owes the lender."""
    return part_of(fee, terms.share_bps) if at > starts_at - terms.window else ZERO
