"""A loan that is lent for longer: the offer, its answers, its timers. Real steps, skipped time."""

from datetime import timedelta
from decimal import Decimal

import pytest
from temporalio.client import WorkflowUpdateFailedError
from temporalio.exceptions import ApplicationError

from domain.extension import ExtensionStatus, Offer
from domain.ticket import Action, CancelReason, Stage, Ticket
from tests import given
from tests.workflows.conftest import MONEY, Loan, OpenLoan

FEE, DEPOSIT, DAILY = Decimal(300_000), Decimal(500_000), Decimal(100_000)
HOUR = timedelta(hours=1)


async def an_active_loan(open_loan: OpenLoan) -> tuple[Loan, Ticket]:
    loan = await open_loan()
    await loan.act(Action.ACCEPT)
    return loan, await loan.act(Action.PAY)


async def offer(loan: Loan, ticket: Ticket, days: int = 2) -> Ticket:
    return await loan.act(Action.EXTEND, terms=Offer(ticket.ends_at + days * given.DAY))


async def test_an_accepted_offer_takes_the_fee_and_moves_the_end(open_loan: OpenLoan) -> None:
    loan, ticket = await an_active_loan(open_loan)

    offered = await offer(loan, ticket)
    accepted = await loan.act(Action.ACCEPT_EXTENSION)

    assert offered.stage is Stage.OFFERED
    assert offered.extension
    assert offered.extension.fee == 2 * DAILY
    assert (offered.ends_at, offered.deadline_at) == (ticket.ends_at, ticket.deadline_at)
    assert accepted.ends_at == ticket.ends_at + 2 * given.DAY
    assert accepted.deadline_at == accepted.ends_at + 48 * HOUR
    paid = FEE + DEPOSIT + 2 * DAILY
    assert await loan.wallets() == {"borrower": MONEY - paid, "lender": 0, "escrow": paid}
    assert await loan.run_out() == "completed"
    assert (await loan.wallets())["lender"] == (FEE + 2 * DAILY) * 95 / 100
    assert (await loan.wallets())["borrower"] == MONEY - FEE - 2 * DAILY


async def test_the_borrower_is_reminded_of_the_new_end_and_time_waits_for_it(
    open_loan: OpenLoan,
) -> None:
    loan, ticket = await an_active_loan(open_loan)
    await loan.skip(ticket.ends_at - ticket.updated_at - 10 * HOUR)
    await offer(loan, ticket)
    accepted = await loan.act(Action.ACCEPT_EXTENSION)

    await loan.run_out()

    story = await loan.story()
    assert story[-5:] == ["remind", "extend", "accept_extension", "remind", "complete"]
    assert accepted.deadline_at
    assert await loan.when(Action.REMIND) >= accepted.ends_at - 24 * HOUR
    assert await loan.when(Action.COMPLETE) >= accepted.deadline_at


async def test_an_offer_that_nobody_answers_lapses_after_24_hours(open_loan: OpenLoan) -> None:
    loan, ticket = await an_active_loan(open_loan)
    await offer(loan, ticket)

    await loan.skip(23 * HOUR)
    assert (await loan.stored()).stage is Stage.OFFERED
    await loan.skip(2 * HOUR)

    lapsed = await loan.stored()
    assert lapsed.extension
    assert lapsed.extension.status is ExtensionStatus.LAPSED
    assert (lapsed.stage, lapsed.ends_at) == (Stage.ACTIVE, ticket.ends_at)
    assert await loan.run_out() == "completed"
    assert await loan.when(Action.COMPLETE) >= ticket.ends_at + 48 * HOUR


async def test_an_offer_never_outlives_the_loan(open_loan: OpenLoan) -> None:
    loan, ticket = await an_active_loan(open_loan)
    assert ticket.deadline_at
    await loan.skip(ticket.deadline_at - ticket.updated_at - 2 * HOUR)

    offered = await offer(loan, ticket, days=9)

    assert offered.extension
    assert offered.extension.expires_at == ticket.deadline_at
    assert await loan.run_out() == "completed"
    closed = await loan.stored()
    assert closed.extension
    assert closed.extension.status is ExtensionStatus.LAPSED
    assert (await loan.story())[-2:] == ["extend", "complete"]


async def test_an_offer_can_be_declined_and_made_again(open_loan: OpenLoan) -> None:
    loan, ticket = await an_active_loan(open_loan)

    await offer(loan, ticket)
    declined = await loan.act(Action.DECLINE_EXTENSION)
    again = await offer(loan, ticket, days=1)

    assert declined.extension
    assert declined.extension.status is ExtensionStatus.DECLINED
    assert (await loan.wallets())["escrow"] == FEE + DEPOSIT
    assert again.extension
    assert (again.extension.number, again.extension.fee) == (2, DAILY)


async def test_an_extension_cancels_the_requests_whose_time_it_takes(open_loan: OpenLoan) -> None:
    loan, ticket = await an_active_loan(open_loan)
    # The rival begins a day after the end, in the time that the extension takes.
    rival = await open_loan(loan.asset, begins=5 * given.DAY, days=1)

    await offer(loan, ticket)
    await loan.act(Action.ACCEPT_EXTENSION)

    assert await rival.handle.result() == "cancelled"
    assert (await rival.stored()).cancel_reason is CancelReason.ASSET_TAKEN


async def test_an_extension_into_a_promised_time_is_refused_when_it_is_offered_and_accepted(
    open_loan: OpenLoan,
) -> None:
    loan, ticket = await an_active_loan(open_loan)
    other = await open_loan(loan.asset, begins=5 * given.DAY, days=1)
    await offer(loan, ticket)
    await other.act(Action.ACCEPT)

    with pytest.raises(WorkflowUpdateFailedError) as late:
        await loan.act(Action.ACCEPT_EXTENSION)
    await loan.act(Action.DECLINE_EXTENSION)
    with pytest.raises(WorkflowUpdateFailedError) as early:
        await offer(loan, ticket)

    for refused in (late, early):
        assert isinstance(refused.value.cause, ApplicationError)
        assert refused.value.cause.type == "asset_unavailable"
    assert (await loan.wallets())["escrow"] == FEE + DEPOSIT
