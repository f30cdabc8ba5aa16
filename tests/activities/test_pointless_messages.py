"""What became pointless while it waited is not sent."""

import pytest
from sqlalchemy import update
from temporalio.testing import ActivityEnvironment

from activities.contracts.payments import MarkPayment
from activities.message_drafts import Pointless, drafted, known_of
from activities.payments import PostgresPaymentSteps
from domain.payment import PaymentStatus
from domain.ticket import Action, Stage
from models.database import Sessions
from models.message import MessageRow
from models.personal import PersonalData
from models.queries import messages
from models.user import User
from tests import given
from tests.conftest import KEYS
from tests.lending import Lending
from tests.messages import told
from tests.topups import opened, settle, steps_of

run = ActivityEnvironment().run
PERSONAL = PersonalData.under(KEYS, b"an index key of enough characters")


@pytest.fixture
async def lending(sessions: Sessions) -> Lending:
    return await Lending.among_strangers(sessions)


@pytest.fixture
def topups(sessions: Sessions) -> PostgresPaymentSteps:
    return steps_of(sessions)


async def why_not(sessions: Sessions, message: MessageRow) -> str | None:
    """Return why a message is not sent, None if it is."""
    async with sessions.begin() as session:
        try:
            due = await messages.begin(session, message.id)
            assert due
            drafted(due, await known_of(session, [due.row]), PERSONAL)
        except Pointless as why:
            return str(why)
    return None


@pytest.mark.parametrize(
    ("stage", "reader", "moved_on"),
    [
        (Stage.PENDING, "lender", Action.CANCEL),
        (Stage.ACCEPTED, "borrower", Action.CANCEL),
        (Stage.OFFERED, "lender", Action.COMPLETE),
        (Stage.CLAIMED, "borrower", Action.CONTEST_CLAIM),
    ],
)
async def test_a_message_about_a_loan_that_moved_on_is_not_sent(
    lending: Lending, sessions: Sessions, stage: Stage, reader: str, moved_on: Action
) -> None:
    loan = await lending.at(stage)
    message = (await told(sessions, getattr(lending, reader)))[-1]
    assert await why_not(sessions, message) is None

    await loan.take(moved_on)

    assert await why_not(sessions, message) == "the loan has moved on"


async def test_a_reminder_of_an_end_that_is_later_now_is_not_sent(
    lending: Lending, sessions: Sessions
) -> None:
    loan = await lending.at(Stage.ACTIVE)
    await loan.take(Action.REMIND)
    reminder = (await told(sessions, lending.borrower))[-1]
    await loan.take(Action.EXTEND)
    assert await why_not(sessions, reminder) is None

    await loan.take(Action.ACCEPT_EXTENSION)

    assert await why_not(sessions, reminder) == "the loan has moved on"


async def test_that_a_payment_did_not_come_is_not_told_when_it_came(
    topups: PostgresPaymentSteps, sessions: Sessions
) -> None:
    user = await given.a_user(sessions)
    payment_id = await opened(topups, user)
    await run(topups.mark_payment, MarkPayment(payment_id, PaymentStatus.EXPIRED))
    [message] = await told(sessions, user)
    assert await why_not(sessions, message) is None

    await settle(topups, payment_id)

    assert await why_not(sessions, message) == "the payment has arrived since"


async def test_who_was_closed_out_meanwhile_gets_nothing(
    lending: Lending, sessions: Sessions
) -> None:
    await lending.at(Stage.PENDING)
    [message] = await told(sessions, lending.lender)

    async with sessions.begin() as session:
        closing = update(User).where(User.id == lending.lender).values(is_active=False)
        await session.execute(closing)

    assert await why_not(sessions, message) == "there is nobody to tell"
