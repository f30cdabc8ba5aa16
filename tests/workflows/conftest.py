"""Workflows on a real server whose clock can be moved, with the real steps on real PostgreSQL."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from difflib import unified_diff
from typing import Any, Protocol
from uuid import UUID, uuid4

import httpx
import pytest
from temporalio.client import (
    Client,
    WithStartWorkflowOperation,
    WorkflowHandle,
)
from temporalio.common import (
    SearchAttributeKey,
    SearchAttributePair,
    TypedSearchAttributes,
    WorkflowIDConflictPolicy,
)
from temporalio.testing import TimeSkippingConfig, WorkflowEnvironment
from temporalio.worker import Replayer

from domain import ids
from domain.actions import Terms
from domain.asset import Asset
from domain.ledger import AccountKind
from domain.plan import LoanRequest
from domain.ticket import Action, Ticket
from engine.client import data_converter
from models.database import Sessions
from models.queries import ledger, tickets
from sandbox.gateway.app import create_app
from sandbox.temporal import DYNAMIC_CONFIG, _binary
from settings import Settings
from tests import given
from tests.conftest import KEYS, environment
from tests.workflows import recorded
from tests.workflows.commands import commands, kind_of, without_detours
from worker import WORKFLOWS, build
from workflows import attributes, policies
from workflows.messages import TicketCommand
from workflows.ticket import TicketLoan

QUEUE = "test"
# How often, and after which pause, a workflow is looked at that has not come to its end.
_LOOKS, _PAUSE_S = 100, 0.1
SIMULATOR = "http://simulator"


def replayer() -> Replayer:
    return Replayer(workflows=WORKFLOWS, data_converter=data_converter(KEYS))


MONEY = Decimal(10_000_000)
LENDERS = {
    Action.ACCEPT,
    Action.DECLINE,
    Action.COMPLETE,
    Action.ACCEPT_EXTENSION,
    Action.DECLINE_EXTENSION,
    Action.DISPUTE,
}


@pytest.fixture(scope="session")
async def time() -> AsyncIterator[WorkflowEnvironment]:
    """A server that skips time only where a test asks for it."""
    settings = (*DYNAMIC_CONFIG, "frontend.WorkflowTimeSkippingEnabled=true")
    env = await WorkflowEnvironment.start_time_skipping_v2(
        ts_config=TimeSkippingConfig(enabled=False),
        dev_server_existing_path=_binary(),
        data_converter=data_converter(KEYS),
        search_attributes=[
            key for key in vars(attributes).values() if isinstance(key, SearchAttributeKey)
        ],
        dev_server_extra_args=[
            word for setting in settings for word in ("--dynamic-config-value", setting)
        ],
    )
    yield env
    await env.shutdown()


@pytest.fixture(scope="session")
async def simulator(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[httpx.AsyncClient]:
    """The gateway simulator, spoken to by the real gateway client."""
    app = create_app(tmp_path_factory.mktemp("gateway") / "state.sqlite", SIMULATOR)
    async with httpx.AsyncClient(
        transport=httpx.ASGITransport(app), base_url=SIMULATOR
    ) as simulator:
        yield simulator


@pytest.fixture(scope="session")
async def client(
    time: WorkflowEnvironment, sessions: Sessions, simulator: httpx.AsyncClient
) -> AsyncIterator[Client]:
    """A client, with a worker behind it that takes the real steps."""
    with pytest.MonkeyPatch.context() as patch:
        for name, value in environment("postgresql://", "postgresql://").items():
            patch.setenv(name, value)
        settings = Settings(task_queue=QUEUE, zarinpal_base_url=SIMULATOR, _env_file=None)
    async with build(time.client, settings, sessions, simulator):
        yield time.client


@dataclass(frozen=True)
class Loan:
    """One loan under test, and what its people can do."""

    handle: WorkflowHandle[TicketLoan, str]
    time: WorkflowEnvironment
    sessions: Sessions
    request: LoanRequest
    asset: Asset

    async def act(
        self,
        action: Action,
        by: UUID | None = None,
        key: str | None = None,
        terms: Terms | None = None,
    ) -> Ticket:
        usual = self.asset.owner_id if action in LENDERS else self.request.borrower_id
        ticket: Ticket = await self.handle.execute_update(
            action.value,
            TicketCommand(by or usual, terms=terms),
            id=key or str(uuid4()),
            result_type=Ticket,
            rpc_timeout=timedelta(seconds=20),
        )
        return ticket

    async def skip(self, duration: timedelta) -> None:
        await self.time.fast_forward(self.handle, duration)

    async def stored(self) -> Ticket:
        async with self.sessions() as session:
            return await tickets.get(session, self.request.ticket_id)

    async def story(self) -> list[str]:
        async with self.sessions() as session:
            lines = await tickets.timeline(session, self.request.ticket_id)
        return [line.action.value for line in lines]

    async def when(self, action: Action) -> datetime:
        """The time at which an action happened, the last time that it did."""
        async with self.sessions() as session:
            lines = await tickets.timeline(session, self.request.ticket_id)
        when: list[datetime] = [line.at for line in lines if line.action is action]
        return when[-1]

    async def run_out(self) -> str:
        """Let time run until the loan ends by itself, and return how it ended."""
        await self.time.fast_forward(self.handle)
        return await self.handle.result()

    async def wallets(self) -> dict[str, Decimal]:
        """The balances in rials of both wallets and of the escrow."""
        owners = {
            "borrower": (AccountKind.USER_WALLET, self.request.borrower_id),
            "lender": (AccountKind.USER_WALLET, self.asset.owner_id),
            "escrow": (AccountKind.TICKET_ESCROW, self.request.ticket_id),
        }
        async with self.sessions() as session:
            return {name: await ledger.balance(session, *owner) for name, owner in owners.items()}


class OpenLoan(Protocol):
    async def __call__(
        self, asset: Asset | None = None, *, begins: timedelta = ..., days: int = ..., **terms: Any
    ) -> Loan: ...


@pytest.fixture
async def seen(request: pytest.FixtureRequest) -> AsyncIterator[list[WorkflowHandle[Any, Any]]]:
    """The workflows of a test. Each must replay; with --record their histories are kept."""
    handles: list[WorkflowHandle[Any, Any]] = []
    yield handles
    for handle in handles[:1]:  # the first one is what the test is about
        history = await handle.fetch_history()
        await replayer().replay_workflow(history)
        name = request.node.name
        is_steady = request.node.get_closest_marker("unsteady") is None
        if not request.config.getoption("--record"):
            if is_steady:
                await compare(name, handle)
        elif is_steady or await recorded.known(name) is None:
            await recorded.keep(name, history)


async def compare(name: str, handle: WorkflowHandle[Any, Any]) -> None:
    """Hold what a workflow did just now against what it was recorded to do.

    A test may end while its workflow has something left to do; that is waited for.
    """
    history = await handle.fetch_history()
    before = await recorded.known(name)
    if before is None:
        pytest.fail(f"{kind_of(history)} was not recorded on this path: {recorded.RENEW}")
    today = await told(handle)
    for _ in range(_LOOKS):
        if today == before or today != before[: len(today)]:
            break
        await asyncio.sleep(_PAUSE_S)
        today = await told(handle)
    if today != before:
        difference = "\n".join(unified_diff(before, today, "recorded", "today", lineterm=""))
        pytest.fail(
            f"{kind_of(history)} tells the server other things than it was recorded to do.\n"
            f"{difference}\n"
            "Loans that run were told the old ones: see 'Changing a workflow' in CONTRIBUTING.md. "
            f"If test_replay.py passes and this is what you want, renew it: {recorded.RENEW}"
        )


async def told(handle: WorkflowHandle[Any, Any]) -> tuple[str, ...]:
    """Return the commands that a workflow has issued so far."""
    return without_detours(await commands(await handle.fetch_history()))


def pytest_sessionfinish(session: pytest.Session) -> None:
    """Derive the fingerprints anew from what was recorded: once, not by each worker of xdist."""
    if session.config.getoption("--record") and not hasattr(session.config, "workerinput"):
        asyncio.run(recorded.write_fingerprints())


@pytest.fixture
def open_loan(
    client: Client,
    time: WorkflowEnvironment,
    sessions: Sessions,
    seen: list[WorkflowHandle[Any, Any]],
) -> OpenLoan:
    """Make an asset, a borrower with money, and a request that is stored."""

    async def open_it(
        asset: Asset | None = None, *, begins: timedelta = given.DAY, days: int = 3, **terms: Any
    ) -> Loan:
        asset = asset or await given.a_stored_asset(sessions, **terms)
        borrower = await given.a_user(sessions)
        await given.money_in_wallet(sessions, borrower, MONEY)
        at = datetime.now(UTC)
        request = given.a_wish(
            asset, borrower, starts_at=at + begins, ends_at=at + begins + days * given.DAY, at=at
        )
        start = WithStartWorkflowOperation(
            TicketLoan.run,
            request,
            id=ids.ticket_workflow(request.ticket_id),
            task_queue=QUEUE,
            task_timeout=policies.TASK_TIMEOUT,
            id_conflict_policy=WorkflowIDConflictPolicy.USE_EXISTING,
            search_attributes=TypedSearchAttributes(
                [SearchAttributePair(attributes.TICKET_STATUS, "pending")]
            ),
        )
        await client.execute_update_with_start_workflow(
            "requested", start_workflow_operation=start, id="open"
        )
        handle = await start.workflow_handle()
        seen.append(handle)
        return Loan(handle, time, sessions, request, asset)

    return open_it
