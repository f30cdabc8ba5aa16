"""A loan that ends in a dispute: claims, answers, silence, an operator. With skipped time."""

from datetime import timedelta
from decimal import Decimal
from uuid import UUID

import pytest
from temporalio.client import WorkflowUpdateFailedError
from temporalio.exceptions import ApplicationError

from domain.dispute import Claim, DisputeStatus, Division
from domain.extension import ExtensionStatus, Offer
from domain.ticket import Action, Stage
from models.user import UserRole
from tests import given
from tests.workflows.conftest import MONEY, Loan, OpenLoan
from workflows import attributes

FEE, DEPOSIT = Decimal(300_000), Decimal(500_000)
CLAIM = Claim(Decimal("420000.55"), "The lens is scratched.")
HOUR = timedelta(hours=1)


async def a_disputed_loan(open_loan: OpenLoan) -> Loan:
    loan = await open_loan()
    await loan.act(Action.ACCEPT)
    await loan.act(Action.PAY)
    await loan.act(Action.DISPUTE, terms=CLAIM)
    return loan


async def needs_attention(loan: Loan) -> bool | None:
    described = await loan.handle.describe()
    return described.typed_search_attributes.get(attributes.NEEDS_ATTENTION)


async def test_a_claim_freezes_the_return_and_silence_accepts_it_after_72_hours(
    open_loan: OpenLoan,
) -> None:
    loan = await open_loan(days=1)
    await loan.act(Action.ACCEPT)
    paid = await loan.act(Action.PAY)
    # Claimed shortly before the return would be taken for granted.
    assert paid.deadline_at
    await loan.skip(paid.deadline_at - paid.updated_at - HOUR)
    claimed = await loan.act(Action.DISPUTE, terms=CLAIM)

    await loan.skip(71 * HOUR)
    frozen = await loan.stored()
    await loan.skip(2 * HOUR)

    assert claimed.deadline_at == claimed.updated_at + 72 * HOUR
    assert frozen.stage is Stage.CLAIMED
    assert await loan.handle.result() == "completed"
    dispute = (await loan.stored()).dispute
    assert dispute
    assert dispute.status is DisputeStatus.ACCEPTED
    assert (await loan.wallets())["lender"] == CLAIM.claim


async def test_an_accepted_claim_is_paid_to_the_rial(open_loan: OpenLoan) -> None:
    loan = await a_disputed_loan(open_loan)

    ticket = await loan.act(Action.ACCEPT_CLAIM)

    rest = FEE - DEPOSIT + 2 * DEPOSIT - CLAIM.claim
    assert ticket.dispute
    assert (ticket.dispute.to_lender, ticket.dispute.to_borrower) == (CLAIM.claim, rest)
    assert await loan.wallets() == {
        "borrower": MONEY - CLAIM.claim,
        "lender": CLAIM.claim,
        "escrow": 0,
    }
    assert await loan.handle.result() == "completed"


async def test_a_claim_of_the_borrower_is_answered_by_the_lender(open_loan: OpenLoan) -> None:
    loan = await open_loan()
    await loan.act(Action.ACCEPT)
    await loan.act(Action.PAY)
    await loan.act(Action.DISPUTE, by=loan.request.borrower_id, terms=CLAIM)

    assert await refused(loan, Action.ACCEPT_CLAIM) == "forbidden"  # it is the borrower's own
    await loan.act(Action.ACCEPT_CLAIM, by=loan.asset.owner_id)

    assert (await loan.wallets())["lender"] == FEE + DEPOSIT - CLAIM.claim


async def test_a_contested_claim_waits_for_an_operator_however_long_that_takes(
    open_loan: OpenLoan,
) -> None:
    loan = await a_disputed_loan(open_loan)
    operator = await given.a_user(loan.sessions, role=UserRole.OPERATOR)
    split = Division(Decimal("100000.01"), FEE + DEPOSIT - Decimal("100000.01"))

    contested = await loan.act(Action.CONTEST_CLAIM)
    await loan.skip(timedelta(days=30))
    waited = await loan.stored()
    found = await needs_attention(loan)
    resolved = await loan.act(Action.RESOLVE, by=operator, terms=split)

    assert (contested.stage, contested.deadline_at) == (Stage.CONTESTED, None)
    assert (waited.stage, found) == (Stage.CONTESTED, True)
    assert resolved.dispute
    assert resolved.dispute.status is DisputeStatus.RESOLVED
    assert (await loan.wallets())["lender"] == split.to_lender
    assert await loan.handle.result() == "completed"
    assert await needs_attention(loan) is False
    assert (await loan.story())[-3:] == ["dispute", "contest_claim", "resolve"]


async def test_only_an_operator_who_is_no_party_resolves_and_only_the_whole_escrow(
    open_loan: OpenLoan,
) -> None:
    loan = await a_disputed_loan(open_loan)
    await loan.act(Action.CONTEST_CLAIM)
    operator = await given.a_user(loan.sessions, role=UserRole.OPERATOR)
    left = await given.a_user(loan.sessions, role=UserRole.OPERATOR, is_active=False)
    user = await given.a_user(loan.sessions)
    whole = Division(FEE, DEPOSIT)

    for somebody in (user, left, loan.asset.owner_id, loan.request.borrower_id):
        assert await refused(loan, Action.RESOLVE, somebody, whole) == "forbidden"
    too_little = Division(FEE, DEPOSIT - 1)
    assert await refused(loan, Action.RESOLVE, operator, too_little) == "validation_error"
    assert await refused(loan, Action.RESOLVE, operator) == "validation_error"

    assert (await loan.stored()).stage is Stage.CONTESTED
    assert (await loan.wallets())["escrow"] == FEE + DEPOSIT


async def refused(
    loan: Loan, action: Action, by: UUID | None = None, terms: Division | Claim | None = None
) -> str | None:
    with pytest.raises(WorkflowUpdateFailedError) as failed:
        await loan.act(action, by=by, terms=terms)
    assert isinstance(failed.value.cause, ApplicationError)
    return failed.value.cause.type


async def test_a_dispute_closes_what_was_on_offer_and_stops_the_reminder(
    open_loan: OpenLoan,
) -> None:
    loan = await open_loan()
    await loan.act(Action.ACCEPT)
    ticket = await loan.act(Action.PAY)
    await loan.act(Action.EXTEND, terms=Offer(ticket.ends_at + given.DAY))

    disputed = await loan.act(Action.DISPUTE, terms=CLAIM)
    await loan.run_out()

    assert disputed.extension
    assert disputed.extension.status is ExtensionStatus.LAPSED
    assert (await loan.story())[-3:] == ["extend", "dispute", "accept_claim"]


@pytest.mark.parametrize("claim", [Decimal(0), FEE + DEPOSIT + Decimal("0.01")])
async def test_a_claim_is_a_part_of_the_escrow(open_loan: OpenLoan, claim: Decimal) -> None:
    loan = await open_loan()
    await loan.act(Action.ACCEPT)
    await loan.act(Action.PAY)

    assert await refused(loan, Action.DISPUTE, terms=Claim(claim, "No.")) == "validation_error"
    assert await refused(loan, Action.DISPUTE) == "validation_error"
    assert (await loan.stored()).dispute is None
