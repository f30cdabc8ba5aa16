"""Commands for workflows that need a person: the list of them, and a decision about one."""

import asyncio
import getpass
import os
import subprocess
import sys
from collections.abc import AsyncIterator, Callable
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from temporalio.client import Client, WorkflowHandle
from temporalio.worker import Worker

from activities.attention import PostgresAttentionSteps
from domain.attention import Trouble
from engine.client import connect
from models.database import Sessions
from models.queries import attention, audit
from models.queries.audit import AuditFilter
from sandbox.ports import free_port
from sandbox.temporal import TemporalServer
from tests import given
from tests.activities.test_attention import a_need
from tests.conftest import KEYS, ROOT, as_application, environment
from tests.parking import ParkAtOnce

QUEUE = "attention-commands"


@pytest.fixture
async def client(temporal: TemporalServer) -> Client:
    return await connect(temporal.address, namespace="default", keys=KEYS)


@pytest.fixture
async def parked(
    client: Client, own_sessions: Sessions
) -> AsyncIterator[WorkflowHandle[ParkAtOnce, str]]:
    steps = PostgresAttentionSteps(own_sessions)
    activities: list[Callable[..., Any]] = [steps.list_need, steps.record_decision]
    async with Worker(client, task_queue=QUEUE, workflows=[ParkAtOnce], activities=activities):
        name = f"payment:{uuid4()}"
        handle = await client.start_workflow(ParkAtOnce.run, id=name, task_queue=QUEUE)
        await given.eventually(lambda: is_listed(own_sessions))
        yield handle


async def is_listed(sessions: Sessions) -> bool:
    async with sessions() as session:
        return bool(await attention.page(session, after=None, limit=1))


async def run(
    folder: Path, address: str, url: str, *command: str
) -> subprocess.CompletedProcess[str]:
    """Run a command as an operator of a deployment does, beside the worker of this process."""
    own = {"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT), "LOGNAME": getpass.getuser()}
    return await asyncio.to_thread(
        subprocess.run,
        [sys.executable, str(ROOT / "cli.py"), *command, "--deployment"],
        cwd=folder,
        env=own | environment(url, url) | {"TEMPORAL_ADDRESS": address},
        check=False,
        capture_output=True,
        text=True,
    )


async def test_what_needs_a_person_is_listed_the_oldest_first(
    own_database: str, own_sessions: Sessions, tmp_path: Path
) -> None:
    url, nowhere = as_application(own_database), f"127.0.0.1:{free_port()}"
    empty = await run(tmp_path, nowhere, url, "attention")
    new = a_need(kind=Trouble.STUCK)
    old = a_need(since=new.since - timedelta(days=2))
    for need in (new, old):
        await PostgresAttentionSteps(own_sessions).list_need(need)

    full = await run(tmp_path, nowhere, url, "attention")

    assert (empty.returncode, empty.stdout) == (0, "Nothing is parked or stuck.\n"), empty.stderr
    said = full.stdout.splitlines()
    assert said[0].startswith(f"{old.workflow_id}  parked since ")
    assert said[0].endswith("250,000 rials")
    assert [line.strip() for line in said[1:3]] == [old.cause, old.todo]
    assert said[3].startswith(f"{new.workflow_id}  stuck since ")


async def test_a_decision_from_the_command_line_is_taken_and_logged_with_its_actor(
    parked: WorkflowHandle[ParkAtOnce, str],
    own_database: str,
    own_sessions: Sessions,
    temporal: TemporalServer,
    tmp_path: Path,
) -> None:
    url, note = as_application(own_database), ("--note", "The bank agrees.")
    first = await run(tmp_path, temporal.address, url, "decide", parked.id, "retry", *note)
    again = await run(tmp_path, temporal.address, url, "decide", parked.id, "retry", *note)

    assert (first.returncode, first.stderr) == (0, "")
    assert first.stdout == f"retry by {getpass.getuser()}: taken up\n"
    assert await parked.result() == "retry"
    assert (again.returncode, again.stdout) == (1, "")
    assert again.stderr == f"assets: No workflow {parked.id} is running.\n"
    async with own_sessions() as session:
        [line] = await audit.page(session, AuditFilter(subject=parked.id), limit=10)
    assert (line.action, line.actor_id) == ("workflow_retried", None)
    assert line.details["actor"] == getpass.getuser()
    assert not await is_listed(own_sessions)


async def test_a_decision_that_names_no_reason_is_not_taken(
    parked: WorkflowHandle[ParkAtOnce, str],
    own_database: str,
    own_sessions: Sessions,
    temporal: TemporalServer,
    tmp_path: Path,
) -> None:
    url, command = as_application(own_database), ("decide", parked.id, "abort", "--actor", "olga")

    silent = await run(tmp_path, temporal.address, url, *command, "--note", " ")
    named = await run(tmp_path, temporal.address, url, *command, "--note", "forged")

    assert silent.returncode == 1
    assert silent.stderr == "assets: A decision names its actor and its reason.\n"
    assert (named.returncode, named.stdout) == (0, "abort by olga: taken up\n")


async def test_without_an_engine_the_command_says_so(tmp_path: Path) -> None:
    url, nowhere = "postgresql://unused", f"127.0.0.1:{free_port()}"

    lost = await run(
        tmp_path, nowhere, url, "decide", f"payment:{uuid4()}", "retry", "--note", "Go on"
    )

    assert lost.returncode == 1
    assert lost.stderr.startswith("assets: ")
    assert "Traceback" not in lost.stderr
