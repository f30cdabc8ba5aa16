"""Loans that were extended or disputed: what the ledger and the tickets do not both say is named.

Each test begins with honest loans, by the steps that make them, and changes one thing.
"""

from collections.abc import Iterator
from decimal import Decimal

import pytest
from sqlalchemy import Connection, create_engine, text

from domain import ledger
from domain.ledger import Split, TransactionKind
from domain.proofs import Proof
from domain.ticket import Action, Stage
from models.database import Sessions, psycopg_url
from models.queries import proofs
from tests import given
from tests.lending import COMMISSION, DEPOSIT, FEE, LONGER, SPLIT, WHOLE, Lending, Loan

BOTH = {Proof.ESCROW, Proof.TICKETS}


@pytest.fixture
def owner(own_database: str) -> Iterator[Connection]:
    """The superuser, who is past all triggers but not past the constraints of a table."""
    engine = create_engine(psycopg_url(own_database), isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.execute(text("SET session_replication_role = replica"))
        yield connection
    engine.dispose()


@pytest.fixture
async def lending(own_sessions: Sessions) -> Lending:
    return await Lending.among_strangers(own_sessions)


async def named(sessions: Sessions) -> dict[str, set[Proof]]:
    """Return which subjects are named, and by which proofs."""
    async with sessions() as session:
        report = await proofs.verify(session)
    found: dict[str, set[Proof]] = {}
    for violation in report.violations:
        found.setdefault(violation.subject, set()).add(violation.proof)
    return found


def change(owner: Connection, loan: Loan, changes: str) -> None:
    owner.execute(text(f"UPDATE tickets SET {changes} WHERE id = :id"), {"id": loan.id})


async def pay_again(
    sessions: Sessions, loan: Loan, number: int = 9, amount: Decimal = LONGER
) -> None:
    payment = ledger.extension_payment(loan.id, number, loan.ticket.borrower_id, amount)
    await given.a_posting(sessions, payment)


async def settle(
    sessions: Sessions,
    loan: Loan,
    split: Split,
    kind: TransactionKind = TransactionKind.RELEASE,
) -> None:
    """Post what empties an escrow, without a word to the ticket."""
    parties = (loan.ticket.lender_id, loan.ticket.borrower_id)
    await given.a_posting(sessions, ledger.settlement(loan.id, *parties, split, kind, "Settled"))


DECIDED = (
    "status = 'completed', deadline_at = NULL, dispute_status = 'resolved',"
    f" dispute_to_lender = {SPLIT.to_lender}, dispute_to_borrower = {SPLIT.to_borrower}"
)


async def test_honest_loans_hold_at_every_stage(lending: Lending, own_sessions: Sessions) -> None:
    for stage in Stage:
        await lending.at(stage)
    longer = await lending.at(Stage.OFFERED)
    await longer.take(Action.ACCEPT_EXTENSION)
    settled = await lending.at(Stage.OFFERED)
    for action in (Action.ACCEPT_EXTENSION, Action.COMPLETE):
        await settled.take(action)
    disputed = await lending.at(Stage.OFFERED)
    for action in (Action.ACCEPT_EXTENSION, Action.DISPUTE, Action.ACCEPT_CLAIM):
        await disputed.take(action)
    resolved = await lending.at(Stage.CONTESTED)
    await resolved.take(Action.RESOLVE)
    for loan in [await lending.at(Stage.ESCROW) for _ in range(2)]:
        await loan.take(Action.CANCEL)

    assert await named(own_sessions) == {}


@pytest.mark.parametrize("stage", [Stage.ESCROW, Stage.ACTIVE, Stage.OFFERED, Stage.CONTESTED])
async def test_a_second_payment_that_no_extension_explains_is_named(
    lending: Lending, own_sessions: Sessions, stage: Stage
) -> None:
    loan = await lending.at(stage)

    await pay_again(own_sessions, loan)

    assert await named(own_sessions) == {f"ticket:{loan.id}": BOTH}


@pytest.mark.parametrize("stage", [Stage.ACCEPTED, Stage.COMPLETED, Stage.CANCELLED])
async def test_a_payment_into_a_ticket_that_holds_no_money_is_named(
    lending: Lending, own_sessions: Sessions, stage: Stage
) -> None:
    loan = await lending.at(stage)

    await pay_again(own_sessions, loan)

    assert await named(own_sessions) == {f"ticket:{loan.id}": BOTH}


async def test_an_extension_that_was_not_paid_is_named(
    lending: Lending, own_sessions: Sessions, owner: Connection
) -> None:
    loan = await lending.at(Stage.OFFERED)

    longer = f"extension_status = 'accepted', ends_at = extension_ends_at, fee = fee + {LONGER}"
    change(owner, loan, longer)

    assert await named(own_sessions) == {f"ticket:{loan.id}": BOTH}


async def test_a_fee_that_was_raised_after_the_settlement_is_named(
    lending: Lending, own_sessions: Sessions, owner: Connection
) -> None:
    loan = await lending.at(Stage.COMPLETED)

    change(owner, loan, "fee = fee + 1")

    assert await named(own_sessions) == {f"ticket:{loan.id}": {Proof.TICKETS}}


async def test_a_split_in_the_row_that_the_ledger_did_not_pay_is_named(
    lending: Lending, own_sessions: Sessions, owner: Connection
) -> None:
    loan = await lending.at(Stage.CONTESTED)
    await loan.take(Action.RESOLVE)

    moved = "dispute_to_lender = dispute_to_lender + 0.01"
    change(owner, loan, f"{moved}, dispute_to_borrower = dispute_to_borrower - 0.01")

    assert await named(own_sessions) == {f"ticket:{loan.id}": {Proof.TICKETS}}


async def test_a_decided_dispute_that_nobody_was_paid_for_is_named(
    lending: Lending, own_sessions: Sessions, owner: Connection
) -> None:
    loan = await lending.at(Stage.CONTESTED)

    change(owner, loan, DECIDED)

    assert await named(own_sessions) == {f"ticket:{loan.id}": BOTH}


UNJUST = {
    "the platform takes a part": Split(
        SPLIT.to_lender - COMMISSION, COMMISSION, SPLIT.to_borrower
    ),
    "the lender gets too much": Split(
        SPLIT.to_lender + 1, Decimal(0), SPLIT.to_borrower - 1
    ),
    "the lender gets it all": Split(WHOLE, Decimal(0), Decimal(0)),
    "the borrower gets it all": Split(Decimal(0), Decimal(0), WHOLE),
    "as if there were no dispute": Split(FEE - COMMISSION, COMMISSION, DEPOSIT),
}  # fmt: skip


@pytest.mark.parametrize("split", UNJUST.values(), ids=UNJUST)
async def test_a_dispute_that_was_paid_otherwise_than_decided_is_named(
    lending: Lending, own_sessions: Sessions, owner: Connection, split: Split
) -> None:
    loan = await lending.at(Stage.CONTESTED)

    await settle(own_sessions, loan, split)
    change(owner, loan, DECIDED)

    assert await named(own_sessions) == {f"ticket:{loan.id}": {Proof.TICKETS}}


UNEARNED = {
    "the lender gets the deposit, too": Split(WHOLE - COMMISSION, COMMISSION, Decimal(0)),
    "the borrower gets the fee, too": Split(Decimal(0), Decimal(0), WHOLE),
    "the platform takes no part": Split(FEE, Decimal(0), DEPOSIT),
    "the platform takes a rial too much": Split(FEE - COMMISSION - 1, COMMISSION + 1, DEPOSIT),
}


@pytest.mark.parametrize("split", UNEARNED.values(), ids=UNEARNED)
async def test_a_loan_that_ended_well_and_was_paid_otherwise_is_named(
    lending: Lending, own_sessions: Sessions, owner: Connection, split: Split
) -> None:
    loan = await lending.at(Stage.ACTIVE)

    await settle(own_sessions, loan, split)
    change(owner, loan, "status = 'completed', deadline_at = NULL")

    assert await named(own_sessions) == {f"ticket:{loan.id}": {Proof.TICKETS}}


@pytest.mark.parametrize(
    "split",
    [
        Split(WHOLE - COMMISSION, COMMISSION, Decimal(0)),  # more than the fee is kept
        Split(FEE, Decimal(0), DEPOSIT),  # the platform forgot its part of what was kept
        Split(Decimal(0), COMMISSION, WHOLE - COMMISSION),  # nothing is kept, and it takes a part
    ],
)
async def test_a_cancelled_loan_that_was_paid_back_otherwise_is_named(
    lending: Lending, own_sessions: Sessions, owner: Connection, split: Split
) -> None:
    loan = await lending.at(Stage.ESCROW)

    await settle(own_sessions, loan, split, TransactionKind.REFUND)
    change(owner, loan, "status = 'cancelled', cancel_reason = 'withdrawn', deadline_at = NULL")

    assert await named(own_sessions) == {f"ticket:{loan.id}": {Proof.TICKETS}}


async def test_a_dispute_that_was_paid_back_as_if_cancelled_is_named(
    lending: Lending, own_sessions: Sessions, owner: Connection
) -> None:
    loan = await lending.at(Stage.CONTESTED)

    split = Split(SPLIT.to_lender, Decimal(0), SPLIT.to_borrower)
    await settle(own_sessions, loan, split, TransactionKind.REFUND)
    change(owner, loan, DECIDED)

    assert await named(own_sessions) == {f"ticket:{loan.id}": {Proof.TICKETS}}


async def test_a_split_that_was_paid_to_strangers_is_named(
    lending: Lending, own_sessions: Sessions, owner: Connection
) -> None:
    loan = await lending.at(Stage.CONTESTED)
    strangers = [await given.a_user(own_sessions) for _ in range(2)]

    change(owner, loan, DECIDED)
    split = Split(SPLIT.to_lender, Decimal(0), SPLIT.to_borrower)
    release = TransactionKind.RELEASE
    posting = ledger.settlement(loan.id, strangers[0], strangers[1], split, release, "Settled")
    await given.a_posting(own_sessions, posting)

    assert await named(own_sessions) == {f"ticket:{loan.id}": {Proof.TICKETS}}


async def test_a_settlement_smaller_than_what_was_paid_is_named(
    lending: Lending, own_sessions: Sessions, owner: Connection
) -> None:
    loan = await lending.at(Stage.ACTIVE)

    await settle(own_sessions, loan, Split(FEE - COMMISSION, COMMISSION, DEPOSIT - 1))
    change(owner, loan, "status = 'completed', deadline_at = NULL")

    assert await named(own_sessions) == {f"ticket:{loan.id}": BOTH}


async def test_a_settlement_of_a_loan_that_goes_on_is_named(
    lending: Lending, own_sessions: Sessions
) -> None:
    loan = await lending.at(Stage.CLAIMED)

    await settle(own_sessions, loan, Split(FEE - COMMISSION, COMMISSION, DEPOSIT))

    assert await named(own_sessions) == {f"ticket:{loan.id}": BOTH}


async def test_a_second_settlement_is_named_although_all_of_it_adds_up(
    lending: Lending, own_sessions: Sessions, owner: Connection
) -> None:
    """In, out, in again and out again: the escrow is empty, and the row was made to fit."""
    loan = await lending.at(Stage.COMPLETED)
    await pay_again(own_sessions, loan)
    change(owner, loan, f"fee = fee + {LONGER}")
    again = ledger.Posting(
        key=f"ticket:{loan.id}:settle:again",
        kind=TransactionKind.RELEASE,
        ref=f"ticket:{loan.id}",
        description="Settled again",
        entries=(
            ledger.Entry(ledger.escrow(loan.id), ledger.Side.DEBIT, LONGER),
            ledger.Entry(ledger.wallet(loan.ticket.lender_id), ledger.Side.CREDIT, LONGER),
        ),
    )

    await given.a_posting(own_sessions, again)

    assert await named(own_sessions) == {f"ticket:{loan.id}": {Proof.TICKETS}}
