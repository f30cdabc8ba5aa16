"""Temporal or PostgreSQL away while loans run: callers hear so, and nothing is lost."""

import asyncio
import time
from datetime import timedelta
from uuid import UUID

import httpx

from api.commands.tickets import Commands
from domain.ticket import Action, TicketStatus
from engine.client import connect
from sandbox.environment import TASK_QUEUE
from tests import given
from tests.api.people import Person, problem
from tests.e2e import loans
from tests.e2e.books import Books
from tests.e2e.dev import Dev
from tests.e2e.gateway import begin, pay_at, top_up
from tests.e2e.loans import Loan
from workflows.messages import TicketCommand

SOON_S = 5.0
OUTAGE_S = 10.0
# The last retry of a step may be ten seconds off, the last restart of the server five.
RECOVERY = timedelta(seconds=45)


async def test_without_temporal_writes_say_when_to_come_back_and_reads_go_on(
    dev: Dev, sara: Person, omid: Person
) -> None:
    loan = await loans.requested(sara, omid)
    path = f"/tickets/{loan.id}/accept/"

    async with dev.without("temporal"):
        began = time.monotonic()
        refused = await sara.call("PATCH", path, {}, key="accept-it")
        took = time.monotonic() - began
        assert await loan.is_in("pending")
        assert (await omid.get("/wallet/"))["balance"] == "0.00"

    problem(refused, 503, "engine_unavailable")
    assert int(refused.headers["retry-after"]) > 0
    assert took < SOON_S
    await loan.accept()
    assert await loan.is_in("accepted")


async def test_loans_and_payments_outlive_ten_seconds_without_postgresql(
    dev: Dev, gateway: httpx.AsyncClient, books: Books, sara: Person, omid: Person
) -> None:
    await top_up(gateway, omid, 3 * 600_000)
    returned = [await loans.active(sara, omid) for _ in range(3)]
    unpaid = await loans.accepted(sara, omid)
    payment = await begin(omid, 600_000, unpaid.id)
    commands = await commands_of(dev)

    async with dev.without("postgres"):
        back = time.monotonic() + OUTAGE_S
        settling = [asyncio.create_task(complete(commands, loan)) for loan in returned]
        await pay_at(gateway, payment["authority"], callback=True)
        problem(await omid.call("GET", "/wallet/"), 503, "database_unavailable")
        await asyncio.sleep(back - time.monotonic())

    async with asyncio.timeout(RECOVERY.total_seconds()):
        assert set(await asyncio.gather(*settling)) == {TicketStatus.COMPLETED}
    await given.eventually(lambda: unpaid.is_in("active"), RECOVERY)
    await unpaid.complete()
    books.check(*returned, unpaid)
    assert (await omid.get("/wallet/"))["balance"] == f"{4 * 500_000}.00"


async def commands_of(dev: Dev) -> Commands:
    """What the API would tell the workflows, if it could read who asks for it."""
    client = await connect(
        dev.info.temporal_address, namespace=dev.info.temporal_namespace, keys=dev.keys
    )
    return Commands(client, TASK_QUEUE)


async def complete(commands: Commands, loan: Loan) -> TicketStatus:
    by_lender = TicketCommand(UUID(loan.lender.id))
    ticket = await commands.act(UUID(loan.id), Action.COMPLETE, by_lender, "complete-it")
    return ticket.status
