"""A transfer is posted once or refused; limits and floors hold in a crowd."""

import asyncio
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from uuid import UUID, uuid4

import pytest
from sqlalchemy import select, update
from temporalio.exceptions import ApplicationError
from temporalio.testing import ActivityEnvironment

from activities.transfers import PostgresTransferSteps
from domain.ledger import AccountKind
from domain.transfer import NewTransfer, Transfer, TransferLimits
from models.base import new_id
from models.database import Sessions
from models.ledger import LedgerEntry
from models.queries import ledger, transfers
from models.user import User
from tests import given
from tests.given import NOW

MONEY = Decimal(1_000_000)
LIMITS = TransferLimits(at_once=Decimal(400_000), daily=Decimal(700_000))


@pytest.fixture
def steps(sessions: Sessions) -> PostgresTransferSteps:
    return PostgresTransferSteps(sessions, LIMITS)


@pytest.fixture
async def new(sessions: Sessions) -> NewTransfer:
    """A transfer between two users, of whom one has money."""
    sender, receiver = await given.a_user(sessions), await given.a_user(sessions)
    await given.money_in_wallet(sessions, sender, MONEY)
    return NewTransfer(new_id(), sender, receiver, Decimal(100_000), "Rent", NOW)


async def send(steps: PostgresTransferSteps, new: NewTransfer) -> Transfer:
    return await ActivityEnvironment().run(steps.transfer, new)


async def refused(steps: PostgresTransferSteps, new: NewTransfer) -> ApplicationError:
    with pytest.raises(ApplicationError) as refusal:
        await send(steps, new)
    assert refusal.value.non_retryable
    return refusal.value


async def balance(sessions: Sessions, user_id: UUID) -> Decimal:
    async with sessions() as session:
        return await ledger.balance(session, AccountKind.USER_WALLET, user_id)


async def set_active(sessions: Sessions, user_id: UUID, *, active: bool) -> None:
    async with sessions.begin() as session:
        await session.execute(update(User).where(User.id == user_id).values(is_active=active))


async def test_a_transfer_twice_is_once(
    steps: PostgresTransferSteps, new: NewTransfer, sessions: Sessions
) -> None:
    first, second = [await send(steps, new) for _ in range(2)]

    assert first == second
    assert (first.amount, first.balance) == (Decimal(100_000), Decimal(900_000))
    assert (first.sender_id, first.receiver_id) == (new.sender_id, new.receiver_id)
    assert await balance(sessions, new.sender_id) == Decimal(900_000)
    assert await balance(sessions, new.receiver_id) == Decimal(100_000)
    async with sessions() as session:
        of_it = LedgerEntry.transaction_id == first.transaction_id
        entries = (await session.scalars(select(LedgerEntry).where(of_it))).all()
    assert {entry.description for entry in entries} == {"Rent"}
    assert [entry.created_at for entry in entries] == [first.created_at] * 2


async def test_ten_tries_of_one_transfer_at_once_are_one(
    steps: PostgresTransferSteps, new: NewTransfer, sessions: Sessions
) -> None:
    answers = await asyncio.gather(*(send(steps, new) for _ in range(10)))

    assert len(set(answers)) == 1
    assert await balance(sessions, new.sender_id) == Decimal(900_000)


async def test_a_repeat_is_not_refused_by_what_changed_since(
    steps: PostgresTransferSteps, new: NewTransfer, sessions: Sessions
) -> None:
    first = await send(steps, new)
    others = [replace(new, transfer_id=new_id(), amount=Decimal(300_000)) for _ in range(2)]
    for other in others:
        await send(steps, other)
    await set_active(sessions, new.receiver_id, active=False)

    again = await send(steps, new)

    assert again == first
    none = replace(steps, limits=TransferLimits(Decimal(1), Decimal(1)))
    assert await send(none, new) == first


async def test_nobody_sends_to_themselves_or_to_nobody(
    steps: PostgresTransferSteps, new: NewTransfer, sessions: Sessions
) -> None:
    await set_active(sessions, new.receiver_id, active=False)

    oneself = await refused(steps, replace(new, receiver_id=new.sender_id))
    inactive = await refused(steps, new)
    unknown = await refused(steps, replace(new, receiver_id=uuid4()))

    assert (oneself.type, oneself.details[0]["pointer"]) == ("validation_error", "/to")
    assert inactive.type == unknown.type == "not_found"
    assert inactive.message == unknown.message
    assert await balance(sessions, new.sender_id) == MONEY


async def test_too_little_money_is_refused_and_moves_nothing(
    steps: PostgresTransferSteps, new: NewTransfer, sessions: Sessions
) -> None:
    poor = replace(new, sender_id=new.receiver_id, receiver_id=new.sender_id)

    refusal = await refused(steps, poor)

    assert refusal.type == "insufficient_funds"
    assert refusal.details[0] == {"missing": "100000.00"}
    assert await balance(sessions, new.sender_id) == MONEY


async def test_more_than_the_limit_is_refused_and_says_what_is_left(
    steps: PostgresTransferSteps, new: NewTransfer
) -> None:
    at_once = await refused(steps, replace(new, amount=Decimal("400000.01")))
    for amount in (400_000, 250_000):
        await send(steps, replace(new, transfer_id=new_id(), amount=Decimal(amount)))
    daily = await refused(steps, new)
    await send(steps, replace(new, transfer_id=new_id(), amount=Decimal(50_000)))
    nothing = await refused(steps, replace(new, amount=Decimal("0.01")))

    lefts = [refusal.details[0] for refusal in (at_once, daily, nothing)]
    assert lefts == [
        {"pointer": "/amount", "left": left} for left in ("400000.00", "50000.00", "0.00")
    ]
    assert "50,000" in daily.message


async def test_what_one_receives_does_not_count_and_neither_does_what_is_older(
    steps: PostgresTransferSteps, new: NewTransfer, sessions: Sessions
) -> None:
    await send(steps, new)

    async def sent_lately() -> Decimal:
        async with sessions() as session:
            return await transfers.sent_within(session, new.sender_id, timedelta(seconds=0.1))

    async def is_over() -> bool:
        return await sent_lately() == 0

    await given.eventually(is_over)
    async with sessions() as session:
        day = timedelta(hours=24)
        assert await transfers.sent_within(session, new.sender_id, day) == Decimal(100_000)
        assert await transfers.sent_within(session, new.receiver_id, day) == 0


async def test_of_many_at_once_exactly_as_many_pass_as_fit_the_day(
    steps: PostgresTransferSteps, new: NewTransfer, sessions: Sessions
) -> None:
    many = [replace(new, transfer_id=new_id()) for _ in range(20)]

    outcomes = await asyncio.gather(*(send(steps, one) for one in many), return_exceptions=True)

    refusals = [outcome for outcome in outcomes if isinstance(outcome, ApplicationError)]
    assert len(outcomes) - len(refusals) == 7
    assert {refusal.type for refusal in refusals} == {"validation_error"}
    assert await balance(sessions, new.receiver_id) == Decimal(700_000)


async def test_fifty_transfers_that_cross_do_not_lock_each_other_out(
    steps: PostgresTransferSteps, new: NewTransfer, sessions: Sessions
) -> None:
    await given.money_in_wallet(sessions, new.receiver_id, MONEY)
    there = replace(new, amount=Decimal(1000))
    back = replace(there, sender_id=new.receiver_id, receiver_id=new.sender_id)
    crossing = [replace(one, transfer_id=new_id()) for _ in range(25) for one in (there, back)]

    posted = await asyncio.gather(*(send(steps, one) for one in crossing))

    assert len({one.transaction_id for one in posted}) == 50
    assert await balance(sessions, new.sender_id) == MONEY
    assert await balance(sessions, new.receiver_id) == MONEY
