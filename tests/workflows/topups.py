"""Top-ups under test, and what payers and scripted faults do at the gateway's simulator."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

import httpx
from temporalio.client import Client, WithStartWorkflowOperation, WorkflowHandle
from temporalio.common import WorkflowIDConflictPolicy
from temporalio.testing import WorkflowEnvironment

from activities.contracts.payments import NewPayment
from domain import ids
from domain.ledger import AccountKind
from domain.payment import Payment
from models.base import new_id
from models.database import Sessions
from models.queries import ledger, payments
from tests import given
from tests.workflows.conftest import QUEUE
from workflows.messages import CallbackReported, Reported
from workflows.payment import TopUp

AMOUNT = Decimal(250_000)


@dataclass(frozen=True)
class Gateway:
    """What a payer and a scripted fault do at the simulator."""

    http: httpx.AsyncClient

    async def pay(self, payment: Payment, **wish: Any) -> None:
        await self._act(payment, outcome="pay", **wish)

    async def cancel(self, payment: Payment) -> None:
        await self._act(payment, outcome="cancel")

    async def _act(self, payment: Payment, **wish: Any) -> None:
        answer = await self.http.post(f"/control/pay/{payment.authority}", json=wish)
        answer.raise_for_status()

    async def misbehave(self, **fault: Any) -> None:
        (await self.http.post("/control/", json=fault)).raise_for_status()

    async def behave(self) -> None:
        (await self.http.delete("/control/")).raise_for_status()

    async def calls(self, operation: str) -> int:
        """Return how often the operation was called since the last `behave`."""
        found: int = (await self.http.get("/control/")).json()["calls"].get(operation, 0)
        return found

    async def was_asked(self, *, times: int) -> bool:
        return await self.calls("verify") >= times


@dataclass(frozen=True)
class Payments:
    client: Client
    time: WorkflowEnvironment
    sessions: Sessions
    seen: list[WorkflowHandle[Any, Any]]

    async def open(self, user_id: UUID | None = None, ticket_id: UUID | None = None) -> Payment:
        new = NewPayment(
            payment_id=new_id(),
            user_id=user_id or await given.a_user(self.sessions),
            amount=AMOUNT,
            ticket_id=ticket_id,
            at=datetime.now(UTC),
        )
        payment: Payment = await self.client.execute_update_with_start_workflow(
            "opened", start_workflow_operation=self._start(new), id="open", result_type=Payment
        )
        self.seen.append(self.handle(payment))
        return payment

    def _start(self, new: NewPayment) -> WithStartWorkflowOperation[TopUp, str]:
        return WithStartWorkflowOperation(
            TopUp.run,
            new,
            id=ids.payment_workflow(new.payment_id),
            task_queue=QUEUE,
            id_conflict_policy=WorkflowIDConflictPolicy.USE_EXISTING,
        )

    def handle(self, payment: Payment) -> WorkflowHandle[TopUp, str]:
        return self.client.get_workflow_handle_for(TopUp.run, ids.payment_workflow(payment.id))

    async def come_back(self, payment: Payment, status: Reported) -> Payment:
        new = NewPayment(
            payment.id, payment.user_id, payment.amount, payment.ticket_id, payment.created_at
        )
        answer: Payment = await self.client.execute_update_with_start_workflow(
            "callback",
            CallbackReported(status),
            start_workflow_operation=self._start(new),
            result_type=Payment,
        )
        return answer

    async def skip(self, payment: Payment, duration: timedelta) -> None:
        await self.time.fast_forward(self.handle(payment), duration)

    async def stored(self, payment: Payment) -> Payment:
        async with self.sessions() as session:
            found = await payments.find(session, payment.id)
        assert found
        return found

    async def balance(self, payment: Payment) -> Decimal:
        async with self.sessions() as session:
            return await ledger.balance(session, AccountKind.USER_WALLET, payment.user_id)
