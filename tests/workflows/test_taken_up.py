"""A loan whose workflow was gone and is begun again from its row."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

from temporalio.client import Client, WorkflowHandle

from domain.dispute import Division
from domain.ticket import Action, Stage
from engine.resuming import resume
from models.unfinished import Unfinished
from models.user import UserRole
from tests import given
from tests.workflows.conftest import QUEUE, Loan, OpenLoan
from tests.workflows.test_dispute import CLAIM, DEPOSIT, FEE, needs_attention

Seen = list[WorkflowHandle[Any, Any]]


async def taken_up(loan: Loan, client: Client, seen: Seen) -> Loan:
    name = loan.handle.id
    await client.get_workflow_handle(name).terminate("lost")
    async with loan.sessions() as session:
        await resume(client, QUEUE, Unfinished(session), frozenset({name}))
    seen[0] = client.get_workflow_handle(name)
    return replace(loan, handle=seen[0])


async def test_a_contested_loan_that_is_taken_up_waits_for_an_operator_again(
    open_loan: OpenLoan, client: Client, seen: Seen
) -> None:
    loan = await open_loan()
    for action, terms in ((Action.ACCEPT, None), (Action.PAY, None), (Action.DISPUTE, CLAIM)):
        await loan.act(action, terms=terms)
    await loan.act(Action.CONTEST_CLAIM)
    operator = await given.a_user(loan.sessions, role=UserRole.OPERATOR)

    again = await taken_up(loan, client, seen)
    await again.skip(timedelta(days=30))
    waited, found = await again.stored(), await needs_attention(again)
    split = Division(FEE, DEPOSIT)
    await again.act(Action.RESOLVE, by=operator, terms=split)

    assert (waited.stage, found) == (Stage.CONTESTED, True)
    assert await again.handle.result() == "completed"
    assert await needs_attention(again) is False


async def test_a_loan_that_is_taken_up_ends_by_itself_when_its_row_says(
    open_loan: OpenLoan, client: Client, seen: Seen
) -> None:
    loan = await open_loan(days=1)
    await loan.act(Action.ACCEPT)
    paid = await loan.act(Action.PAY)

    again = await taken_up(loan, client, seen)

    assert await again.run_out() == "completed"
    assert paid.deadline_at
    late = await again.when(Action.COMPLETE) - paid.deadline_at
    assert timedelta(0) <= late < timedelta(seconds=5)
