"""Two builds of the workers side by side: who takes what, while loans and payments run."""

import asyncio
import os
import sys
from collections.abc import AsyncIterator, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID, uuid4

import httpx
import pytest
from temporalio.api.enums.v1 import WorkflowTaskFailedCause
from temporalio.client import Client, WithStartWorkflowOperation, WorkflowHandle, WorkflowHistory
from temporalio.common import WorkflowIDConflictPolicy
from temporalio.worker import Replayer
from temporalio.workflow import NondeterminismError
from temporalio.workflow import _Definition as definition

from activities.contracts.payments import NewPayment
from domain import ids
from domain.payment import Payment
from domain.ticket import Action, Ticket, TicketStatus
from engine import lifetimes
from engine.client import connect, data_converter
from engine.versions import Deployment, NoSuchWorkers
from models.base import new_id
from models.database import Sessions
from sandbox.gateway.app import create_app
from sandbox.temporal import TemporalServer
from settings import Settings
from tests import given
from tests.conftest import KEYS, ROOT, SIMULATOR, environment
from tests.engine.next_loans import HastyLoan, NextLoan
from tests.workflows.recorded import HISTORIES
from worker import WORKFLOWS, build
from workflows import policies
from workflows.messages import CallbackReported, Reported, TicketCommand
from workflows.payment import TopUp
from workflows.ticket import TicketLoan

PATIENCE = timedelta(seconds=20)


@dataclass(frozen=True)
class Fleet:
    """Workers of several builds on queues of their own, and loans and payments on them."""

    client: Client
    sessions: Sessions
    http: httpx.AsyncClient
    settings: Settings

    @property
    def queues(self) -> tuple[str, str]:
        return self.settings.task_queue, ids.messages_queue(self.settings.task_queue)

    @property
    def deployment(self) -> Deployment:
        return Deployment(self.client, self.settings.worker_deployment)

    def working(
        self, build_id: str | None, loan: type[TicketLoan] = TicketLoan
    ) -> AbstractAsyncContextManager[None]:
        settings = self.settings.model_copy(update={"worker_build_id": build_id})
        return build(self.client, settings, self.sessions, self.http, with_loan(loan))

    async def switch_to(self, build_id: str) -> str | None:
        return await self.deployment.make_current(build_id, self.queues, PATIENCE)

    async def open_loan(self) -> "Loan":
        asset = await given.a_stored_asset(self.sessions)
        borrower = await given.a_user(self.sessions)
        await given.money_in_wallet(self.sessions, borrower, Decimal(10_000_000))
        at = datetime.now(UTC)
        wish = given.a_wish(
            asset, borrower, starts_at=at + given.DAY, ends_at=at + 3 * given.DAY, at=at
        )
        handle = await self.client.start_workflow(
            TicketLoan.run,
            wish,
            id=ids.ticket_workflow(wish.ticket_id),
            task_queue=self.settings.task_queue,
            task_timeout=policies.TASK_TIMEOUT,
        )
        loan = Loan(handle, asset.owner_id, borrower)
        await loan.handle.execute_update("requested", rpc_timeout=PATIENCE)
        return loan

    async def open_payment(self) -> Payment:
        new = NewPayment(
            new_id(), await given.a_user(self.sessions), Decimal(250_000), None, datetime.now(UTC)
        )
        start = WithStartWorkflowOperation(
            TopUp.run,
            new,
            id=ids.payment_workflow(new.payment_id),
            task_queue=self.settings.task_queue,
            id_conflict_policy=WorkflowIDConflictPolicy.USE_EXISTING,
        )
        payment: Payment = await self.client.execute_update_with_start_workflow(
            "opened", start_workflow_operation=start, result_type=Payment
        )
        return payment

    async def finish_payment(self, payment: Payment) -> WorkflowHandle[TopUp, str]:
        handle: WorkflowHandle[TopUp, str] = self.client.get_workflow_handle(
            ids.payment_workflow(payment.id), result_type=str
        )
        wish = {"outcome": "pay"}
        (await self.http.post(f"/control/pay/{payment.authority}", json=wish)).raise_for_status()
        await handle.execute_update("callback", CallbackReported(Reported.OK), rpc_timeout=PATIENCE)
        return handle


@dataclass(frozen=True)
class Loan:
    handle: WorkflowHandle[TicketLoan, str]
    lender: UUID
    borrower: UUID

    async def act(self, action: Action) -> Ticket:
        by = self.borrower if action is Action.PAY else self.lender
        ticket: Ticket = await self.handle.execute_update(
            action.value, TicketCommand(by), result_type=Ticket, rpc_timeout=PATIENCE
        )
        return ticket

    async def finish(self) -> str:
        """Take it from its request to its end."""
        for action in (Action.ACCEPT, Action.PAY):
            await self.act(action)
        return await self.complete()

    async def complete(self) -> str:
        await self.act(Action.COMPLETE)
        return await self.handle.result()


def with_loan(loan: type[TicketLoan]) -> Sequence[type]:
    return [loan if one is TicketLoan else one for one in WORKFLOWS]


@pytest.fixture
async def fleet(
    temporal: TemporalServer, sessions: Sessions, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Fleet]:
    name = f"fleet-{uuid4().hex}"
    with pytest.MonkeyPatch.context() as patch:
        for key, value in environment("postgresql://", "postgresql://").items():
            patch.setenv(key, value)
        settings = Settings(
            task_queue=name,
            worker_deployment=name,
            zarinpal_base_url=SIMULATOR,
            _env_file=None,
        )
    client = await connect(temporal.address, namespace=temporal.namespace, keys=KEYS)
    async with gateway(tmp_path_factory) as http:
        yield Fleet(client, sessions, http, settings)


@asynccontextmanager
async def gateway(folders: pytest.TempPathFactory) -> AsyncIterator[httpx.AsyncClient]:
    app = create_app(folders.mktemp("gateway") / "state.sqlite", SIMULATOR)
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url=SIMULATOR) as http:
        yield http


async def builds_of(handle: WorkflowHandle[Any, Any]) -> list[str]:
    """Return the builds that worked on a run, each once, in the order of their turns."""
    history = await handle.fetch_history()
    done = [
        event.workflow_task_completed_event_attributes.deployment_version.build_id
        for event in history.events
        if event.HasField("workflow_task_completed_event_attributes")
    ]
    return list(dict.fromkeys(done))


async def patches_of(handle: WorkflowHandle[Any, Any]) -> bool:
    history = await handle.fetch_history()
    return any(
        event.marker_recorded_event_attributes.marker_name == "core_patch"
        for event in history.events
    )


async def test_a_new_build_takes_up_loans_and_leaves_payments_to_the_old_one(fleet: Fleet) -> None:
    async with fleet.working("old"):
        assert await fleet.switch_to("old") is None
        running = await fleet.open_loan()
        await running.act(Action.ACCEPT)
        payment = await fleet.open_payment()
        async with fleet.working("new", NextLoan):
            assert await fleet.switch_to("new") == "old"
            assert await fleet.switch_to("new") == "new"
            fresh = await fleet.open_loan()
            fresh_payment = await fleet.open_payment()

            ended = [await fresh.finish()]
            await running.act(Action.PAY)
            ended.append(await running.complete())
            paid = await fleet.finish_payment(payment)
            fresh_paid = await fleet.finish_payment(fresh_payment)
            results = [await paid.result(), await fresh_paid.result()]

    assert ended == [TicketStatus.COMPLETED, TicketStatus.COMPLETED]
    assert results == ["paid", "paid"]
    assert await builds_of(fresh.handle) == ["new"]
    assert await builds_of(running.handle) == ["old", "new"]
    assert await builds_of(paid) == ["old"]
    assert await builds_of(fresh_paid) == ["new"]
    assert await patches_of(fresh.handle)
    assert not await patches_of(running.handle)


async def test_builds_say_how_many_runs_they_still_have(fleet: Fleet) -> None:
    async with fleet.working("old"), fleet.working("new"):
        assert await fleet.deployment.current() is None
        await fleet.switch_to("old")
        loan = await fleet.open_loan()
        payment = await fleet.open_payment()
        await fleet.switch_to("new")

        async def counted() -> bool:
            found = {one.build_id: one for one in await fleet.deployment.builds()}
            old = found["old"]
            return (old.status, old.pinned, old.last_seen) == ("draining", 1, 1)

        await given.eventually(counted)
        await loan.finish()
        await fleet.finish_payment(payment)

        async def is_done_with() -> bool:
            found = {one.build_id: one for one in await fleet.deployment.builds()}
            return (found["old"].pinned, found["new"].status) == (0, "current")

        await given.eventually(is_done_with)


async def test_loans_of_unversioned_workers_go_on_when_versions_begin(fleet: Fleet) -> None:
    async with fleet.working(None):
        running = await fleet.open_loan()
        await running.act(Action.ACCEPT)
        async with fleet.working("first"):
            assert await fleet.switch_to("first") is None
    async with fleet.working("first"):
        await running.act(Action.PAY)

        assert await running.complete() == TicketStatus.COMPLETED

    assert (await builds_of(running.handle))[-1] == "first"


async def test_a_change_without_a_patch_holds_a_loan_until_the_old_build_is_back(
    fleet: Fleet,
) -> None:
    async with fleet.working("old"):
        await fleet.switch_to("old")
        loan = await fleet.open_loan()
        await loan.act(Action.ACCEPT)
        async with fleet.working("hasty", HastyLoan):
            await fleet.switch_to("hasty")
            paying = asyncio.create_task(loan.act(Action.PAY))
            await given.eventually(lambda: is_held(loan.handle))

            await fleet.switch_to("old")

            assert (await paying).status is TicketStatus.ACTIVE
            assert await loan.complete() == TicketStatus.COMPLETED
    assert await builds_of(loan.handle) == ["old"]


async def is_held(handle: WorkflowHandle[Any, Any]) -> bool:
    history = await handle.fetch_history()
    cause = WorkflowTaskFailedCause.WORKFLOW_TASK_FAILED_CAUSE_NON_DETERMINISTIC_ERROR
    return any(
        event.workflow_task_failed_event_attributes.cause == cause for event in history.events
    )


async def test_no_workers_of_the_build_leave_the_current_one_alone(fleet: Fleet) -> None:
    async with fleet.working("old"):
        await fleet.switch_to("old")

        with pytest.raises(NoSuchWorkers, match="WORKER_BUILD_ID=typo"):
            await fleet.deployment.make_current("typo", fleet.queues, timedelta(seconds=1))

        assert await fleet.deployment.current() == "old"


async def test_the_deploy_step_says_what_it_did_and_can_be_repeated(
    fleet: Fleet, temporal: TemporalServer
) -> None:
    name = fleet.settings.worker_deployment
    where = {"TEMPORAL_ADDRESS": temporal.address, "TASK_QUEUE": name, "WORKER_DEPLOYMENT": name}

    async with fleet.working("b1"):
        await fleet.switch_to("b1")
        again = await command(where, "set-current-version", "--build-id", "b1")
        listed = await command(where, "versions")
    typo = await command(where, "set-current-version", "--build-id", "b2", "--patience", "0.5")

    build = "b1: current; 0 open runs end here, 0 were here last\n"
    assert again == (0, f"{name}: b1 is current, as it was.\n{build}")
    assert listed == (0, build)
    assert typo[0] == 1
    assert f"WORKER_DEPLOYMENT={name} and WORKER_BUILD_ID=b2" in typo[1]


async def command(where: dict[str, str], *words: str) -> tuple[int, str]:
    """Run a command as a deployment does, and return its exit code and what it said."""
    deployment = environment("postgresql://unused", "postgresql://unused")
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, str(ROOT / "cli.py"), *words),
        env={"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT), **deployment, **where},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    said, _ = await process.communicate()
    assert process.returncode is not None
    return process.returncode, said.decode()


@pytest.mark.parametrize("loan", [TicketLoan, NextLoan, HastyLoan])
async def test_recorded_histories_refuse_a_change_without_a_patch(loan: type[TicketLoan]) -> None:
    replayer = Replayer(workflows=with_loan(loan), data_converter=data_converter(KEYS))
    name = "test_an_instant_loan_divides_fee_and_deposit_to_the_rial"
    recorded = WorkflowHistory.from_json(name, (HISTORIES / f"{name}.json").read_text())

    result = await replayer.replay_workflow(recorded, raise_on_replay_failure=False)

    refused = isinstance(result.replay_failure, NondeterminismError)
    assert refused is (loan is HastyLoan)


def test_what_lives_for_days_is_named_as_it_is() -> None:
    names = {definition.must_from_class(one).name for one in WORKFLOWS}

    assert names >= lifetimes.FOR_DAYS
