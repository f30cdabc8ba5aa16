"""Begins the workflows of what is open and has none, each from its row.

The first step of a workflow stores what was asked for, and where that is stored already it finds
the row, whatever became of it since. So a workflow that begins anew goes on from where its row
says that it is, and an engine that forgot everything is as good as one that did not.
"""

from collections.abc import Awaitable, Callable, Collection
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final, Protocol
from uuid import UUID

from temporalio.client import Client
from temporalio.common import (
    SearchAttributePair,
    TypedSearchAttributes,
    WorkflowIDConflictPolicy,
    WorkflowIDReusePolicy,
)
from temporalio.exceptions import WorkflowAlreadyStartedError

from activities.contracts.payments import NewPayment
from domain import ids
from domain.payment import Payment
from domain.plan import LoanRequest
from domain.reversal import NewReversal, Reversal
from domain.ticket import Ticket
from domain.withdrawal import NewWithdrawal, Withdrawal
from engine.running import RunningWorkflows
from workflows import attributes
from workflows.card_reversal import CardReversal
from workflows.messages import ReverseToCard
from workflows.payment import TopUp
from workflows.policies import TASK_TIMEOUT
from workflows.reversal import LedgerReversal
from workflows.ticket import TicketLoan
from workflows.withdrawal import WalletWithdrawal

# Any, because the SDK's types for `update(description=...)` wrap each result once too often.
_ASSET_TAKEN: Final[Any] = TicketLoan.asset_taken
_WHY: Final = "Taken up again: its workflow was gone."


class Rows(Protocol):
    """What is open, read from the database, which is not ours to import."""

    async def now(self) -> datetime: ...
    async def subjects(self, before: datetime) -> set[str]: ...
    async def ticket(self, ticket_id: UUID) -> Ticket: ...
    async def payment(self, payment_id: UUID) -> Payment: ...
    async def withdrawal(self, withdrawal_id: UUID) -> Withdrawal: ...
    async def reversal(self, reversal_id: UUID) -> Reversal: ...
    async def asker(self, payment_id: UUID) -> UUID: ...
    async def robbed(self) -> set[UUID]: ...
    async def forget_needs(self, workflow_ids: Collection[str], before: datetime) -> None: ...


class NotOpen(Exception):
    """What was named is not open, or not known."""


@dataclass(frozen=True)
class Beginning:
    """A workflow, what it is given, and how it shows in lists from the start."""

    run: Any
    wish: object
    summary: str
    shown: list[SearchAttributePair[Any]] = field(default_factory=list)


@dataclass(frozen=True)
class Resumed:
    """What was open: what was begun again, and how much was running anyway."""

    begun: tuple[str, ...]
    running: int

    def __str__(self) -> str:
        lines = [*self.begun, f"{len(self.begun)} begun again, {self.running} were running."]
        return "\n".join(lines)


async def resume(
    client: Client, task_queue: str, rows: Rows, only: AbstractSet[str] = frozenset()
) -> Resumed:
    """Begin a workflow for everything open that has none, or for what `only` names of it.

    Safe to repeat, and beside a system that works: what begins in the meantime is left alone.

    Raises:
        NotOpen: Something that `only` names.
    """
    at = await rows.now()
    known = await rows.subjects(at)
    if strange := only - known:
        raise NotOpen(f"This is not open, so nothing has to be done: {', '.join(sorted(strange))}.")
    wanted = only or known
    missing = sorted(wanted - await RunningWorkflows(client)(wanted))
    # What they needed, they need no more, or will say again.
    await rows.forget_needs(missing, at)
    begun = [name for name in missing if await _begin(client, task_queue, rows, name)]
    await _tell_robbed(client, rows, frozenset(begun))
    return Resumed(tuple(begun), len(wanted) - len(begun))


async def _begin(client: Client, task_queue: str, rows: Rows, name: str) -> bool:
    kind, _, key = name.partition(":")
    one = await _KINDS[kind](rows, UUID(key))
    try:
        await client.start_workflow(
            one.run,
            one.wish,
            id=name,
            task_queue=task_queue,
            id_conflict_policy=WorkflowIDConflictPolicy.FAIL,
            id_reuse_policy=WorkflowIDReusePolicy.ALLOW_DUPLICATE,
            task_timeout=TASK_TIMEOUT,
            static_summary=one.summary,
            search_attributes=TypedSearchAttributes(one.shown),
        )
    except WorkflowAlreadyStartedError:
        return False  # somebody was faster
    return True


async def _tell_robbed(client: Client, rows: Rows, begun: AbstractSet[str]) -> None:
    """Tell pending loans what the loan that got their time may have had no time to tell."""
    for ticket_id in await rows.robbed():
        name = ids.ticket_workflow(ticket_id)
        if name in begun:
            await client.get_workflow_handle(name).signal(_ASSET_TAKEN)


async def _loan(rows: Rows, ticket_id: UUID) -> Beginning:
    ticket = await rows.ticket(ticket_id)
    wish = LoanRequest(
        ticket.id,
        ticket.asset_id,
        ticket.borrower_id,
        ticket.starts_at,
        ticket.ends_at,
        ticket.note,
        ticket.created_at,
    )
    shown: list[SearchAttributePair[Any]] = [
        SearchAttributePair(attributes.TICKET_STATUS, ticket.status.value),
        SearchAttributePair(attributes.BORROWER_ID, str(ticket.borrower_id)),
        SearchAttributePair(attributes.LENDER_ID, str(ticket.lender_id)),
        SearchAttributePair(attributes.ASSET_ID, str(ticket.asset_id)),
    ]
    return Beginning(TicketLoan.run, wish, f"Loan of asset {ticket.asset_id}", shown)


async def _top_up(rows: Rows, payment_id: UUID) -> Beginning:
    payment = await rows.payment(payment_id)
    wish = NewPayment(
        payment.id, payment.user_id, payment.amount, payment.ticket_id, payment.created_at
    )
    shown = [SearchAttributePair(attributes.PAYMENT_STATUS, payment.status.value)]
    return Beginning(TopUp.run, wish, f"Wallet top-up of {payment.amount:,.2f} rials", shown)


async def _card_reversal(rows: Rows, payment_id: UUID) -> Beginning:
    wish = ReverseToCard(payment_id, await rows.asker(payment_id), _WHY)
    return Beginning(CardReversal.run, wish, f"Back to the card: payment {payment_id}")


async def _withdrawal(rows: Rows, withdrawal_id: UUID) -> Beginning:
    stored = await rows.withdrawal(withdrawal_id)
    # The account's number is in the row, where those who pay it find it.
    wish = NewWithdrawal(
        stored.id, stored.user_id, stored.amount, "", stored.iban_end, stored.created_at
    )
    return Beginning(WalletWithdrawal.run, wish, f"Withdrawal of {stored.amount:,.2f} rials")


async def _reversal(rows: Rows, reversal_id: UUID) -> Beginning:
    stored = await rows.reversal(reversal_id)
    wish = NewReversal(
        stored.id, stored.transaction_id, stored.reason, stored.requested_by, stored.created_at
    )
    summary = f"Reversal of transaction {stored.transaction_id}"
    return Beginning(LedgerReversal.run, wish, summary)


# By what stands before the colon of a workflow's id; see domain/ids.py.
_KINDS: Final[dict[str, Callable[[Rows, UUID], Awaitable[Beginning]]]] = {
    "ticket": _loan,
    "payment": _top_up,
    "card-reversal": _card_reversal,
    "withdrawal": _withdrawal,
    "reversal": _reversal,
}
