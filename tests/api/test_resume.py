"""What an engine forgot goes on from its rows, in whatever state each of them is."""

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID, uuid4

import httpx
import pytest
from temporalio.client import Client

from domain import ids, ledger
from engine.client import connect
from engine.resuming import NotOpen, Resumed, resume
from models.database import Sessions
from models.queries import attention, payments
from models.unfinished import Unfinished
from settings import Settings
from tests import given
from tests.api.conftest import Enrich
from tests.api.loans import Cast, Loan
from tests.api.people import Person
from tests.api.test_ops_payments import a_paid_payment, fault, pay, reverse
from tests.conftest import KEYS

pytestmark = pytest.mark.usefixtures("worker")
# What is done next in each stage, by whom, and what comes of it.
NEXT = {
    "pending": ("lender", "accept", "accepted"),
    "accepted": ("borrower", "pay", "active"),
    "escrow": ("borrower", "handover", "active"),
    "active": ("lender", "complete", "completed"),
    "offered": ("lender", "accept_extension", "active"),
    "claimed": ("borrower", "accept_claim", "completed"),
    "contested": ("operator", "resolve", "completed"),
}
IBAN = "IR062960000000100324200001"


class Memory:
    def __init__(self, client: Client, settings: Settings, sessions: Sessions) -> None:
        self._client = client
        self._queue = settings.task_queue
        self._sessions = sessions

    async def forget(self, name: str) -> None:
        """End a workflow as if it had never been, which is worse than a crash."""
        await self._client.get_workflow_handle(name).terminate("forgotten")

    async def resume(self, *names: str) -> Resumed:
        async with self._sessions() as session:
            return await resume(self._client, self._queue, Unfinished(session), frozenset(names))

    async def shows(self, query: str) -> set[str]:
        return {found.id async for found in self._client.list_workflows(query)}


@pytest.fixture
async def memory(settings: Settings, sessions: Sessions) -> Memory:
    client = await connect(settings.temporal_address, namespace="default", keys=KEYS)
    return Memory(client, settings, sessions)


@pytest.fixture(autouse=True)
async def honest(gateway: httpx.AsyncClient) -> AsyncIterator[None]:
    yield
    await gateway.delete("/control/")


def workflow_of(loan: Loan) -> str:
    return ids.ticket_workflow(loan.id)


@pytest.mark.parametrize("stage", NEXT)
async def test_a_loan_goes_on_from_its_row(cast: Cast, memory: Memory, stage: str) -> None:
    loan = await cast.loan_at(stage)
    before = await loan.everything()
    await memory.forget(workflow_of(loan))

    resumed = await memory.resume(workflow_of(loan))

    assert resumed == Resumed((workflow_of(loan),), 0)
    who, action, after = NEXT[stage]
    assert await loan.everything() == before
    assert (await loan.take(who, action)).json()["status"] == after
    steps = [line["action"] for line in await loan.timeline()]
    assert steps.count(action) == 1
    assert steps.count("request") == 1


async def test_a_contested_loan_is_on_the_operators_list_again(cast: Cast, memory: Memory) -> None:
    loan = await cast.loan_at("contested")
    name = workflow_of(loan)
    await memory.forget(name)
    query = f'WorkflowId = "{name}" AND ExecutionStatus = "Running" AND NeedsAttention = true'

    await memory.resume(name)

    await given.eventually(lambda: is_in(memory, name, query))
    await loan.take("operator", "resolve")
    gone = f'WorkflowId = "{name}" AND TicketStatus = "completed" AND NeedsAttention = false'
    await given.eventually(lambda: is_in(memory, name, gone))


async def is_in(memory: Memory, name: str, query: str) -> bool:
    return name in await memory.shows(query)


async def test_what_runs_is_left_alone(cast: Cast, memory: Memory) -> None:
    loan = await cast.loan_at("active")
    before = await loan.everything()

    assert await memory.resume(workflow_of(loan)) == Resumed((), 1)

    assert await loan.everything() == before


async def test_what_is_over_or_unknown_is_refused(cast: Cast, memory: Memory) -> None:
    loan = await cast.loan_at("completed")

    with pytest.raises(NotOpen, match=str(loan.id)):
        await memory.resume(workflow_of(loan))
    with pytest.raises(NotOpen, match="ticket:"):
        await memory.resume(f"ticket:{uuid4()}")


async def test_a_request_whose_time_was_given_away_hears_of_it(cast: Cast, memory: Memory) -> None:
    winner = await cast.loan_at("pending")
    wish = {"asset_id": winner.asked["asset_id"], "days": 3}
    loser = Loan(cast, await cast.people["borrower"].post("/tickets/", wish))
    await memory.forget(workflow_of(loser))
    await winner.take("lender", "accept")
    assert (await loser.seen_by("borrower"))["status"] == "pending"

    await memory.resume(workflow_of(loser))

    await given.eventually(lambda: is_cancelled(loser))
    assert (await loser.seen_by("borrower"))["cancel_reason"] == "asset_taken"


async def is_cancelled(loan: Loan) -> bool:
    return bool((await loan.seen_by("borrower"))["status"] == "cancelled")


async def test_a_top_up_is_paid_after_all(
    sara: Person, gateway: httpx.AsyncClient, memory: Memory
) -> None:
    payment = await sara.post("/payments/initiate/", {"amount": 250_000})
    name = f"payment:{payment['id']}"
    await memory.forget(name)
    await pay(gateway, payment)

    await memory.resume(name)

    query = {"Authority": payment["authority"], "Status": "OK"}
    await sara.http.get("/api/v1/payments/verify/", params=query)
    assert (await sara.get("/wallet/"))["balance"] == "250000.00"


async def test_a_payment_that_arrived_unheard_reaches_its_ticket(
    cast: Cast, gateway: httpx.AsyncClient, memory: Memory, sessions: Sessions
) -> None:
    loan = await cast.loan_at("accepted")
    borrower = cast.people["borrower"]
    held = (await borrower.get("/wallet/"))["held"]
    wish = {"amount": 800_000, "ticket_id": str(loan.id)}
    payment = await borrower.post("/payments/initiate/", wish)
    name = f"payment:{payment['id']}"
    await memory.forget(name)
    # The money is in the wallet, and nobody has told the loan.
    await given.a_posting(
        sessions, ledger.deposit(UUID(payment["id"]), UUID(borrower.id), Decimal(800_000))
    )
    async with sessions.begin() as session:
        await payments.mark_paid(
            session,
            UUID(payment["id"]),
            ref_id="1",
            card_pan=None,
            fee=None,
            paid_at=datetime.now(UTC),
        )

    assert name in (await memory.resume(name)).begun

    await given.eventually(lambda: is_active(loan))
    assert Decimal((await borrower.get("/wallet/"))["held"]) == Decimal(held) + 800_000
    with pytest.raises(NotOpen):
        await memory.resume(name)


async def is_active(loan: Loan) -> bool:
    return bool((await loan.seen_by("borrower"))["status"] == "active")


@pytest.mark.parametrize("is_approved", [False, True], ids=["requested", "approved"])
async def test_a_withdrawal_still_reaches_the_bank(
    sara: Person, operator: Person, enrich: Enrich, memory: Memory, is_approved: bool
) -> None:
    await enrich(sara, 1_000_000)
    asked = await sara.post("/wallet/withdrawals/", {"amount": 400_000, "iban": IBAN})
    path = f"/ops/withdrawals/{asked['id']}"
    if is_approved:
        await operator.patch(f"{path}/approve/", {})
    await memory.forget(f"withdrawal:{asked['id']}")

    await memory.resume(f"withdrawal:{asked['id']}")

    paid = "paid" if is_approved else "approve"
    done = await operator.patch(f"{path}/{paid}/", {"bank_reference": "R-1"})
    assert done["status"] == "paid"
    assert done["iban"].endswith(IBAN[-4:])
    assert (await sara.get("/wallet/"))["balance"] == "600000.00"


async def test_a_payment_on_its_way_back_to_the_card_arrives_there(
    sara: Person,
    operator: Person,
    gateway: httpx.AsyncClient,
    memory: Memory,
    sessions: Sessions,
) -> None:
    payment = await a_paid_payment(sara, gateway)
    name = f"card-reversal:{payment['id']}"
    await fault(gateway, operation="reverse", behaviour="code", code=-62, times=None)
    asked = asyncio.create_task(reverse(operator, payment))
    await given.eventually(lambda: is_parked(sessions, name))
    await memory.forget(name)
    await asked
    await gateway.delete("/control/")

    await memory.resume(name)

    await given.eventually(lambda: is_back(sara, payment))
    assert (await sara.get("/wallet/"))["balance"] == "0.00"
    assert not await is_parked(sessions, name)


async def is_parked(sessions: Sessions, name: str) -> bool:
    async with sessions() as session:
        rows = await attention.page(session, after=None, limit=100)
    return name in {row.workflow_id for row in rows}


async def is_back(person: Person, payment: Any) -> bool:
    return bool((await person.get(f"/payments/{payment['id']}/"))["status"] == "reversed")


async def test_a_wish_to_reverse_a_transfer_is_still_granted(
    cast: Cast, admin: Person, enrich: Enrich, sara: Person, omid: Person, memory: Memory
) -> None:
    await enrich(sara, 250_000)
    sent = await sara.post("/wallet/transfer/", {"to": omid.email, "amount": 250_000})
    wish = {"transaction_id": sent["transaction_id"], "reason": "typed wrongly"}
    asked = await cast.people["operator"].post("/ops/ledger/reversals/", wish)
    await memory.forget(f"reversal:{asked['id']}")

    await memory.resume(f"reversal:{asked['id']}")

    granted = await admin.patch(f"/ops/ledger/reversals/{asked['id']}/approve/", {})
    assert granted["status"] == "posted"
    assert (await sara.get("/wallet/"))["balance"] == "250000.00"
