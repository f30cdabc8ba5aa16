"""Lost money is claimed, and what cannot be is found. Real steps, gateway and skipped time."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal
from typing import Any
from uuid import uuid4

import httpx
import pytest
from temporalio.client import Client, WorkflowFailureError, WorkflowHandle
from temporalio.testing import WorkflowEnvironment

from domain import ids
from domain.finding import FindingKind
from domain.payment import CardReversal, Payment, PaymentStatus
from models.database import Sessions
from models.queries import findings, payments
from tests import given
from tests.workflows.conftest import QUEUE
from tests.workflows.test_payment import is_parked
from tests.workflows.topups import AMOUNT, Gateway, Payments
from workflows.messages import Decision, Reported, Verb
from workflows.reconciliation import ReconcilePayment, ReconcilePayments

GRACE = timedelta(minutes=2)
RETRY = Decision(Verb.RETRY, "olga", "looked into it")
# It looks at every payment that there is, those of other tests among them.
pytestmark = pytest.mark.unsteady


@pytest.fixture
async def gateway(simulator: httpx.AsyncClient) -> AsyncIterator[Gateway]:
    yield Gateway(simulator)
    await simulator.delete("/control/")


@dataclass(frozen=True)
class Reconciliation:
    client: Client
    time: WorkflowEnvironment
    sessions: Sessions
    seen: list[WorkflowHandle[Any, Any]]

    async def begin(self) -> WorkflowHandle[ReconcilePayments, str]:
        handle = await self.client.start_workflow(
            ReconcilePayments.run, id=f"reconcile:{uuid4()}", task_queue=QUEUE
        )
        self.seen.append(handle)
        return handle

    async def run(self) -> str:
        handle = await self.begin()
        await self.time.fast_forward(handle, GRACE)
        return await handle.result()

    async def compare(self, payment: Payment) -> str | None:
        handle = await self.client.start_workflow(
            ReconcilePayment.run, payment, id=f"reconcile:{uuid4()}", task_queue=QUEUE
        )
        self.seen.append(handle)
        return await handle.result()

    async def kinds(self, *subjects: str) -> Sequence[str]:
        async with self.sessions() as session:
            return [row.kind for row in await findings.open_of(session, subjects)]


@pytest.fixture
def reconciliation(
    client: Client,
    time: WorkflowEnvironment,
    sessions: Sessions,
    seen: list[WorkflowHandle[Any, Any]],
) -> Reconciliation:
    return Reconciliation(client, time, sessions, seen)


@pytest.fixture
def topups(client: Client, time: WorkflowEnvironment, sessions: Sessions) -> Payments:
    return Payments(client, time, sessions, [])


async def test_a_payment_whose_callback_was_lost_is_credited(
    reconciliation: Reconciliation, topups: Payments, gateway: Gateway
) -> None:
    payment = await topups.open()
    await gateway.pay(payment)

    await reconciliation.run()

    assert await topups.handle(payment).result() == "paid"
    assert await topups.balance(payment) == AMOUNT
    assert await reconciliation.kinds(ids.payment_workflow(payment.id)) == []


async def test_a_payment_that_nobody_pursues_any_more_is_credited(
    reconciliation: Reconciliation, topups: Payments, gateway: Gateway
) -> None:
    """Callback and pursuit were lost: its workflow ended long before the money came."""
    payment = await topups.open()
    await topups.skip(payment, timedelta(hours=26))
    assert await topups.handle(payment).result() == "expired"
    await gateway.pay(payment)

    await reconciliation.run()

    assert await topups.handle(payment).result() == "paid"
    assert await topups.balance(payment) == AMOUNT


async def test_a_top_up_that_was_begun_again_outlives_the_run_that_began_it(
    reconciliation: Reconciliation, topups: Payments, gateway: Gateway
) -> None:
    payment = await topups.open()
    await topups.skip(payment, timedelta(hours=26))
    await topups.handle(payment).result()
    await gateway.pay(payment)
    await gateway.misbehave(operation="verify", behaviour="wrong_amount")

    run = await reconciliation.begin()
    await given.eventually(lambda: is_parked(topups.handle(payment)))
    await run.cancel()

    with pytest.raises(WorkflowFailureError):
        await run.result()
    await topups.handle(payment).execute_update("operator_decide", RETRY)
    assert await topups.handle(payment).result() == "paid"


async def test_what_cannot_be_credited_is_a_finding_until_it_is(
    reconciliation: Reconciliation, topups: Payments, gateway: Gateway
) -> None:
    payment = await topups.open()
    subject = ids.payment_workflow(payment.id)
    await gateway.pay(payment)
    await gateway.misbehave(operation="verify", behaviour="wrong_amount")
    waiting = asyncio.create_task(topups.come_back(payment, Reported.OK))
    await given.eventually(lambda: is_parked(topups.handle(payment)))

    await reconciliation.run()
    assert await reconciliation.kinds(subject) == [FindingKind.NOT_CREDITED]

    await topups.handle(payment).execute_update("operator_decide", RETRY)
    assert (await waiting).status is PaymentStatus.PAID
    await reconciliation.run()
    assert await reconciliation.kinds(subject) == []


async def test_an_authority_of_nobody_is_a_finding_until_it_is_gone(
    reconciliation: Reconciliation, gateway: Gateway
) -> None:
    authority = await paid_by_somebody_else(gateway)

    await reconciliation.run()
    assert await reconciliation.kinds(authority) == [FindingKind.UNKNOWN_TO_US]
    async with reconciliation.sessions() as session:
        [finding] = await findings.open_of(session, [authority])
    assert finding.amount == Decimal(70_000)

    await call(gateway, "verify", authority=authority, amount=70_000)
    await reconciliation.run()
    assert await reconciliation.kinds(authority) == []


async def paid_by_somebody_else(gateway: Gateway) -> str:
    """Another program of the same merchant takes money, too."""
    wish = {"amount": 70_000, "description": "Shop", "callback_url": "http://shop.test/"}
    authority: str = (await call(gateway, "request", **wish))["authority"]
    paid = await gateway.http.post(f"/control/pay/{authority}", json={"outcome": "pay"})
    paid.raise_for_status()
    return authority


async def call(gateway: Gateway, operation: str, **members: object) -> Any:
    body = {"merchant_id": "8d7c1f52-0000-4000-8000-000000000000", **members}
    answer = await gateway.http.post(f"/pg/v4/payment/{operation}.json", json=body)
    return answer.json()["data"]


async def test_a_gateway_that_is_away_does_not_hold_the_comparison_up(
    reconciliation: Reconciliation, gateway: Gateway
) -> None:
    authority = await paid_by_somebody_else(gateway)
    await reconciliation.run()
    unpaid = await given.a_payment(
        reconciliation.sessions, status=PaymentStatus.REVERSED, paid_at=given.NOW
    )
    await gateway.misbehave(operation="unVerified", behaviour="outage", times=None)

    await (await reconciliation.begin()).result()

    subject = ids.payment_workflow(unpaid.id)
    assert FindingKind.PAID_WITHOUT_DEPOSIT in await reconciliation.kinds(subject)
    # What the gateway did not deny still stands.
    assert await reconciliation.kinds(authority) == [FindingKind.UNKNOWN_TO_US]


async def test_a_payment_that_the_gateway_took_back_is_doubted_until_it_agrees(
    reconciliation: Reconciliation, topups: Payments, gateway: Gateway
) -> None:
    payment = await topups.open()
    await gateway.pay(payment)
    paid = await topups.come_back(payment, Reported.OK)
    subject = ids.payment_workflow(payment.id)
    assert await reconciliation.compare(paid) == "VERIFIED"
    assert await reconciliation.kinds(subject) == []

    await call(gateway, "reverse", authority=payment.authority)
    assert await reconciliation.compare(paid) == "REVERSED"
    await reconciliation.run()
    assert await reconciliation.kinds(subject) == [FindingKind.GATEWAY_DIFFERS]

    async with reconciliation.sessions.begin() as session:
        await payments.mark_reversal(session, payment.id, CardReversal.DONE)
    await reconciliation.run()
    assert await reconciliation.kinds(subject) == [FindingKind.REVERSAL_DIFFERS]


@pytest.mark.parametrize(
    "fault", [{"behaviour": "html", "times": None}, {"behaviour": "code", "code": -11}]
)
async def test_a_gateway_that_does_not_say_is_no_mismatch(
    reconciliation: Reconciliation, topups: Payments, gateway: Gateway, fault: dict[str, Any]
) -> None:
    payment = await topups.open()
    await gateway.misbehave(operation="inquiry", **fault)

    assert await reconciliation.compare(payment) is None

    assert await reconciliation.kinds(ids.payment_workflow(payment.id)) == []


async def test_an_operator_reads_in_the_ui_what_a_run_is_about(
    reconciliation: Reconciliation, gateway: Gateway
) -> None:
    await paid_by_somebody_else(gateway)
    handle = await reconciliation.begin()

    async def is_waiting() -> bool:
        details = str(await handle.query("__temporal_workflow_metadata"))
        return "payments unclaimed" in details and "Waiting whether" in details

    await given.eventually(is_waiting)
    await reconciliation.time.fast_forward(handle, GRACE)
    assert "mismatches" in await handle.result()
