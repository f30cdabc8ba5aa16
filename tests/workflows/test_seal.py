"""Sealing, as the schedule runs it."""

from datetime import timedelta
from decimal import Decimal
from typing import Any
from uuid import uuid4

import pytest
from temporalio.client import Client, WorkflowExecutionStatus, WorkflowHandle
from temporalio.testing import WorkflowEnvironment

from domain import ledger
from models.base import new_id
from models.database import Sessions
from models.queries import ledger as queries
from models.queries import seals
from tests import given
from tests.workflows.conftest import QUEUE
from workflows.seal import SealLedger

PACE = timedelta(minutes=1)


async def test_a_run_seals_what_was_posted_and_keeps_the_digest(
    client: Client, sessions: Sessions, seen: list[WorkflowHandle[Any, Any]]
) -> None:
    async with sessions.begin() as session:
        await queries.post(session, ledger.deposit(new_id(), uuid4(), Decimal(100)))

    handle = await client.start_workflow(SealLedger.run, id=f"seal-{uuid4()}", task_queue=QUEUE)
    seen.append(handle)
    said = await handle.result()

    async with sessions() as session:
        newest = await seals.newest(session)
        assert await seals.count_unsealed(session) == 0
    assert newest
    assert said.startswith(f"the newest seal is {newest.number}: sha256 {newest.digest.hex()}; ")


@pytest.mark.unsteady
async def test_with_a_pace_it_goes_on_until_its_history_is_long_enough(
    client: Client,
    sessions: Sessions,
    time: WorkflowEnvironment,
    seen: list[WorkflowHandle[Any, Any]],
) -> None:
    handle = await client.start_workflow(
        SealLedger.run, PACE, id=f"seal-{uuid4()}", task_queue=QUEUE
    )
    seen.append(handle)
    for _ in range(3):
        async with sessions.begin() as session:
            await queries.post(session, ledger.deposit(new_id(), uuid4(), Decimal(100)))
        await time.fast_forward(handle, PACE)
        await given.eventually(lambda: is_sealed(sessions))

    assert (await handle.describe()).status is WorkflowExecutionStatus.RUNNING
    await handle.terminate()


async def is_sealed(sessions: Sessions) -> bool:
    async with sessions() as session:
        return await seals.count_unsealed(session) == 0
