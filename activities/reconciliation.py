"""Holds workflow, row, ledger and gateway against each other, and keeps what differs."""

from collections.abc import Awaitable, Callable, Collection
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession
from temporalio import activity

from activities.contracts.payments import Unverified
from activities.contracts.reconciliation import (
    Compare,
    ComparePayment,
    ReconciliationSteps,
    ToLookAt,
)
from activities.refusals import refusals
from domain import ids
from domain.errors import NotFound
from domain.finding import Finding, FindingKind
from domain.payment import OPEN, Payment
from domain.reconciliation import of_inquiry, of_unverified
from models.database import Sessions
from models.queries import attention, comparison, findings, payments

# Which of these workflows are running? Asked of the engine, which is not ours to import.
Running = Callable[[Collection[str]], Awaitable[AbstractSet[str]]]

_IN_THE_LEDGER: Final = frozenset(
    {
        FindingKind.PAID_WITHOUT_DEPOSIT,
        FindingKind.DEPOSIT_WITHOUT_PAYMENT,
        FindingKind.REVERSAL_DIFFERS,
    }
)
_EVERYWHERE: Final = _IN_THE_LEDGER | {
    FindingKind.WITHDRAWAL_DIFFERS,
    FindingKind.WORKFLOW_NOT_RUNNING,
}
_ON_THE_LIST: Final = frozenset(
    {
        FindingKind.UNKNOWN_TO_US,
        FindingKind.FAILED_HERE,
        FindingKind.NOT_CREDITED,
        FindingKind.NOT_CLAIMED,
    }
)
_MOST_DOUBTFUL: Final = 50  # of which the gateway is asked again in one run


@dataclass(frozen=True)
class PostgresReconciliationSteps(ReconciliationSteps):
    """Attributes.

    grace: How long work in flight may take before it counts as a mismatch.
    """

    sessions: Sessions
    running: Running
    grace: timedelta = timedelta(minutes=2)

    @activity.defn
    async def find_to_look_at(self, unverified: tuple[Unverified, ...]) -> ToLookAt:
        """Name our open payments among those unverified, and those that differed last time."""
        async with self.sessions() as session:
            ours = await _by_authority(session, unverified)
            doubtful = await findings.subjects(session, FindingKind.GATEWAY_DIFFERS, _MOST_DOUBTFUL)
            again = [await payments.find(session, _payment_id(name)) for name in doubtful]
        return ToLookAt(
            unclaimed=tuple(payment for payment in ours.values() if payment.status in OPEN),
            doubtful=tuple(payment for payment in again if payment),
            grace=self.grace,
        )

    @activity.defn
    async def compare(self, command: Compare) -> int:
        """Compare everything; return how many mismatches there are."""
        async with self.sessions.begin() as session:
            at = await comparison.now(session)
            await comparison.be_patient(session)
            found = await comparison.of_payments(session)
            found += await comparison.of_withdrawals(session)
            found += await _on_the_list(session, command.unverified)
        found += await self._without_workflow(at - self.grace)
        await self._forget_ended(at - self.grace)
        # A list that was not given, or that was cut off, says nothing of what it does not show.
        checked = _EVERYWHERE | (_ON_THE_LIST if command.is_whole else frozenset())
        async with self.sessions.begin() as session:
            await findings.keep(session, found, at)
            await findings.clear(session, checked, at)
        return len(found)

    @activity.defn
    async def compare_payment(self, command: ComparePayment) -> int:
        """Compare one payment with the ledger, and with what the gateway said if it did."""
        with refusals():
            async with self.sessions.begin() as session:
                at = await comparison.now(session)
                payment = await payments.find(session, command.payment_id)
                if payment is None:
                    raise NotFound("There is no such payment.")
                found = await comparison.of_payments(session, payment.id)
                checked = _IN_THE_LEDGER
                if command.gateway is not None:
                    found += filter(None, [of_inquiry(payment, command.gateway)])
                    checked |= {FindingKind.GATEWAY_DIFFERS}
                await findings.keep(session, found, at)
                await findings.clear(session, checked, at, [ids.payment_workflow(payment.id)])
        return len(found)

    async def _without_workflow(self, before: datetime) -> list[Finding]:
        async with self.sessions() as session:
            known = {one.subject for one in await comparison.open_objects(session, before)}
        missing = known - await self.running(known)
        if not missing:
            return []
        # What ended between the two looks is no longer open; what moved is work in flight.
        async with self.sessions() as session:
            orphans = await comparison.open_objects(session, before, missing)
        return [
            Finding(
                FindingKind.WORKFLOW_NOT_RUNNING,
                one.subject,
                one.amount,
                f"It is {one.status}, and no workflow is running that would take it further.",
            )
            for one in orphans
        ]

    async def _forget_ended(self, before: datetime) -> None:
        """Take off the operators' list what ended without a word, as a terminated workflow does."""
        async with self.sessions() as session:
            listed = await attention.listed(session, before)
        ended = listed - await self.running(listed)
        if ended:
            async with self.sessions.begin() as session:
                await attention.close_ended(session, ended, before)


async def _on_the_list(session: AsyncSession, unverified: Collection[Unverified]) -> list[Finding]:
    ours = await _by_authority(session, unverified)
    return [
        of_unverified(one.authority, one.amount, one.date, ours.get(one.authority))
        for one in unverified
    ]


async def _by_authority(
    session: AsyncSession, unverified: Collection[Unverified]
) -> dict[str, Payment]:
    names = [one.authority for one in unverified]
    found = await payments.of_authorities(session, names)
    return {payment.authority or "": payment for payment in found}


def _payment_id(subject: str) -> UUID:
    return UUID(subject.removeprefix("payment:"))
