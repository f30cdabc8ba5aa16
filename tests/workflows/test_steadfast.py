"""A request to cancel, one click in the Temporal UI, ends nothing that money hangs on."""

from temporalio.client import WorkflowExecutionStatus

from domain.ticket import Action, CancelReason
from tests import given
from tests.workflows.conftest import OpenLoan


async def test_a_loan_outlives_requests_to_cancel_it(open_loan: OpenLoan) -> None:
    loan = await open_loan()

    for action in (Action.ACCEPT, Action.PAY, Action.COMPLETE):
        await loan.handle.cancel()
        await loan.act(action)

    assert await loan.handle.result() == "completed"
    assert (await loan.handle.describe()).status is WorkflowExecutionStatus.COMPLETED
    assert (await loan.wallets())["escrow"] == 0


async def test_its_deadlines_outlive_them_too(open_loan: OpenLoan) -> None:
    loan = await open_loan(begins=10 * given.DAY)

    await loan.handle.cancel()

    assert await loan.run_out() == "cancelled"
    assert (await loan.stored()).cancel_reason is CancelReason.EXPIRED
