"""The steps of extensions and disputes: twice is once, and a refusal is typed and changes nothing.

What each of them costs is proved in tests/domain; here it is that the database does it, once.
"""

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import text, update
from temporalio.exceptions import ApplicationError
from temporalio.testing import ActivityEnvironment

from activities.contracts.tickets import MoveTicket
from domain.actions import Terms
from domain.dispute import Claim, Division
from domain.extension import ExtensionStatus, Offer
from domain.ticket import Action, Stage, TicketStatus
from models.database import Sessions
from models.user import User, UserRole
from tests import given
from tests.given import DAY, NOW
from tests.lending import CLAIM, FEE, LONGER, SPLIT, WHOLE, Lending, Loan, Money

run = ActivityEnvironment().run
LATE = NOW + timedelta(days=40)
EXTEND, DISPUTE = Action.EXTEND, Action.DISPUTE
# Every step of an extension or a dispute, the stage in which it is taken, and the one it leads to.
STEPS = [
    (Stage.ACTIVE, Action.EXTEND, Stage.OFFERED),
    (Stage.OFFERED, Action.ACCEPT_EXTENSION, Stage.ACTIVE),
    (Stage.OFFERED, Action.DECLINE_EXTENSION, Stage.ACTIVE),
    (Stage.OFFERED, Action.LAPSE_EXTENSION, Stage.ACTIVE),
    (Stage.OFFERED, Action.COMPLETE, Stage.COMPLETED),
    (Stage.OFFERED, Action.DISPUTE, Stage.CLAIMED),
    (Stage.ACTIVE, Action.DISPUTE, Stage.CLAIMED),
    (Stage.CLAIMED, Action.ACCEPT_CLAIM, Stage.COMPLETED),
    (Stage.CLAIMED, Action.CONTEST_CLAIM, Stage.CONTESTED),
    (Stage.CONTESTED, Action.RESOLVE, Stage.COMPLETED),
]
IDS = [f"{action} when {stage}" for stage, action, _ in STEPS]


@pytest.fixture
async def lending(sessions: Sessions) -> Lending:
    return await Lending.among_strangers(sessions)


async def everything(loan: Loan) -> list[Any]:
    """Return all that is stored of a loan."""
    statements = (
        "SELECT * FROM tickets WHERE id = :id",
        "SELECT * FROM ticket_transitions WHERE ticket_id = :id ORDER BY id",
        "SELECT * FROM ledger_entries WHERE ref = :ref ORDER BY seq",
    )
    values = {"id": loan.id, "ref": f"ticket:{loan.id}"}
    async with loan.steps.sessions() as session:
        return [(await session.execute(text(each), values)).all() for each in statements]


async def refused(loan: Loan, command: MoveTicket) -> str | None:
    """Take a step that must be refused for good and change nothing; return the code."""
    before = await everything(loan)
    with pytest.raises(ApplicationError) as refusal:
        await run(loan.steps.move_ticket, command)
    assert refusal.value.non_retryable
    assert await everything(loan) == before
    return refusal.value.type


@pytest.mark.parametrize(("stage", "action", "after"), STEPS, ids=IDS)
async def test_a_step_taken_twice_is_taken_once(
    lending: Lending, stage: Stage, action: Action, after: Stage
) -> None:
    loan = await lending.at(stage)
    step = loan.command(action, at=LATE if action is Action.LAPSE_EXTENSION else NOW)

    first = await run(loan.steps.move_ticket, step)
    done = await everything(loan)
    second = await run(loan.steps.move_ticket, step)

    assert first == second
    assert first.ticket.stage is after
    assert await everything(loan) == done


@pytest.mark.parametrize(("stage", "action", "after"), STEPS, ids=IDS)
async def test_a_step_redone_at_another_time_finds_itself_taken(
    lending: Lending, stage: Stage, action: Action, after: Stage
) -> None:
    """A worker that died after its commit, and one that takes the step over much later."""
    loan = await lending.at(stage)
    step = loan.command(action, at=LATE)

    first = await run(loan.steps.move_ticket, replace(step, terms=_until_after(LATE, step.terms)))
    done = await everything(loan)
    again = await run(loan.steps.move_ticket, replace(step, at=LATE + DAY))

    assert again == first
    assert again.ticket.stage is after
    assert await everything(loan) == done


def _until_after(at: Any, terms: Terms | None) -> Terms | None:
    return Offer(at + DAY) if isinstance(terms, Offer) else terms


async def test_an_old_step_redone_does_not_touch_what_came_after_it(lending: Lending) -> None:
    """Each of them would be legal once more, and a second acceptance would cost once more."""
    loan = await lending.at(Stage.ACTIVE)
    steps = [loan.command(EXTEND), loan.command(Action.ACCEPT_EXTENSION)]
    for step in steps:
        await run(loan.steps.move_ticket, step)
    later = Offer(loan.ticket.ends_at + 4 * DAY)
    newer = (await loan.take(EXTEND, terms=later)).ticket
    done = await everything(loan)

    for step in steps:
        assert (await run(loan.steps.move_ticket, step)).ticket == newer

    assert await everything(loan) == done
    assert newer.extension
    assert (newer.extension.number, newer.extension.status) == (2, ExtensionStatus.OFFERED)
    assert await loan.money() == Money(borrower=-WHOLE - LONGER, escrow=WHOLE + LONGER)


async def test_an_extension_is_paid_when_it_is_taken_up_and_settled_with_the_loan(
    lending: Lending,
) -> None:
    loan = await lending.at(Stage.OFFERED)
    assert (await loan.money()).escrow == WHOLE

    longer = (await loan.take(Action.ACCEPT_EXTENSION)).ticket
    assert (longer.ends_at, longer.total) == (loan.ticket.ends_at + 2 * DAY, WHOLE + LONGER)
    assert (await loan.money()).escrow == WHOLE + LONGER

    await loan.take(Action.COMPLETE)

    commission = (FEE + LONGER) / 20
    assert await loan.money() == Money(
        lender=FEE + LONGER - commission, borrower=-FEE - LONGER, platform=commission
    )


async def test_a_longer_end_within_a_day_that_is_paid_for_costs_nothing(lending: Lending) -> None:
    loan = await lending.at(Stage.ACTIVE)
    half_a_day = loan.ticket.ends_at + DAY / 2
    for end in (half_a_day, half_a_day + DAY / 4):
        await loan.take(EXTEND, terms=Offer(end))
        longer = (await loan.take(Action.ACCEPT_EXTENSION)).ticket

    assert longer.ends_at == half_a_day + DAY / 4
    assert longer.extension
    assert (longer.extension.number, longer.extension.fee) == (2, Decimal(0))
    assert (await loan.money()).escrow == WHOLE + LONGER / 2


async def test_an_extension_that_cannot_be_paid_leaves_the_offer_open(
    lending: Lending, sessions: Sessions
) -> None:
    """The posting, the new end and the new fee are one transaction."""
    borrower = await given.a_user(sessions)
    await given.a_paid_payment(sessions, borrower, WHOLE + LONGER - 1)
    loan = await lending.at(Stage.OFFERED, borrower=borrower)

    assert await refused(loan, loan.command(Action.ACCEPT_EXTENSION)) == "insufficient_funds"
    assert (await loan.now()).stage is Stage.OFFERED


async def test_time_that_another_loan_holds_is_not_offered(lending: Lending) -> None:
    loan = await lending.at(Stage.ACTIVE)
    await accepted_after(lending, loan)

    assert await refused(loan, loan.command(EXTEND)) == "asset_unavailable"


async def test_time_that_was_taken_since_the_offer_is_not_sold_again(lending: Lending) -> None:
    """The money is taken in the same transaction, so it is back with the borrower."""
    loan = await lending.at(Stage.OFFERED)
    await accepted_after(lending, loan)

    assert await refused(loan, loan.command(Action.ACCEPT_EXTENSION)) == "asset_unavailable"


async def test_a_loan_that_becomes_longer_names_whom_it_takes_the_time_from(
    lending: Lending,
) -> None:
    loan = await lending.at(Stage.OFFERED)
    rival, later = await after(lending, loan), await after(lending, loan, days=3)

    moved = await loan.take(Action.ACCEPT_EXTENSION)

    assert moved.rivals == (rival.id,)
    assert (await later.take(Action.ACCEPT)).ticket.status is TicketStatus.ACCEPTED
    assert await refused(rival, rival.command(Action.ACCEPT)) == "asset_unavailable"


async def accepted_after(lending: Lending, loan: Loan) -> None:
    await (await after(lending, loan)).take(Action.ACCEPT)


async def after(lending: Lending, loan: Loan, days: int = 0) -> Loan:
    """Somebody asks for the same asset, for the time right after a loan or some days later."""
    asset = given.an_asset(id=loan.ticket.asset_id, owner_id=loan.ticket.lender_id)
    starts_at = loan.ticket.ends_at + days * DAY
    period = {"starts_at": starts_at, "ends_at": starts_at + DAY}
    return await lending.requested(asset=asset, **period)


REFUSALS: list[tuple[Stage, Action, dict[str, Any], str]] = [
    (Stage.ACTIVE, EXTEND, {"terms": Offer(NOW + 4 * DAY)}, "validation_error"),  # no later
    (Stage.ACTIVE, EXTEND, {"terms": Offer(NOW + 9999 * DAY)}, "validation_error"),
    (Stage.ACTIVE, EXTEND, {"at": LATE}, "validation_error"),  # an end that is past
    (Stage.ACTIVE, EXTEND, {"terms": None}, "validation_error"),
    (Stage.ACTIVE, EXTEND, {"terms": CLAIM}, "validation_error"),
    (Stage.OFFERED, EXTEND, {}, "offer_pending"),
    (Stage.CLAIMED, EXTEND, {}, "illegal_transition"),
    (Stage.ACTIVE, Action.ACCEPT_EXTENSION, {}, "illegal_transition"),
    (Stage.OFFERED, Action.LAPSE_EXTENSION, {}, "illegal_transition"),  # before its time
    (Stage.OFFERED, Action.COMPLETE, {"by": None}, "illegal_transition"),  # likewise
    (Stage.CLAIMED, Action.ACCEPT_CLAIM, {"by": None}, "illegal_transition"),  # likewise
    (Stage.ACTIVE, DISPUTE, {"terms": Claim(Decimal(0), "x")}, "validation_error"),
    (Stage.ACTIVE, DISPUTE, {"terms": Claim(WHOLE + 1, "x")}, "validation_error"),
    (Stage.ACTIVE, DISPUTE, {"terms": None}, "validation_error"),
    (Stage.CLAIMED, DISPUTE, {}, "illegal_transition"),
    (Stage.CLAIMED, Action.COMPLETE, {}, "illegal_transition"),
    (Stage.CLAIMED, Action.RESOLVE, {}, "illegal_transition"),
    (Stage.CONTESTED, Action.ACCEPT_CLAIM, {}, "illegal_transition"),
    (Stage.CONTESTED, Action.RESOLVE, {"terms": None}, "validation_error"),
    (Stage.CONTESTED, Action.RESOLVE, {"terms": Division(WHOLE, Decimal(1))}, "validation_error"),
    (Stage.CONTESTED, Action.RESOLVE, {"terms": Division(-WHOLE, 2 * WHOLE)}, "validation_error"),
    (Stage.CONTESTED, Action.RESOLVE, {"by": None}, "forbidden"),
]


@pytest.mark.parametrize(("stage", "action", "changes", "code"), REFUSALS)
async def test_a_refusal_is_typed_final_and_changes_nothing(
    lending: Lending, stage: Stage, action: Action, changes: dict[str, Any], code: str
) -> None:
    loan = await lending.at(stage)

    assert await refused(loan, loan.command(action, **changes)) == code


@pytest.mark.parametrize("action", [Action.ACCEPT_CLAIM, Action.CONTEST_CLAIM])
async def test_who_made_a_claim_does_not_answer_it(lending: Lending, action: Action) -> None:
    loan = await lending.at(Stage.CLAIMED)

    assert await refused(loan, loan.command(action, by=lending.lender)) == "forbidden"


@pytest.mark.parametrize("opener", ["lender", "borrower"])
async def test_silence_gives_the_opener_what_was_claimed(lending: Lending, opener: str) -> None:
    loan = await lending.at(Stage.ACTIVE)
    opened = (await loan.take(DISPUTE, by=getattr(lending, opener))).ticket
    assert opened.deadline_at == NOW + timedelta(hours=72)

    await loan.take(Action.ACCEPT_CLAIM, by=None, at=opened.deadline_at)

    to_lender = CLAIM.claim if opener == "lender" else WHOLE - CLAIM.claim
    assert await loan.money() == Money(lender=to_lender, borrower=-to_lender)


async def test_an_operators_split_is_paid_to_the_rial_without_commission(lending: Lending) -> None:
    loan = await lending.at(Stage.CONTESTED)

    await loan.take(Action.RESOLVE)

    assert await loan.money() == Money(lender=SPLIT.to_lender, borrower=-SPLIT.to_lender)


OPERATORS = (UserRole.OPERATOR, UserRole.ADMIN)


@pytest.mark.parametrize("role", UserRole)
@pytest.mark.parametrize("is_active", [True, False])
async def test_only_an_active_operator_resolves(
    lending: Lending, sessions: Sessions, role: UserRole, *, is_active: bool
) -> None:
    somebody = await given.a_user(sessions, role=role, is_active=is_active)
    loan = await lending.at(Stage.CONTESTED)
    resolve = loan.command(Action.RESOLVE, by=somebody)

    if role in OPERATORS and is_active:
        assert (await run(loan.steps.move_ticket, resolve)).ticket.is_closed
    else:
        assert await refused(loan, resolve) == "forbidden"


async def test_an_operator_who_is_a_party_does_not_resolve(
    lending: Lending, sessions: Sessions
) -> None:
    loan = await lending.at(Stage.CONTESTED)
    await promote(sessions, lending.lender)

    assert await refused(loan, loan.command(Action.RESOLVE, by=lending.lender)) == "forbidden"


async def test_an_operator_who_is_dismissed_after_the_split_has_still_made_it(
    lending: Lending, sessions: Sessions
) -> None:
    """The repeat of a step that was committed asks nobody for permission."""
    loan = await lending.at(Stage.CONTESTED)
    resolve = loan.command(Action.RESOLVE)
    done = await run(loan.steps.move_ticket, resolve)
    async with sessions.begin() as session:
        fired = update(User).where(User.id == lending.operator).values(is_active=False)
        await session.execute(fired)

    assert await run(loan.steps.move_ticket, resolve) == done


async def promote(sessions: Sessions, user_id: UUID) -> None:
    async with sessions.begin() as session:
        promotion = update(User).where(User.id == user_id).values(role=UserRole.OPERATOR)
        await session.execute(promotion)
