"""Which workflows run, as a real server tells it: those that began are known at once."""

from collections.abc import Awaitable
from uuid import uuid4

import pytest
from temporalio.client import Client

from engine.client import connect
from engine.running import RunningWorkflows
from sandbox.temporal import TemporalServer
from tests import given
from tests.conftest import KEYS


@pytest.fixture
async def client(temporal: TemporalServer) -> Client:
    return await connect(temporal.address, namespace="default", keys=KEYS)


async def test_it_knows_what_runs_from_what_ended_and_what_never_was(client: Client) -> None:
    names = [f"payment:{uuid4()}" for _ in range(120)]  # more than one question holds
    for name in names:
        # Nobody takes these up, so they run until they are ended.
        await client.start_workflow("Nothing", id=name, task_queue="nobody-works-here")
    ended = names[::10]
    for name in ended:
        await client.get_workflow_handle(name).terminate()
    unknown = f"payment:{uuid4()}"

    async def running() -> frozenset[str]:
        return await RunningWorkflows(client)([*names, unknown])

    assert await running() >= set(names) - set(ended)
    await given.eventually(lambda: is_(running(), set(names) - set(ended)))
    for name in await running():
        await client.get_workflow_handle(name).terminate()


async def is_(found: Awaitable[frozenset[str]], expected: set[str]) -> bool:
    return await found == expected


async def test_what_began_this_moment_is_not_missed(client: Client) -> None:
    """The index learns of it later, so asking that alone would call it missing."""
    for _ in range(20):
        name = f"payment:{uuid4()}"
        handle = await client.start_workflow("Nothing", id=name, task_queue="nobody-works-here")

        assert await RunningWorkflows(client)([name]) == {name}

        await handle.terminate()


async def test_of_nothing_nothing_runs(client: Client) -> None:
    assert await RunningWorkflows(client)([]) == frozenset()
