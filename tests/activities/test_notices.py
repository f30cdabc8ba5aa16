"""Each step leaves exactly its messages, a repeat none more, and one that is undone none at all."""

import asyncio
import random
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import event
from sqlalchemy.ext.asyncio import AsyncEngine
from temporalio.exceptions import ApplicationError
from temporalio.testing import ActivityEnvironment

from domain.asset import Handover
from domain.messages.notice import Channel, MessageStatus, Notice, NoticeKind
from domain.ticket import Action, Stage
from models.base import new_id
from models.database import Sessions
from models.personal import PersonalData
from models.preference import PreferenceRow
from models.queries import notices
from tests import given
from tests.conftest import KEYS
from tests.given import NOW
from tests.lending import Lending
from tests.messages import forget, kinds, told

run = ActivityEnvironment().run
K, EMAIL, SMS, WHATSAPP = NoticeKind, Channel.EMAIL, Channel.SMS, Channel.WHATSAPP
LATE = NOW + timedelta(days=40)
PERSONAL = PersonalData.under(KEYS, b"an index key of enough characters")
# The stage in which a step is taken, and what it leaves: to the borrower, then to the lender.
STEPS: list[tuple[Stage, Action, list[NoticeKind], list[NoticeKind]]] = [
    (Stage.PENDING, Action.ACCEPT, [K.TICKET_ACCEPTED], []),
    (Stage.PENDING, Action.DECLINE, [K.TICKET_DECLINED], []),
    (Stage.PENDING, Action.CANCEL, [], [K.TICKET_CANCELLED]),
    (Stage.PENDING, Action.EXPIRE, [K.TICKET_CANCELLED], [K.TICKET_CANCELLED]),
    (Stage.PENDING, Action.YIELD_ASSET, [K.TICKET_CANCELLED], []),
    (Stage.ACCEPTED, Action.PAY, [], [K.TICKET_PAID]),
    (Stage.ESCROW, Action.HANDOVER, [], [K.TICKET_HANDED_OVER]),
    (Stage.ESCROW, Action.CANCEL, [K.TICKET_CANCELLED], [K.TICKET_CANCELLED]),
    (Stage.ACTIVE, Action.REMIND, [K.TICKET_ENDING], []),
    (Stage.ACTIVE, Action.COMPLETE, [K.TICKET_ENDED], [K.TICKET_ENDED]),
    (Stage.ACTIVE, Action.EXTEND, [], [K.EXTENSION_ASKED]),
    (Stage.OFFERED, Action.ACCEPT_EXTENSION, [K.EXTENSION_ANSWERED], []),
    (Stage.OFFERED, Action.DECLINE_EXTENSION, [K.EXTENSION_ANSWERED], []),
    (Stage.OFFERED, Action.LAPSE_EXTENSION, [K.EXTENSION_ANSWERED], []),
    (Stage.ACTIVE, Action.DISPUTE, [K.DISPUTE_OPENED], []),
    (Stage.CLAIMED, Action.ACCEPT_CLAIM, [K.TICKET_ENDED], [K.DISPUTE_ANSWERED]),
    (Stage.CLAIMED, Action.CONTEST_CLAIM, [], [K.DISPUTE_ANSWERED]),
    (Stage.CONTESTED, Action.RESOLVE, [K.DISPUTE_RESOLVED], [K.DISPUTE_RESOLVED]),
]
BY_TIME = {Action.EXPIRE, Action.LAPSE_EXTENSION}


@pytest.fixture
async def lending(sessions: Sessions) -> Lending:
    return await Lending.among_strangers(sessions)


@pytest.mark.parametrize(("stage", "action", "borrower", "lender"), STEPS)
async def test_a_step_of_a_loan_taken_twice_tells_once(
    lending: Lending,
    sessions: Sessions,
    stage: Stage,
    action: Action,
    borrower: list[NoticeKind],
    lender: list[NoticeKind],
) -> None:
    loan = await lending.at(stage)
    await forget(sessions, loan)
    step = loan.command(action, at=LATE if action in BY_TIME else NOW)

    for _ in range(2):
        await run(loan.steps.move_ticket, step)

    assert await kinds(sessions, lending.borrower) == borrower
    assert await kinds(sessions, lending.lender) == lender
    assert await kinds(sessions, lending.operator) == []
    for message in await told(sessions, lending.borrower) + await told(sessions, lending.lender):
        assert (message.status, message.ticket_id) == (MessageStatus.QUEUED, loan.id)
        assert message.channel is EMAIL
        assert message.facts["title"] == "Camera"


async def test_a_request_made_twice_is_told_once(lending: Lending, sessions: Sessions) -> None:
    asset = await given.a_stored_asset(sessions, owner_id=lending.lender)
    wish = given.a_wish(asset, lending.borrower)

    await asyncio.gather(*(run(lending.steps.open_ticket, wish) for _ in range(4)))

    [message] = await told(sessions, lending.lender)
    assert (message.kind, message.facts["fee"]) == (K.TICKET_REQUESTED, "300000")
    assert K.TICKET_REQUESTED not in await kinds(sessions, lending.borrower)


async def test_a_step_that_is_refused_tells_nobody(lending: Lending, sessions: Sessions) -> None:
    poor = await given.a_user(sessions)
    loan = await lending.at(Stage.ACCEPTED, borrower=poor)
    before = await kinds(sessions, lending.lender)

    with pytest.raises(ApplicationError) as refused:
        await run(loan.steps.move_ticket, loan.command(Action.PAY))

    assert refused.value.type == "insufficient_funds"
    assert await kinds(sessions, lending.lender) == before


async def test_of_two_who_take_the_same_time_only_the_first_is_told_of_it(
    lending: Lending, sessions: Sessions
) -> None:
    """The second acceptance is undone by the calendar, with its message."""
    first = await lending.requested()
    asset = given.an_asset(id=first.ticket.asset_id, owner_id=lending.lender)
    other = await given.a_user(sessions)
    second = await lending.requested(asset=asset, borrower=other)
    await first.take(Action.ACCEPT)

    with pytest.raises(ApplicationError):
        await second.take(Action.ACCEPT)

    assert K.TICKET_ACCEPTED in await kinds(sessions, lending.borrower)
    assert await kinds(sessions, other) == []


# By which channels.


async def somebody(sessions: Sessions, *, is_verified: bool) -> UUID:
    """Somebody with a phone, which is theirs or not."""
    user_id = new_id()
    phone = f"+989{random.randrange(10**9):09}"
    sealed = PERSONAL.sealed_phone(user_id, phone)
    return await given.a_user(sessions, id=user_id, phone_verified=is_verified, **sealed)


async def choose(sessions: Sessions, user_id: UUID, kind: NoticeKind, **wanted: bool) -> None:
    async with sessions.begin() as session:
        session.add_all(
            PreferenceRow(user_id=user_id, kind=kind, channel=Channel(name), is_wanted=choice)
            for name, choice in wanted.items()
        )


async def channels_of(sessions: Sessions, kind: NoticeKind, user_id: UUID) -> set[Channel]:
    """Tell somebody of something, and return the channels that it takes."""
    async with sessions.begin() as session:
        await notices.tell(session, [Notice(kind, user_id)])
    found = [message.channel for message in await told(sessions, user_id)]
    assert len(found) == len(set(found))
    return set(found)


@pytest.mark.parametrize(
    ("kind", "is_verified", "wanted", "channels"),
    [
        (K.TICKET_ACCEPTED, False, {}, {EMAIL}),
        (K.TICKET_ACCEPTED, True, {}, {EMAIL, SMS}),
        (K.TICKET_DECLINED, True, {}, {EMAIL}),  # nobody waits for the reader
        (K.TICKET_ACCEPTED, True, {"sms": False}, {EMAIL}),
        (K.TICKET_ACCEPTED, True, {"email": False}, {SMS}),
        (K.TICKET_ACCEPTED, True, {"email": False, "sms": False}, set()),
        (K.TICKET_DECLINED, True, {"sms": True, "whatsapp": True}, {EMAIL, SMS, WHATSAPP}),
        (K.TICKET_DECLINED, False, {"sms": True, "whatsapp": True}, {EMAIL}),
        (K.WITHDRAWAL_ASKED, True, {"email": False, "sms": True}, {EMAIL}),
    ],
)
async def test_a_reader_gets_what_they_chose_by_what_reaches_them(
    sessions: Sessions,
    kind: NoticeKind,
    is_verified: bool,
    wanted: dict[str, bool],
    channels: set[Channel],
) -> None:
    user = await somebody(sessions, is_verified=is_verified)
    await choose(sessions, user, kind, **wanted)
    # Neither another kind's choice nor somebody else's counts.
    await choose(sessions, user, K.TICKET_ENDED, email=False, sms=True)
    await choose(sessions, await given.a_user(sessions), kind, email=False, whatsapp=True)

    assert await channels_of(sessions, kind, user) == channels


async def test_who_was_closed_out_is_told_nothing(sessions: Sessions) -> None:
    user = await given.a_user(sessions, is_active=False)

    assert await channels_of(sessions, K.TICKET_ACCEPTED, user) == set()


# What it costs.


@asynccontextmanager
async def statements(engine: AsyncEngine) -> AsyncIterator[list[str]]:
    """Note what is sent to the database in the block."""
    sent: list[str] = []

    def note(_connection: Any, _cursor: Any, statement: str, *_: Any) -> None:
        sent.append(statement)

    event.listen(engine.sync_engine, "before_cursor_execute", note)
    try:
        yield sent
    finally:
        event.remove(engine.sync_engine, "before_cursor_execute", note)


async def test_telling_costs_one_statement_however_many_are_told(
    lending: Lending, engine: AsyncEngine
) -> None:
    loan = await lending.at(Stage.ACCEPTED, handover=Handover.INSTANT)

    async with statements(engine) as paying:
        await loan.take(Action.PAY)
    async with statements(engine) as ending:
        await loan.take(Action.COMPLETE)

    for sent in (paying, ending):
        assert [one.startswith("INSERT INTO messages") for one in sent].count(True) == 1
        assert len(sent) == 4  # lock, post, save, tell


async def test_having_nothing_to_tell_costs_nothing(
    sessions: Sessions, engine: AsyncEngine
) -> None:
    async with statements(engine) as sent, sessions.begin() as session:
        await notices.tell(session, ())

    assert sent == []
