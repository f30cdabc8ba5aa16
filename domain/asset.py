"""What an owner offers to lend, as far as a request to borrow must know it."""

from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from uuid import UUID

from domain.cancellation import CancellationPolicy


class Handover(StrEnum):
    INSTANT = "instant"
    CONFIRMED = "confirmed"


@dataclass(frozen=True)
class Asset:
    """The terms of a loan that its owner set. Amounts in rials."""

    id: UUID
    owner_id: UUID
    daily_fee: Decimal
    deposit: Decimal
    max_days: int
    handover: Handover
    cancellation_policy: CancellationPolicy
    is_listed: bool
