"""Taking back what was posted: by two, once, and with the money or not at all."""

import asyncio
from dataclasses import dataclass, replace
from datetime import timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID, uuid4

import pytest
from sqlalchemy import select
from temporalio.exceptions import ApplicationError
from temporalio.testing import ActivityEnvironment

from activities.card_reversals import PostgresCardReversalSteps
from activities.contracts.card_reversals import AskCardReversal
from activities.reversals import PostgresReversalSteps
from domain import ids, ledger
from domain.ledger import AccountKind, Posting
from domain.payment import Payment, PaymentStatus
from domain.reversal import NewReversal, Reversal, ReversalDecision, ReversalStatus
from models.base import new_id
from models.database import Sessions
from models.ledger import LedgerTransaction
from models.queries import ledger as ledger_queries
from models.queries import payments, reversals, transactions
from models.user import UserRole
from tests import given
from tests.given import NOW

AMOUNT = Decimal(250_000)
WEEK = timedelta(days=7)


@dataclass
class Desk:
    """Two operators, and the steps that they cause."""

    steps: PostgresReversalSteps
    asker: UUID
    other: UUID

    async def ask(self, transaction_id: UUID, reversal_id: UUID | None = None) -> Reversal:
        new = NewReversal(reversal_id or new_id(), transaction_id, "twice", self.asker, NOW)
        return await ActivityEnvironment().run(self.steps.ask_reversal, new)

    async def decide(self, wish: Reversal, *, approved: bool = True, **changes: Any) -> Reversal:
        decision = ReversalDecision(wish.id, self.other, approved, "seen", NOW)
        run = ActivityEnvironment().run
        return await run(self.steps.decide_reversal, replace(decision, **changes))


@pytest.fixture
async def desk(sessions: Sessions) -> Desk:
    asker, other = [await given.a_user(sessions, role=UserRole.OPERATOR) for _ in range(2)]
    return Desk(PostgresReversalSteps(sessions, WEEK), asker, other)


@dataclass
class Transfer:
    id: UUID
    sender: UUID
    receiver: UUID


@pytest.fixture
async def transfer(sessions: Sessions) -> Transfer:
    sender, receiver = [await given.a_user(sessions) for _ in range(2)]
    await given.money_in_wallet(sessions, sender, AMOUNT)
    posting = ledger.transfer(uuid4(), sender, receiver, AMOUNT, "lunch")
    return Transfer(await given.a_posting(sessions, posting), sender, receiver)


async def balance(sessions: Sessions, user_id: UUID) -> Decimal:
    async with sessions() as session:
        return await ledger_queries.balance(session, AccountKind.USER_WALLET, user_id)


async def reversals_of(sessions: Sessions, transaction_id: UUID) -> list[LedgerTransaction]:
    statement = select(LedgerTransaction).where(LedgerTransaction.reverses == transaction_id)
    async with sessions() as session:
        return list(await session.scalars(statement))


async def deposit_of(sessions: Sessions, user_id: UUID) -> tuple[UUID, UUID]:
    """Return a paid payment, and the transaction that deposited it."""
    payment_id = await given.a_paid_payment(sessions, user_id, AMOUNT)
    async with sessions() as session:
        posted = await ledger_queries.by_key(session, ids.payment_posting(payment_id))
    assert posted
    return payment_id, posted.id


async def payment(sessions: Sessions, payment_id: UUID) -> Payment:
    async with sessions() as session:
        found = await payments.find(session, payment_id)
    assert found
    return found


async def spend(sessions: Sessions, user_id: UUID, amount: Decimal) -> None:
    await given.a_posting(sessions, ledger.transfer(uuid4(), user_id, uuid4(), amount, "spent"))


async def test_a_transfer_goes_back_and_both_wallets_say_why(
    desk: Desk, transfer: Transfer, sessions: Sessions
) -> None:
    wish = await desk.ask(transfer.id)
    assert (wish.amount, wish.kind) == (AMOUNT, "transfer")
    assert await balance(sessions, transfer.receiver) == AMOUNT

    granted = await desk.decide(wish)

    assert granted.status is ReversalStatus.POSTED
    assert (granted.requested_by, granted.decided_by) == (desk.asker, desk.other)
    assert await balance(sessions, transfer.sender) == AMOUNT
    assert await balance(sessions, transfer.receiver) == 0
    [posted] = await reversals_of(sessions, transfer.id)
    assert (posted.kind, posted.ref, posted.description) == (
        "reversal",
        f"reversal:{wish.id}",
        "twice",
    )
    async with sessions() as session:
        shown = await transactions.get(session, transfer.id)
        assert await reversals.get(session, wish.id) == granted
    assert shown.reversed_by == posted.id


async def test_each_step_can_be_taken_twice(
    desk: Desk, transfer: Transfer, sessions: Sessions
) -> None:
    name = new_id()

    asked = [await desk.ask(transfer.id, name) for _ in range(2)]
    granted = [await desk.decide(asked[0]) for _ in range(2)]
    asked_late = await desk.ask(transfer.id, name)

    assert asked[0] == asked[1]
    assert granted[0] == granted[1] == asked_late
    assert await balance(sessions, transfer.sender) == AMOUNT
    assert len(await reversals_of(sessions, transfer.id)) == 1


@pytest.mark.parametrize("by_clock", [False, True])
async def test_a_no_can_be_said_twice_and_moves_nothing(
    desk: Desk, transfer: Transfer, sessions: Sessions, *, by_clock: bool
) -> None:
    wish = await desk.ask(transfer.id)
    no = {"by": None, "at": NOW + WEEK} if by_clock else {}

    closed = [await desk.decide(wish, approved=False, **no) for _ in range(2)]

    expected = ReversalStatus.EXPIRED if by_clock else ReversalStatus.REJECTED
    assert closed[0] == closed[1]
    assert closed[0].status is expected
    assert await balance(sessions, transfer.receiver) == AMOUNT


async def test_one_operator_alone_reverses_nothing(
    desk: Desk, transfer: Transfer, sessions: Sessions
) -> None:
    wish = await desk.ask(transfer.id)

    with pytest.raises(ApplicationError) as refused:
        await desk.decide(wish, by=desk.asker)

    assert refused.value.type == "forbidden"
    assert refused.value.non_retryable
    assert await balance(sessions, transfer.receiver) == AMOUNT
    assert (await desk.decide(wish, by=desk.asker, approved=False)).decided_by == desk.asker


async def test_two_operators_at_once_reverse_once(
    desk: Desk, transfer: Transfer, sessions: Sessions
) -> None:
    wish = await desk.ask(transfer.id)
    third = await given.a_user(sessions, role=UserRole.OPERATOR)

    outcomes = await asyncio.gather(
        *(desk.decide(wish, by=by) for by in [desk.other, third] * 4), return_exceptions=True
    )

    granted = [outcome for outcome in outcomes if isinstance(outcome, Reversal)]
    refused = [outcome for outcome in outcomes if isinstance(outcome, ApplicationError)]
    assert len({outcome.decided_by for outcome in granted}) == 1
    assert (len(granted), len(refused)) == (4, 4)
    assert {error.type for error in refused} == {"illegal_transition"}
    assert await balance(sessions, transfer.sender) == AMOUNT
    assert len(await reversals_of(sessions, transfer.id)) == 1


async def test_a_yes_and_a_no_at_once_have_one_outcome(
    desk: Desk, transfer: Transfer, sessions: Sessions
) -> None:
    wish = await desk.ask(transfer.id)

    outcomes = await asyncio.gather(
        desk.decide(wish, approved=True),
        desk.decide(wish, approved=False, by=desk.asker),
        return_exceptions=True,
    )

    [won] = [outcome for outcome in outcomes if isinstance(outcome, Reversal)]
    back = won.status is ReversalStatus.POSTED
    assert await balance(sessions, transfer.sender) == (AMOUNT if back else 0)
    assert len(await reversals_of(sessions, transfer.id)) == (1 if back else 0)


async def test_there_is_one_wish_at_a_time_and_after_a_no_another_one(
    desk: Desk, transfer: Transfer
) -> None:
    outcomes = await asyncio.gather(
        *(desk.ask(transfer.id) for _ in range(4)), return_exceptions=True
    )
    [wish] = [outcome for outcome in outcomes if isinstance(outcome, Reversal)]
    refused = [outcome for outcome in outcomes if isinstance(outcome, ApplicationError)]
    assert len(refused) == 3
    for error in refused:
        assert error.type == "illegal_transition"
        assert error.details == ({"status": "requested", "reversal_id": str(wish.id)},)
    await desk.decide(wish, approved=False)

    again = await desk.ask(transfer.id)
    await desk.decide(again)

    with pytest.raises(ApplicationError, match="reversed already"):
        await desk.ask(transfer.id)


async def test_money_that_is_spent_does_not_come_back_and_the_wish_stands(
    desk: Desk, transfer: Transfer, sessions: Sessions
) -> None:
    wish = await desk.ask(transfer.id)
    await spend(sessions, transfer.receiver, Decimal(1))

    with pytest.raises(ApplicationError) as refused:
        await desk.decide(wish)

    assert refused.value.type == "insufficient_funds"
    assert refused.value.details == ({"missing": "1.00"},)
    assert await reversals_of(sessions, transfer.id) == []
    await given.money_in_wallet(sessions, transfer.receiver, Decimal(1))
    assert (await desk.decide(wish)).status is ReversalStatus.POSTED


async def test_a_deposit_is_taken_back_with_its_payment(desk: Desk, sessions: Sessions) -> None:
    user = await given.a_user(sessions)
    payment_id, deposit_id = await deposit_of(sessions, user)
    before = await payment(sessions, payment_id)

    for _ in range(2):
        await desk.decide(await desk.ask(deposit_id, payment_id))

    after = await payment(sessions, payment_id)
    assert after == replace(before, status=PaymentStatus.REVERSED)
    assert after.paid_at is not None
    assert await balance(sessions, user) == 0


async def test_a_deposit_that_is_spent_leaves_its_payment_paid(
    desk: Desk, sessions: Sessions
) -> None:
    user = await given.a_user(sessions)
    payment_id, deposit_id = await deposit_of(sessions, user)
    wish = await desk.ask(deposit_id)
    await spend(sessions, user, Decimal(1))

    with pytest.raises(ApplicationError) as refused:
        await desk.decide(wish)

    assert refused.value.type == "insufficient_funds"
    assert (await payment(sessions, payment_id)).status is PaymentStatus.PAID


async def test_a_payment_goes_back_to_its_card_or_in_the_ledger_never_both(
    desk: Desk, sessions: Sessions
) -> None:
    user = await given.a_user(sessions)
    payment_id, deposit_id = await deposit_of(sessions, user)
    await given.money_in_wallet(sessions, user, 2 * AMOUNT)
    wish = await desk.ask(deposit_id)
    paid_at = (await payment(sessions, payment_id)).paid_at
    assert paid_at
    card = AskCardReversal(payment_id, paid_at)
    to_card = PostgresCardReversalSteps(sessions).ask_card_reversal

    outcomes = await asyncio.gather(
        desk.decide(wish),
        ActivityEnvironment().run(to_card, card),
        return_exceptions=True,
    )

    [refused] = [outcome for outcome in outcomes if isinstance(outcome, ApplicationError)]
    assert refused.type == "illegal_transition"
    assert await balance(sessions, user) == 2 * AMOUNT


async def test_a_payment_on_its_way_to_the_card_is_not_even_asked_for(
    desk: Desk, sessions: Sessions
) -> None:
    user = await given.a_user(sessions)
    payment_id, deposit_id = await deposit_of(sessions, user)
    paid_at = (await payment(sessions, payment_id)).paid_at
    assert paid_at
    to_card = PostgresCardReversalSteps(sessions).ask_card_reversal
    await ActivityEnvironment().run(to_card, AskCardReversal(payment_id, paid_at))

    with pytest.raises(ApplicationError, match="way back to its card"):
        await desk.ask(deposit_id)


async def test_what_nobody_can_take_back_is_refused_with_what_to_do_instead(
    desk: Desk, transfer: Transfer, sessions: Sessions
) -> None:
    await desk.decide(await desk.ask(transfer.id))
    [reversal] = await reversals_of(sessions, transfer.id)
    out = ledger.withdrawal(f"withdrawal:{uuid4()}", transfer.sender, AMOUNT, "to the bank")

    for transaction_id, words in (
        (reversal.id, "make the transfer or the payment again"),
        (await given.a_posting(sessions, out), "rejected"),
    ):
        with pytest.raises(ApplicationError, match=words) as refused:
            await desk.ask(transaction_id)
        assert refused.value.type == "illegal_transition"
    with pytest.raises(ApplicationError) as unknown:
        await desk.ask(uuid4())
    assert unknown.value.type == "not_found"


async def test_the_ledger_itself_takes_nothing_back_twice(
    desk: Desk, transfer: Transfer, sessions: Sessions
) -> None:
    """The last net: a posting past every check, between the wish and its approval."""
    wish = await desk.ask(transfer.id)
    async with sessions() as session:
        lines = (await transactions.get(session, transfer.id)).entries
    entries = [line.entry for line in lines]
    past_all_checks: Posting = ledger.reversal(uuid4(), transfer.id, entries, "by hand")
    await given.a_posting(sessions, past_all_checks)
    await given.money_in_wallet(sessions, transfer.receiver, AMOUNT)

    with pytest.raises(ApplicationError, match="reversed already") as refused:
        await desk.decide(wish)

    assert refused.value.type == "illegal_transition"
    assert await balance(sessions, transfer.sender) == AMOUNT


async def test_the_clock_ends_a_wish_and_never_grants_it(
    desk: Desk, transfer: Transfer, sessions: Sessions
) -> None:
    wish = await desk.ask(transfer.id)

    lapsed = await desk.decide(wish, approved=True, by=None, note=None, at=wish.expires_at)

    assert lapsed.status is ReversalStatus.EXPIRED
    assert await reversals_of(sessions, transfer.id) == []
    assert await balance(sessions, transfer.receiver) == AMOUNT


async def test_the_clock_leaves_a_granted_wish_alone(desk: Desk, sessions: Sessions) -> None:
    payment_id, transaction_id = await deposit_of(sessions, await given.a_user(sessions))
    wish = await desk.ask(transaction_id)
    granted = await desk.decide(wish)

    after = await desk.decide(wish, approved=False, by=None, note=None, at=wish.expires_at)

    assert after == granted
    assert (await payment(sessions, payment_id)).status is PaymentStatus.REVERSED
