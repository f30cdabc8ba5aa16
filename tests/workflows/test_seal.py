"""Sealing, as the schedule runs it."""

from decimal import Decimal
from typing import Any
from uuid import uuid4

from temporalio.client import Client, WorkflowHandle

from domain import ledger
from models.base import new_id
from models.database import Sessions
from models.queries import ledger as queries
from models.queries import seals
from tests.workflows.conftest import QUEUE
from workflows.seal import SealLedger


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
    assert said.endswith(f"the newest is {newest.number}: sha256 {newest.digest.hex()}")
