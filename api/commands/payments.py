"""What operators have done about a payment, by its workflows. Failures: failures.py."""

from dataclasses import dataclass
from typing import Any, Final

from temporalio.client import Client, WithStartWorkflowOperation, WorkflowFailureError
from temporalio.common import WorkflowIDConflictPolicy, WorkflowIDReusePolicy

from api.commands.failures import started, translated
from api.problems import engine_unavailable
from domain import ids
from domain.payment import Payment
from workflows.card_reversal import CardReversal
from workflows.messages import ReverseToCard
from workflows.policies import TASK_TIMEOUT
from workflows.reconciliation import ReconcilePayment

# Any, because the SDK's types for `update(description=...)` wrap each result once too often.
_OUTCOME: Final[Any] = CardReversal.outcome


@dataclass(frozen=True)
class PaymentCommands:
    client: Client
    task_queue: str

    async def reverse(self, wish: ReverseToCard) -> Payment:
        """Send a payment back to its card and return it once the gateway has answered.

        Whoever asks while it is on its way hears the same answer. Safe to repeat.

        Raises:
            Refusal: A rule refused it, or the engine is away.
            Closed: It has ended in this moment; the row knows how.
        """
        start = WithStartWorkflowOperation(
            CardReversal.run,
            wish,
            id=ids.card_reversal_workflow(wish.payment_id),
            task_queue=self.task_queue,
            id_conflict_policy=WorkflowIDConflictPolicy.USE_EXISTING,
            id_reuse_policy=WorkflowIDReusePolicy.ALLOW_DUPLICATE,
            task_timeout=TASK_TIMEOUT,
            static_summary=f"Back to the card: payment {wish.payment_id}",
        )
        async with translated(), started(start):
            payment: Payment = await self.client.execute_update_with_start_workflow(
                _OUTCOME, start_workflow_operation=start
            )
        return payment

    async def compare(self, payment: Payment) -> str | None:
        """Hold a payment against ledger and gateway; return its status there, if it is known.

        Raises:
            Refusal: The engine is away.
        """
        async with translated():
            comparison = await self.client.start_workflow(
                ReconcilePayment.run,
                payment,
                id=ids.payment_reconciliation(payment.id),
                task_queue=self.task_queue,
                id_conflict_policy=WorkflowIDConflictPolicy.USE_EXISTING,
                id_reuse_policy=WorkflowIDReusePolicy.ALLOW_DUPLICATE,
                task_timeout=TASK_TIMEOUT,
                static_summary=f"Compare payment {payment.id}",
            )
            try:
                return await comparison.result()
            except WorkflowFailureError as failure:  # an operator ended it
                raise engine_unavailable() from failure
