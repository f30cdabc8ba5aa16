"""A transfer from request to posting: whatever fails where, the money moves once or not at all."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID, uuid4

import pytest
from temporalio import activity
from temporalio.client import (
    Client,
    WithStartWorkflowOperation,
    WorkflowHandle,
    WorkflowUpdateFailedError,
)
from temporalio.common import WorkflowIDConflictPolicy, WorkflowIDReusePolicy
from temporalio.exceptions import ApplicationError, WorkflowAlreadyStartedError
from temporalio.worker import Worker

from activities.transfers import PostgresTransferSteps
from domain import ids
from domain.ledger import AccountKind
from domain.transfer import NewTransfer, Transfer, TransferLimits
from models.base import new_id
from models.database import Sessions
from models.queries import ledger
from tests import given
from tests.workflows.conftest import QUEUE
from workflows import policies
from workflows.messages import Ending
from workflows.transfer import WalletTransfer

MONEY, AMOUNT = Decimal(1_000_000), Decimal(250_000)
Send = Callable[..., Awaitable[Transfer]]


@pytest.fixture
async def new(sessions: Sessions) -> NewTransfer:
    sender, receiver = await given.a_user(sessions), await given.a_user(sessions)
    await given.money_in_wallet(sessions, sender, MONEY)
    return NewTransfer(new_id(), sender, receiver, AMOUNT, "Rent", datetime.now(UTC))


def handle_of(client: Client, new: NewTransfer) -> WorkflowHandle[Any, Ending]:
    return client.get_workflow_handle(ids.transfer_workflow(new.transfer_id), result_type=Ending)


@pytest.fixture
def send(client: Client, seen: list[WorkflowHandle[Any, Any]]) -> Send:
    async def send_it(new: NewTransfer, queue: str = QUEUE, update_id: str = "open") -> Transfer:
        start = WithStartWorkflowOperation(
            WalletTransfer.run,
            new,
            id=ids.transfer_workflow(new.transfer_id),
            task_queue=queue,
            id_conflict_policy=WorkflowIDConflictPolicy.USE_EXISTING,
            id_reuse_policy=WorkflowIDReusePolicy.REJECT_DUPLICATE,
        )
        seen.append(handle_of(client, new))
        posted: Transfer = await client.execute_update_with_start_workflow(
            "posted", start_workflow_operation=start, id=update_id, result_type=Transfer
        )
        return posted

    return send_it


async def balance(sessions: Sessions, user_id: UUID) -> Decimal:
    async with sessions() as session:
        return await ledger.balance(session, AccountKind.USER_WALLET, user_id)


async def test_a_transfer_is_posted_and_a_repeat_hears_the_same(
    send: Send, client: Client, sessions: Sessions, new: NewTransfer
) -> None:
    first = await send(new)
    assert await handle_of(client, new).result() == Ending("posted")

    again = await send(new)  # to a workflow that has closed

    assert again == first
    assert first.balance == MONEY - AMOUNT == await balance(sessions, new.sender_id)
    assert await balance(sessions, new.receiver_id) == AMOUNT


async def test_a_refused_transfer_ends_and_a_repeat_is_refused_alike(
    send: Send, client: Client, sessions: Sessions, new: NewTransfer
) -> None:
    poor = replace(new, amount=MONEY + 1)
    refusals = []
    for _ in range(2):
        with pytest.raises(WorkflowUpdateFailedError) as refused:
            await send(poor)
        refusals.append(refused.value.cause)
        await given.money_in_wallet(sessions, new.sender_id, MONEY)  # too late for this one

    ending = await handle_of(client, poor).result()

    assert all(isinstance(refusal, ApplicationError) for refusal in refusals)
    assert {getattr(refusal, "type", None) for refusal in refusals} == {"insufficient_funds"}
    assert ending.refused is not None
    assert (ending.refused.code, ending.refused.facts) == (
        "insufficient_funds", {"missing": "1.00"},
    )  # fmt: skip
    assert await balance(sessions, new.receiver_id) == 0


async def test_who_asks_first_after_the_end_finds_what_it_came_to(
    send: Send, client: Client, new: NewTransfer
) -> None:
    """The first caller may have died before the engine kept the question."""
    stranger = replace(new, receiver_id=uuid4())
    await client.start_workflow(
        WalletTransfer.run, stranger, id=ids.transfer_workflow(new.transfer_id), task_queue=QUEUE
    )
    ending = await handle_of(client, stranger).result()

    with pytest.raises(WorkflowAlreadyStartedError):
        await send(stranger)

    assert ending.refused is not None
    assert ending.refused.code == "not_found"


@dataclass
class Trouble:
    """Loses the answers of the real step, after its commit."""

    steps: PostgresTransferSteps
    losses: int

    @activity.defn(name="transfer")
    async def transfer(self, new: NewTransfer) -> Transfer:
        posted = await self.steps.transfer(new)
        if self.losses:
            self.losses -= 1
            raise ConnectionError("the line broke after COMMIT")
        return posted


@pytest.mark.parametrize("losses", [1, policies.FAST_RETRIES.maximum_attempts + 1])
async def test_an_answer_lost_after_the_commit_moves_no_money_twice(
    client: Client, send: Send, sessions: Sessions, new: NewTransfer, losses: int
) -> None:
    limits = TransferLimits(AMOUNT, AMOUNT)  # a second posting would be above the day's limit, too
    trouble = Trouble(PostgresTransferSteps(sessions, limits), losses)
    queue = f"transfer-trouble-{losses}"
    async with Worker(
        client, task_queue=queue, workflows=[WalletTransfer], activities=[trouble.transfer]
    ):
        posted = await send(new, queue)

    assert trouble.losses == 0
    assert posted.balance == MONEY - AMOUNT == await balance(sessions, new.sender_id)


async def test_operators_read_who_sends_how_much(
    client: Client, send: Send, new: NewTransfer
) -> None:
    await send(new)

    details = str(await handle_of(client, new).query("__temporal_workflow_metadata"))

    for word in ("250,000 rials", str(new.sender_id), str(new.receiver_id)):
        assert word in details
