"""A loan from request to end: people, timers, refusals, repeats. Real steps, skipped time."""

import asyncio
from datetime import timedelta
from decimal import Decimal

import pytest
from temporalio.client import WorkflowExecutionStatus, WorkflowUpdateFailedError
from temporalio.exceptions import ApplicationError

from domain.asset import Handover
from domain.cancellation import CancellationPolicy
from domain.ticket import Action, CancelReason, TicketStatus
from tests.workflows.conftest import MONEY, Loan, OpenLoan

FEE, DEPOSIT = Decimal(300_000), Decimal(500_000)
HOUR = timedelta(hours=1)


async def refusal(loan: Loan, action: Action) -> ApplicationError:
    with pytest.raises(WorkflowUpdateFailedError) as failed:
        await loan.act(action)
    assert isinstance(failed.value.cause, ApplicationError)
    return failed.value.cause


async def test_an_instant_loan_divides_fee_and_deposit_to_the_rial(open_loan: OpenLoan) -> None:
    loan = await open_loan()

    await loan.act(Action.ACCEPT)
    paid = await loan.act(Action.PAY)
    in_escrow = await loan.wallets()
    completed = await loan.act(Action.COMPLETE)

    assert paid.status is TicketStatus.ACTIVE
    assert in_escrow == {"borrower": MONEY - FEE - DEPOSIT, "lender": 0, "escrow": FEE + DEPOSIT}
    assert completed.status is TicketStatus.COMPLETED
    assert await loan.wallets() == {
        "borrower": MONEY - FEE,
        "lender": FEE - FEE * 5 / 100,
        "escrow": 0,
    }
    assert await loan.handle.result() == "completed"
    assert await loan.story() == ["request", "accept", "pay", "handover", "complete"]


async def test_an_instant_loan_stays_within_its_budget_of_events(open_loan: OpenLoan) -> None:
    loan = await open_loan()
    for action in (Action.ACCEPT, Action.PAY, Action.COMPLETE):
        await loan.act(action)
    await loan.handle.result()

    history = await loan.handle.fetch_history()
    tasks = [e for e in history.events if e.HasField("workflow_task_started_event_attributes")]

    assert len(history.events) <= 40
    assert len(tasks) <= 5


async def test_a_confirmed_handover_waits_for_the_borrower(open_loan: OpenLoan) -> None:
    loan = await open_loan(handover=Handover.CONFIRMED)
    await loan.act(Action.ACCEPT)

    assert (await loan.act(Action.PAY)).status is TicketStatus.ESCROW
    assert (await loan.act(Action.HANDOVER)).status is TicketStatus.ACTIVE


@pytest.mark.parametrize("action", [Action.DECLINE, Action.CANCEL])
async def test_a_pending_request_can_be_turned_down_or_withdrawn(
    open_loan: OpenLoan, action: Action
) -> None:
    loan = await open_loan()

    ticket = await loan.act(action)

    assert ticket.status is TicketStatus.CANCELLED
    assert await loan.handle.result() == "cancelled"


async def test_a_late_cancel_of_a_strict_loan_leaves_the_fee_with_the_lender(
    open_loan: OpenLoan,
) -> None:
    loan = await open_loan(
        handover=Handover.CONFIRMED, cancellation_policy=CancellationPolicy.STRICT
    )
    await loan.act(Action.ACCEPT)
    await loan.act(Action.PAY)

    await loan.act(Action.CANCEL)

    assert await loan.wallets() == {
        "borrower": MONEY - FEE,
        "lender": FEE - FEE * 5 / 100,
        "escrow": 0,
    }


# Timers


async def test_an_unanswered_request_expires_after_48_hours(open_loan: OpenLoan) -> None:
    loan = await open_loan(begins=timedelta(days=10))

    await loan.skip(47 * HOUR)
    assert (await loan.stored()).status is TicketStatus.PENDING
    await loan.skip(2 * HOUR)

    assert await loan.handle.result() == "cancelled"
    assert (await loan.stored()).cancel_reason is CancelReason.EXPIRED


async def test_an_unanswered_request_expires_when_the_loan_should_start(
    open_loan: OpenLoan,
) -> None:
    loan = await open_loan(begins=6 * HOUR)

    await loan.skip(7 * HOUR)

    assert await loan.handle.result() == "cancelled"
    assert (await loan.stored()).cancel_reason is CancelReason.EXPIRED


async def test_an_accepted_loan_that_is_not_paid_expires_after_24_hours(
    open_loan: OpenLoan,
) -> None:
    loan = await open_loan(begins=timedelta(days=10))
    await loan.act(Action.ACCEPT)

    await loan.skip(23 * HOUR)
    assert (await loan.stored()).status is TicketStatus.ACCEPTED
    await loan.skip(2 * HOUR)

    assert await loan.handle.result() == "cancelled"
    assert (await loan.stored()).cancel_reason is CancelReason.EXPIRED


async def test_a_paid_loan_without_handover_is_refunded_in_full(open_loan: OpenLoan) -> None:
    loan = await open_loan(
        begins=2 * HOUR,
        handover=Handover.CONFIRMED,
        cancellation_policy=CancellationPolicy.STRICT,
    )
    await loan.act(Action.ACCEPT)
    await loan.act(Action.PAY)

    await loan.skip(25 * HOUR)
    assert (await loan.stored()).status is TicketStatus.ESCROW
    await loan.skip(2 * HOUR)

    assert await loan.handle.result() == "cancelled"
    assert await loan.wallets() == {"borrower": MONEY, "lender": 0, "escrow": 0}


async def test_the_end_of_an_active_loan_is_announced_24_hours_before(open_loan: OpenLoan) -> None:
    loan = await open_loan(begins=HOUR, days=3)
    await loan.act(Action.ACCEPT)
    await loan.act(Action.PAY)

    await loan.skip(48 * HOUR)
    assert "remind" not in await loan.story()
    await loan.skip(2 * HOUR)

    assert (await loan.story())[-1] == "remind"
    assert (await loan.stored()).status is TicketStatus.ACTIVE


async def test_a_return_that_nobody_confirms_completes_48_hours_after_the_end(
    open_loan: OpenLoan,
) -> None:
    loan = await open_loan(begins=HOUR, days=3)
    await loan.act(Action.ACCEPT)
    await loan.act(Action.PAY)

    await loan.skip(120 * HOUR)
    assert (await loan.stored()).status is TicketStatus.ACTIVE
    await loan.skip(2 * HOUR)

    assert await loan.handle.result() == "completed"
    assert await loan.wallets() == {
        "borrower": MONEY - FEE,
        "lender": FEE - FEE * 5 / 100,
        "escrow": 0,
    }
    assert await loan.story() == ["request", "accept", "pay", "handover", "remind", "complete"]


# Refusals and repeats


async def test_an_action_in_the_wrong_status_names_the_status(open_loan: OpenLoan) -> None:
    loan = await open_loan()

    refused = await refusal(loan, Action.PAY)

    assert refused.type == "illegal_transition"
    assert refused.details == ({"status": "pending"},)


async def test_too_little_money_is_refused_and_the_loan_can_still_be_paid(
    open_loan: OpenLoan,
) -> None:
    loan = await open_loan(deposit=MONEY)
    await loan.act(Action.ACCEPT)

    refused = await refusal(loan, Action.PAY)

    assert refused.type == "insufficient_funds"
    assert refused.details == ({"missing": f"{FEE}.00"},)
    assert (await loan.stored()).status is TicketStatus.ACCEPTED


async def test_a_request_that_is_refused_closes_its_workflow(open_loan: OpenLoan) -> None:
    with pytest.raises(WorkflowUpdateFailedError) as failed:
        await open_loan(is_listed=False)

    assert isinstance(failed.value.cause, ApplicationError)
    assert failed.value.cause.type == "not_found"


@pytest.mark.unsteady
async def test_parallel_payments_move_the_money_once(open_loan: OpenLoan) -> None:
    loan = await open_loan()
    await loan.act(Action.ACCEPT)

    outcomes = await asyncio.gather(
        *(loan.act(Action.PAY) for _ in range(10)), return_exceptions=True
    )

    assert sum(not isinstance(outcome, BaseException) for outcome in outcomes) == 1
    assert (await loan.wallets())["borrower"] == MONEY - FEE - DEPOSIT


async def test_one_command_repeated_has_one_effect_and_one_answer(open_loan: OpenLoan) -> None:
    loan = await open_loan()

    answers = [await loan.act(Action.ACCEPT, key="click") for _ in range(5)]

    assert len(set(map(repr, answers))) == 1
    assert (await loan.story()).count("accept") == 1


async def test_accepting_one_request_cancels_its_rivals(open_loan: OpenLoan) -> None:
    first = await open_loan()
    rivals = [await open_loan(first.asset) for _ in range(3)]
    apart = await open_loan(first.asset, begins=timedelta(days=20))

    await first.act(Action.ACCEPT)

    assert [await rival.handle.result() for rival in rivals] == ["cancelled"] * 3
    assert (await rivals[0].stored()).cancel_reason is CancelReason.ASSET_TAKEN
    assert (await apart.stored()).status is TicketStatus.PENDING


@pytest.mark.unsteady
async def test_of_fifty_parallel_accepts_for_one_time_exactly_one_wins(
    open_loan: OpenLoan,
) -> None:
    first = await open_loan()
    loans = [first, *[await open_loan(first.asset) for _ in range(49)]]

    outcomes = await asyncio.gather(
        *(loan.act(Action.ACCEPT) for loan in loans), return_exceptions=True
    )

    failures = [o for o in outcomes if isinstance(o, WorkflowUpdateFailedError)]
    assert len(failures) == 49
    causes = {f.cause.type for f in failures if isinstance(f.cause, ApplicationError)}
    assert causes == {"asset_unavailable"}


async def test_running_workflows_say_what_they_wait_for(open_loan: OpenLoan) -> None:
    loan = await open_loan()

    description = await loan.handle.describe()

    assert description.status is WorkflowExecutionStatus.RUNNING
    assert description.typed_search_attributes.search_attributes
