"""Paths that a loan or a payment takes seldom, so that each of them has a recorded history."""

from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
from temporalio.client import Client, WorkflowHandle
from temporalio.testing import WorkflowEnvironment

from domain import ids
from domain.extension import Offer
from domain.payment import PaymentStatus
from domain.ticket import Action, CancelReason, TicketStatus
from models.database import Sessions
from tests import given
from tests.workflows.conftest import QUEUE, OpenLoan
from tests.workflows.topups import AMOUNT, Gateway, Payments
from workflows.ticket import TicketLoan

HOUR = timedelta(hours=1)
Seen = list[WorkflowHandle[Any, Any]]


async def test_a_rival_that_gives_way_ends_and_says_why(open_loan: OpenLoan) -> None:
    rival = await open_loan()
    winner = await open_loan(rival.asset)

    await winner.act(Action.ACCEPT)

    assert await rival.handle.result() == TicketStatus.CANCELLED
    assert (await rival.stored()).cancel_reason is CancelReason.ASSET_TAKEN


async def test_who_waits_for_an_answer_to_an_offer_is_reminded_all_the_same(
    open_loan: OpenLoan,
) -> None:
    loan = await open_loan()
    await loan.act(Action.ACCEPT)
    ticket = await loan.act(Action.PAY)
    await loan.skip(ticket.ends_at - ticket.updated_at - 30 * HOUR)
    await loan.act(Action.EXTEND, terms=Offer(ticket.ends_at + given.DAY))

    await loan.skip(10 * HOUR)
    await loan.act(Action.DECLINE_EXTENSION)

    assert (await loan.story())[-3:] == ["extend", "remind", "decline_extension"]


async def test_a_request_for_what_is_ones_own_ends_refused(
    client: Client, sessions: Sessions, seen: Seen
) -> None:
    asset = await given.a_stored_asset(sessions)
    at = datetime.now(UTC)
    ends_at = at + 3 * given.DAY
    wish = given.a_wish(asset, asset.owner_id, starts_at=at, ends_at=ends_at, at=at)
    loan = await client.start_workflow(
        TicketLoan.run, wish, id=ids.ticket_workflow(wish.ticket_id), task_queue=QUEUE
    )
    seen.append(loan)

    assert await loan.result() == "refused: own_asset"


async def test_a_payment_that_the_gateway_lists_is_looked_at_when_told(
    client: Client,
    time: WorkflowEnvironment,
    sessions: Sessions,
    simulator: httpx.AsyncClient,
    seen: Seen,
) -> None:
    payments = Payments(client, time, sessions, seen)
    payment = await payments.open()
    await Gateway(simulator).pay(payment)

    await payments.handle(payment).signal("look")

    assert await payments.handle(payment).result() == PaymentStatus.PAID
    assert await payments.balance(payment) == AMOUNT
