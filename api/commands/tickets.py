"""The commands that HTTP gives to workflows. What their failures mean: api/commands/failures.py."""

from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

from temporalio.client import Client, WithStartWorkflowOperation
from temporalio.common import (
    SearchAttributePair,
    TypedSearchAttributes,
    WorkflowIDConflictPolicy,
    WorkflowIDReusePolicy,
)

from activities.contracts.payments import NewPayment
from api.commands.failures import started, translated
from domain import ids
from domain.payment import Payment, PaymentStatus
from domain.plan import LoanRequest
from domain.ticket import Action, Ticket, TicketStatus
from workflows import attributes
from workflows.messages import CallbackReported, Reported, TicketCommand
from workflows.payment import TopUp
from workflows.policies import TASK_TIMEOUT
from workflows.ticket import TicketLoan

# Any, because the SDK's types for `update(description=...)` wrap each result once too often.
_REQUESTED: Final[Any] = TicketLoan.requested
_OPENED: Final[Any] = TopUp.opened
_CALLBACK: Final[Any] = TopUp.callback
_ACTIONS: Final[dict[Action, Any]] = {
    Action.ACCEPT: TicketLoan.accept,
    Action.DECLINE: TicketLoan.decline,
    Action.CANCEL: TicketLoan.cancel,
    Action.PAY: TicketLoan.pay,
    Action.HANDOVER: TicketLoan.handover,
    Action.COMPLETE: TicketLoan.complete,
    Action.EXTEND: TicketLoan.extend,
    Action.ACCEPT_EXTENSION: TicketLoan.accept_extension,
    Action.DECLINE_EXTENSION: TicketLoan.decline_extension,
    Action.DISPUTE: TicketLoan.dispute,
    Action.ACCEPT_CLAIM: TicketLoan.accept_claim,
    Action.CONTEST_CLAIM: TicketLoan.contest_claim,
    Action.RESOLVE: TicketLoan.resolve,
}
_OPEN: Final = "open"  # one name for the first update: a repeated request hears the same outcome


@dataclass(frozen=True)
class Commands:
    client: Client
    task_queue: str

    async def request_loan(self, wish: LoanRequest, lender_id: UUID) -> Ticket:
        """Start a loan and return its ticket once it is stored. Safe to repeat.

        Raises:
            Refusal: A rule refused it, or the engine is away.
            Closed: The loan was requested before and has ended.
        """
        start = WithStartWorkflowOperation(
            TicketLoan.run,
            wish,
            id=ids.ticket_workflow(wish.ticket_id),
            task_queue=self.task_queue,
            id_conflict_policy=WorkflowIDConflictPolicy.USE_EXISTING,
            id_reuse_policy=WorkflowIDReusePolicy.REJECT_DUPLICATE,
            task_timeout=TASK_TIMEOUT,
            static_summary=f"Loan of asset {wish.asset_id}",
            search_attributes=TypedSearchAttributes(
                [
                    SearchAttributePair(attributes.TICKET_STATUS, TicketStatus.PENDING.value),
                    SearchAttributePair(attributes.BORROWER_ID, str(wish.borrower_id)),
                    SearchAttributePair(attributes.LENDER_ID, str(lender_id)),
                    SearchAttributePair(attributes.ASSET_ID, str(wish.asset_id)),
                ]
            ),
        )
        async with translated(), started(start):
            ticket: Ticket = await self.client.execute_update_with_start_workflow(
                _REQUESTED, start_workflow_operation=start, id=_OPEN
            )
        return ticket

    async def act(
        self, ticket_id: UUID, action: Action, command: TicketCommand, command_id: str
    ) -> Ticket:
        """Take an action on a ticket and return the ticket after it. Safe to repeat.

        Raises:
            Refusal: A rule refused it, or the engine is away.
            Closed: The loan has ended.
        """
        loan = self.client.get_workflow_handle(ids.ticket_workflow(ticket_id))
        async with translated():
            ticket: Ticket = await loan.execute_update(_ACTIONS[action], command, id=command_id)
        return ticket

    async def open_payment(self, new: NewPayment) -> Payment:
        """Start a top-up and return it once the gateway opened it. Safe to repeat.

        Raises:
            Refusal: The gateway or a rule refused it, or the engine is away.
            Closed: The top-up was begun before and has ended.
        """
        start = self._top_up(new, WorkflowIDReusePolicy.REJECT_DUPLICATE)
        async with translated(), started(start):
            payment: Payment = await self.client.execute_update_with_start_workflow(
                _OPENED, start_workflow_operation=start, id=_OPEN
            )
        return payment

    async def look_at_payment(self, payment: Payment, *, payer_says_paid: bool) -> Payment:
        """Have the gateway asked what became of a payment, even if its workflow had given up.

        Raises:
            Refusal: The engine is away.
            Closed: The workflow ended while it was asked.
        """
        new = NewPayment(
            payment.id, payment.user_id, payment.amount, payment.ticket_id, payment.created_at
        )
        start = self._top_up(new, WorkflowIDReusePolicy.ALLOW_DUPLICATE)
        report = CallbackReported(Reported.OK if payer_says_paid else Reported.NOT_OK)
        async with translated(), started(start):
            found: Payment = await self.client.execute_update_with_start_workflow(
                _CALLBACK, report, start_workflow_operation=start
            )
        return found

    def _top_up(
        self, new: NewPayment, reuse: WorkflowIDReusePolicy
    ) -> WithStartWorkflowOperation[TopUp, str]:
        pending = SearchAttributePair(attributes.PAYMENT_STATUS, PaymentStatus.PENDING.value)
        return WithStartWorkflowOperation(
            TopUp.run,
            new,
            id=ids.payment_workflow(new.payment_id),
            task_queue=self.task_queue,
            id_conflict_policy=WorkflowIDConflictPolicy.USE_EXISTING,
            id_reuse_policy=reuse,
            task_timeout=TASK_TIMEOUT,
            static_summary=f"Wallet top-up of {new.amount:,.2f} rials",
            search_attributes=TypedSearchAttributes([pending]),
        )
