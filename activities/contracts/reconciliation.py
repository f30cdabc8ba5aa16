"""Steps that compare our books with the gateway's."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Protocol
from uuid import UUID

from temporalio import activity

from activities.contracts.payments import (
    Unverified,
)
from domain.payment import Payment


@dataclass(frozen=True)
class ToLookAt:
    """What a comparison should have another look at.

    Attributes:
        unclaimed: Open payments that the gateway holds money for.
        doubtful: Payments of which the gateway told something else the last time.
        grace: How long work in flight may take before it counts as a mismatch.
    """

    unclaimed: tuple[Payment, ...]
    doubtful: tuple[Payment, ...]
    grace: timedelta


@dataclass(frozen=True)
class Compare:
    """Compare everything.

    Attributes:
        unverified: What has waited at the gateway for longer than the grace.
        is_whole: False if the gateway did not give its list, or only the newest part of it.
    """

    unverified: tuple[Unverified, ...]
    is_whole: bool


@dataclass(frozen=True)
class ComparePayment:
    """Compare one payment. `gateway` is its status there, None if the gateway did not say."""

    payment_id: UUID
    gateway: str | None


class ReconciliationSteps(Protocol):
    """Workflow, row, ledger and gateway side by side; what differs is kept as a finding."""

    @activity.defn
    async def find_to_look_at(self, unverified: tuple[Unverified, ...]) -> ToLookAt: ...

    @activity.defn
    async def compare(self, command: Compare) -> int: ...

    @activity.defn
    async def compare_payment(self, command: ComparePayment) -> int: ...
