"""What disagrees is found, stays one finding while it lasts, and is cleared when it is gone."""

from collections.abc import Collection, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID, uuid4

import pytest
from sqlalchemy import Connection, create_engine, text
from temporalio.testing import ActivityEnvironment

from activities.card_reversals import PostgresCardReversalSteps
from activities.contracts.card_reversals import AskCardReversal, CloseCardReversal
from activities.contracts.payments import Unverified
from activities.contracts.reconciliation import Compare, ComparePayment
from activities.reconciliation import PostgresReconciliationSteps
from domain import ids, ledger
from domain.finding import FindingKind
from domain.payment import PaymentStatus
from domain.ticket import TicketStatus
from models.base import new_id
from models.database import Sessions, psycopg_url
from models.finding import FindingRow
from models.queries import findings, tickets
from models.queries import ledger as ledger_queries
from models.queries.ledger import post
from tests import given

AMOUNT = Decimal(250_000)
LONG_AGO = datetime.now(UTC) - timedelta(hours=1)
Found = dict[tuple[str, str], Decimal]


@dataclass
class Engine:
    """Stands where Temporal is asked which workflows run."""

    running: set[str] = field(default_factory=set)

    async def __call__(self, workflow_ids: Collection[str]) -> set[str]:
        return self.running & set(workflow_ids)


@dataclass(frozen=True)
class Books:
    """An empty system, its comparison, and somebody who can change anything in it."""

    sessions: Sessions
    steps: PostgresReconciliationSteps
    engine: Engine
    owner: Connection

    async def compare(self, *unverified: Unverified, is_whole: bool = True) -> Found:
        command = Compare(unverified, is_whole)
        count = await ActivityEnvironment().run(self.steps.compare, command)
        found = await self.open()
        if is_whole:
            assert count == len(found)
        return found

    async def open(self) -> Found:
        async with self.sessions() as session:
            rows = await findings.page(session, is_open=True, before=None, limit=100)
        return {(row.kind, row.subject): row.amount for row in rows}

    async def row(self, subject: str) -> FindingRow:
        async with self.sessions() as session:
            [row] = await findings.open_of(session, [subject])
        return row

    def tamper(self, statement: str, **values: Any) -> None:
        assert self.owner.execute(text(statement), values).rowcount > 0


@pytest.fixture
def owner(own_database: str) -> Iterator[Connection]:
    """Past all triggers and foreign keys."""
    engine = create_engine(psycopg_url(own_database), isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        for table in ("ledger_transactions", "ledger_entries", "payments"):
            connection.execute(text(f"ALTER TABLE {table} DISABLE TRIGGER ALL"))
        yield connection
    engine.dispose()


@pytest.fixture
def books(own_sessions: Sessions, owner: Connection) -> Books:
    engine = Engine()
    return Books(own_sessions, PostgresReconciliationSteps(own_sessions, engine), engine, owner)


async def test_a_clean_system_has_no_finding(books: Books) -> None:
    """Paid, on its way back, gone back, refused, and everything open with its workflow."""
    reversals = PostgresCardReversalSteps(books.sessions)
    for done in (None, True, False):
        payment = await given.a_payment(books.sessions)
        await reversals.ask_card_reversal(AskCardReversal(payment.id, payment.created_at))
        if done is not None:
            await reversals.close_card_reversal(CloseCardReversal(payment.id, done=done))
    await given.a_payment(books.sessions)
    for status in (PaymentStatus.EXPIRED, PaymentStatus.FAILED, PaymentStatus.CANCELLED):
        await given.a_payment(books.sessions, status=status, created_at=LONG_AGO)
    pending = await given.a_payment(
        books.sessions, status=PaymentStatus.PENDING, created_at=LONG_AGO
    )
    books.engine.running.add(ids.payment_workflow(pending.id))
    await a_withdrawal(books, "requested")

    assert await books.compare() == {}


@pytest.mark.parametrize("status", [PaymentStatus.PAID, PaymentStatus.REVERSED])
async def test_a_payment_without_its_deposit_is_found(books: Books, status: PaymentStatus) -> None:
    payment = await given.a_payment(books.sessions)
    ref = ids.payment_workflow(payment.id)
    books.tamper("DELETE FROM ledger_transactions WHERE ref = :ref", ref=ref)
    books.tamper("UPDATE payments SET status = :status", status=status)

    found = await books.compare()

    assert found[FindingKind.PAID_WITHOUT_DEPOSIT, ref] == AMOUNT


@pytest.mark.parametrize(
    ("statement", "amount"),
    [
        ("UPDATE ledger_transactions SET amount = 50000 WHERE ref = :ref", 200_000),
        ("UPDATE ledger_entries SET amount = 50000 WHERE ref = :ref", 200_000),
        ("UPDATE payments SET amount = 300000 WHERE 'payment:' || id = :ref", 50_000),
        ("UPDATE payments SET user_id = :other WHERE 'payment:' || id = :ref", 250_000),
    ],
    ids=["transaction", "entries", "row", "wallet"],
)
async def test_a_deposit_of_another_amount_or_wallet_is_found(
    books: Books, statement: str, amount: int
) -> None:
    payment = await given.a_payment(books.sessions)
    other = await given.a_user(books.sessions)
    ref = ids.payment_workflow(payment.id)
    values = {"other": other} if ":other" in statement else {}
    books.tamper(statement, ref=ref, **values)

    found = await books.compare()

    assert found == {(FindingKind.PAID_WITHOUT_DEPOSIT, ref): Decimal(amount)}


async def test_a_second_deposit_of_a_payment_is_found(books: Books) -> None:
    payment = await given.a_payment(books.sessions)
    second = ledger.deposit(uuid4(), payment.user_id, AMOUNT)
    async with books.sessions.begin() as session:
        await ledger_queries.post(session, second)
    ref = ids.payment_workflow(payment.id)
    books.tamper("UPDATE ledger_transactions SET ref = :ref WHERE ref = :was", ref=ref,
                 was=second.ref)  # fmt: skip

    assert await books.compare() == {(FindingKind.PAID_WITHOUT_DEPOSIT, ref): AMOUNT}
    # One payment is one deposit, even if two of them come to the same amount.
    books.tamper("UPDATE payments SET amount = :sum", sum=2 * AMOUNT)
    assert await books.compare() == {(FindingKind.PAID_WITHOUT_DEPOSIT, ref): 2 * AMOUNT}


async def test_a_deposit_without_a_payment_is_found(books: Books) -> None:
    nobody = uuid4()
    async with books.sessions.begin() as session:
        await post(session, ledger.deposit(nobody, await given.a_user(books.sessions), AMOUNT))

    found = await books.compare()

    assert found == {(FindingKind.DEPOSIT_WITHOUT_PAYMENT, ids.payment_workflow(nobody)): AMOUNT}


async def test_a_deposit_of_a_payment_that_is_not_paid_is_found(books: Books) -> None:
    payment = await given.a_payment(books.sessions)
    books.tamper("UPDATE payments SET status = 'failed', paid_at = NULL")

    found = await books.compare()

    ref = ids.payment_workflow(payment.id)
    assert found == {(FindingKind.DEPOSIT_WITHOUT_PAYMENT, ref): AMOUNT}


@pytest.mark.parametrize(
    "change",
    [
        "status = 'reversed', reversal = 'done'",
        "status = 'reversed'",
        "reversal = 'asked'",
        "reversal = 'refused'",
    ],
)
async def test_a_way_back_that_the_ledger_does_not_know_is_found(books: Books, change: str) -> None:
    payment = await given.a_payment(books.sessions)
    ref = ids.payment_workflow(payment.id)
    books.engine.running.add(ids.card_reversal_workflow(payment.id))
    books.tamper(f"UPDATE payments SET {change}")

    assert await books.compare() == {(FindingKind.REVERSAL_DIFFERS, ref): AMOUNT}


async def test_a_way_back_that_only_the_ledger_knows_is_found(books: Books) -> None:
    payment = await given.a_payment(books.sessions)
    ref = ids.payment_workflow(payment.id)
    async with books.sessions.begin() as session:
        await post(session, ledger.withdrawal(ref, payment.user_id, AMOUNT, "Gone"))

    assert await books.compare() == {(FindingKind.REVERSAL_DIFFERS, ref): AMOUNT}


async def test_a_deposit_that_was_reversed_belongs_to_a_payment_that_says_so(books: Books) -> None:
    payment = await given.a_payment(books.sessions)
    ref = ids.payment_workflow(payment.id)
    query = text("SELECT id FROM ledger_transactions WHERE ref = :ref")
    transaction = books.owner.execute(query, {"ref": ref}).scalar_one()
    entries = ledger.deposit(payment.id, payment.user_id, AMOUNT).entries
    async with books.sessions.begin() as session:
        await post(session, ledger.reversal(new_id(), transaction, entries, "Mistake"))

    assert await books.compare() == {(FindingKind.REVERSAL_DIFFERS, ref): AMOUNT}
    books.tamper("UPDATE payments SET status = 'reversed'")
    assert await books.compare() == {}


@pytest.mark.parametrize("status", ["approved", "paid", "rejected", "gone"])
async def test_a_withdrawal_of_which_the_ledger_tells_another_story_is_found(
    books: Books, status: str
) -> None:
    withdrawal = await a_withdrawal(books, "requested" if status == "gone" else status)
    if status == "approved":
        books.tamper("UPDATE ledger_transactions SET amount = 1 WHERE kind = 'withdrawal'")
    if status == "gone":
        books.tamper("DELETE FROM withdrawals")

    found = await books.compare()

    assert [*found] == [(FindingKind.WITHDRAWAL_DIFFERS, ids.withdrawal_workflow(withdrawal))]


async def a_withdrawal(books: Books, status: str) -> UUID:
    """A withdrawal of which the ledger only knows that it was asked for."""
    withdrawal, user = new_id(), await given.a_user(books.sessions)
    payment = await given.a_payment(books.sessions, user_id=user)
    ref = ids.withdrawal_workflow(withdrawal)
    async with books.sessions.begin() as session:
        await post(session, ledger.withdrawal(ref, user, payment.amount, "Withdrawal"))
    is_closed = status in {"paid", "rejected"}
    books.tamper(
        "INSERT INTO withdrawals (id, user_id, amount, iban, iban_end, status, decided_by, "
        "decided_at, bank_reference, created_at, closed_at) VALUES (:id, :user, :amount, '', "
        "'0000', :status, :by, :at, :bank, :at, :closed)",
        id=withdrawal, user=user, amount=payment.amount, status=status, at=LONG_AGO,
        by=None if status == "requested" else user, bank="b" if status == "paid" else None,
        closed=LONG_AGO if is_closed else None,
    )  # fmt: skip
    books.engine.running.add(ref)
    return withdrawal


async def test_what_is_open_without_a_workflow_is_found_once_it_is_not_in_flight(
    books: Books,
) -> None:
    old = await given.a_payment(books.sessions, status=PaymentStatus.PENDING, created_at=LONG_AGO)
    await given.a_payment(books.sessions, status=PaymentStatus.PENDING)
    on_its_way = await given.a_payment(books.sessions, created_at=LONG_AGO)
    reversals = PostgresCardReversalSteps(books.sessions)
    await reversals.ask_card_reversal(AskCardReversal(on_its_way.id, LONG_AGO))
    withdrawal = ids.withdrawal_workflow(await a_withdrawal(books, "approved"))
    books.engine.running.clear()

    found = await books.compare()

    assert found == {
        (FindingKind.WORKFLOW_NOT_RUNNING, ids.payment_workflow(old.id)): AMOUNT,
        (FindingKind.WORKFLOW_NOT_RUNNING, ids.card_reversal_workflow(on_its_way.id)): AMOUNT,
        (FindingKind.WORKFLOW_NOT_RUNNING, withdrawal): AMOUNT,
    }


@pytest.mark.parametrize("status", ["pending", "accepted", "escrow", "active"])
async def test_an_open_ticket_without_a_workflow_is_found_with_its_escrow(
    books: Books, status: str
) -> None:
    ticket = await an_old_ticket(books, status)
    other = await an_old_ticket(books, "completed")
    async with books.sessions.begin() as session:
        user = (await given.a_payment(books.sessions)).user_id
        await post(session, ledger.ticket_payment(ticket, user, AMOUNT))

    found = await books.compare()

    assert found == {(FindingKind.WORKFLOW_NOT_RUNNING, ids.ticket_workflow(ticket)): AMOUNT}
    assert other != ticket


async def an_old_ticket(books: Books, status: str) -> UUID:
    asset = await given.a_stored_asset(books.sessions)
    ticket = given.a_ticket(
        asset_id=asset.id,
        lender_id=asset.owner_id,
        borrower_id=await given.a_user(books.sessions),
        status=TicketStatus(status),
        updated_at=LONG_AGO,
    )
    values = tickets.columns(ticket)
    columns = ", ".join(values)
    names = ", ".join(f":{name}" for name in values)
    books.tamper(f"INSERT INTO tickets ({columns}) VALUES ({names})", **values)
    return ticket.id


async def test_a_finding_keeps_its_age_while_it_lasts_and_is_cleared_when_it_is_gone(
    books: Books,
) -> None:
    payment = await given.a_payment(
        books.sessions, status=PaymentStatus.PENDING, created_at=LONG_AGO
    )
    subject = ids.payment_workflow(payment.id)
    await books.compare()
    first = await books.row(subject)
    await books.compare()
    second = await books.row(subject)
    books.engine.running.add(subject)

    assert await books.compare() == {}

    assert (second.id, second.found_at) == (first.id, first.found_at)
    assert second.seen_at > first.seen_at
    books.engine.running.clear()
    await books.compare()
    assert (await books.row(subject)).id != first.id  # it is back: that is news


async def test_unclaimed_money_is_found_and_clears_when_it_leaves_the_list(books: Books) -> None:
    stranger = Unverified("S" + "0" * 35, Decimal(90_000), None)
    failed = await given.a_payment(books.sessions, status=PaymentStatus.FAILED)
    late = Unverified(failed.authority or "", AMOUNT, "2026-11-22 12:00:00")

    found = await books.compare(stranger, late)

    assert found == {
        (FindingKind.UNKNOWN_TO_US, stranger.authority): Decimal(90_000),
        (FindingKind.FAILED_HERE, ids.payment_workflow(failed.id)): AMOUNT,
    }
    assert await books.compare(is_whole=False) == found  # no list is no news
    assert await books.compare() == {}


async def test_only_our_open_payments_are_looked_at(books: Books) -> None:
    expired = await given.a_payment(books.sessions, status=PaymentStatus.EXPIRED)
    others = [
        await given.a_payment(books.sessions, status=PaymentStatus.FAILED),
        await given.a_payment(books.sessions),
    ]
    listed = [Unverified(one.authority or "", AMOUNT, None) for one in (expired, *others)]
    stranger = Unverified("S" + "0" * 35, AMOUNT, None)

    look = await ActivityEnvironment().run(books.steps.find_to_look_at, (*listed, stranger))

    assert look.unclaimed == (expired,)
    assert look.doubtful == ()


async def test_one_payment_is_compared_with_the_gateway_and_doubted_until_they_agree(
    books: Books,
) -> None:
    payment = await given.a_payment(books.sessions)
    other = await given.a_payment(books.sessions)
    subject = ids.payment_workflow(payment.id)
    run = ActivityEnvironment().run

    await run(books.steps.compare_payment, ComparePayment(other.id, "FAILED"))
    await run(books.steps.compare_payment, ComparePayment(payment.id, "REVERSED"))
    await run(books.steps.compare_payment, ComparePayment(payment.id, None))
    await run(books.steps.compare, Compare((), is_whole=True))

    look = await run(books.steps.find_to_look_at, ())
    assert {one.id for one in look.doubtful} == {payment.id, other.id}
    await run(books.steps.compare_payment, ComparePayment(payment.id, "VERIFIED"))
    assert (FindingKind.GATEWAY_DIFFERS, subject) not in await books.open()
    assert len(await books.open()) == 1


async def test_a_later_comparison_is_not_undone_by_an_older_one(books: Books) -> None:
    """Two run side by side when a worker was thought dead; the older look ends last."""
    later, older = datetime.now(UTC), datetime.now(UTC) - timedelta(minutes=1)
    payment = await given.a_payment(books.sessions, status=PaymentStatus.REVERSED, paid_at=later)
    await books.compare()
    subject = ids.payment_workflow(payment.id)

    async with books.sessions.begin() as session:
        await findings.clear(session, list(FindingKind), older)

    assert (FindingKind.PAID_WITHOUT_DEPOSIT, subject) in await books.open()
