"""The ledger's guards are the database's own: they hold against our code, too."""

import asyncio
from decimal import Decimal
from uuid import UUID, uuid4

import pytest
from sqlalchemy import Engine, create_engine, func, select, text
from sqlalchemy.exc import DBAPIError, IntegrityError, ProgrammingError

from domain import ledger
from domain.errors import InsufficientFunds
from domain.ledger import AccountKind, Side
from models.base import new_id
from models.database import Sessions, psycopg_url
from models.ledger import LedgerEntry
from models.queries import ledger as queries
from models.queries import statements
from tests import given

AMOUNT = Decimal("150000.00")


async def balance(sessions: Sessions, user_id: UUID) -> Decimal:
    async with sessions() as session:
        return await queries.balance(session, AccountKind.USER_WALLET, user_id)


async def post(sessions: Sessions, posting: ledger.Posting) -> bool:
    async with sessions.begin() as session:
        return await queries.post(session, posting)


async def test_a_deposit_credits_the_wallet(sessions: Sessions) -> None:
    user = uuid4()

    assert await post(sessions, ledger.deposit(uuid4(), user, AMOUNT))

    assert await balance(sessions, user) == AMOUNT


async def test_a_posting_under_a_known_key_moves_nothing(sessions: Sessions) -> None:
    user = uuid4()
    posting = ledger.deposit(uuid4(), user, AMOUNT)

    outcomes = [await post(sessions, posting) for _ in range(3)]

    assert outcomes == [True, False, False]
    assert await balance(sessions, user) == AMOUNT


async def test_parallel_postings_under_one_key_move_money_once(sessions: Sessions) -> None:
    user = uuid4()
    posting = ledger.deposit(uuid4(), user, AMOUNT)

    outcomes = await asyncio.gather(*(post(sessions, posting) for _ in range(16)))

    assert sorted(outcomes) == [False] * 15 + [True]
    assert await balance(sessions, user) == AMOUNT


async def test_a_key_cannot_be_reused_for_another_amount(sessions: Sessions) -> None:
    payment, user = uuid4(), uuid4()
    await post(sessions, ledger.deposit(payment, user, AMOUNT))

    with pytest.raises(IntegrityError, match="belongs to another transaction"):
        await post(sessions, ledger.deposit(payment, user, AMOUNT + 1))


async def test_a_wallet_never_falls_below_zero(sessions: Sessions) -> None:
    user = uuid4()
    await post(sessions, ledger.deposit(uuid4(), user, AMOUNT))

    with pytest.raises(InsufficientFunds) as refused:
        await post(sessions, ledger.ticket_payment(uuid4(), user, AMOUNT + 5))

    assert refused.value.facts == {"missing": "5.00"}
    assert await balance(sessions, user) == AMOUNT


async def test_of_many_parallel_spenders_only_as_many_win_as_there_is_money(
    sessions: Sessions,
) -> None:
    user = uuid4()
    await post(sessions, ledger.deposit(uuid4(), user, 3 * AMOUNT))

    async def spend() -> bool:
        try:
            return await post(sessions, ledger.ticket_payment(uuid4(), user, AMOUNT))
        except InsufficientFunds:
            return False

    outcomes = await asyncio.gather(*(spend() for _ in range(12)))

    assert sum(outcomes) == 3
    assert await balance(sessions, user) == 0


async def test_crossing_settlements_do_not_deadlock(sessions: Sessions) -> None:
    first, second = uuid4(), uuid4()
    tickets = [uuid4() for _ in range(20)]
    for ticket in tickets:
        await post(sessions, ledger.deposit(uuid4(), first, AMOUNT))
        await post(sessions, ledger.ticket_payment(ticket, first, AMOUNT))
    split = ledger.Split(lender=AMOUNT / 2, platform=Decimal(0), borrower=AMOUNT / 2)

    await asyncio.gather(
        *(
            post(
                sessions,
                ledger.settlement(
                    ticket, *parties, split, ledger.TransactionKind.RELEASE, "Settled"
                ),
            )
            for number, ticket in enumerate(tickets)
            for parties in [(first, second) if number % 2 else (second, first)]
        )
    )

    assert await balance(sessions, first) + await balance(sessions, second) == 20 * AMOUNT


async def test_an_entry_knows_the_balance_after_it(sessions: Sessions) -> None:
    user = uuid4()
    for _ in range(3):
        await post(sessions, ledger.deposit(uuid4(), user, AMOUNT))

    async with sessions() as session:
        entries = await statements.wallet_entries(session, user, limit=10)

    assert [entry.balance_after for entry in entries] == [3 * AMOUNT, 2 * AMOUNT, AMOUNT]
    assert {entry.type for entry in entries} == {Side.CREDIT}


@pytest.mark.parametrize("table", ["ledger_entries", "ledger_transactions", "ledger_accounts"])
@pytest.mark.parametrize("change", ["UPDATE {} SET id = id", "DELETE FROM {}", "TRUNCATE {}"])
async def test_the_application_cannot_change_the_ledger(
    sessions: Sessions, table: str, change: str
) -> None:
    with pytest.raises(ProgrammingError, match="permission denied"):
        async with sessions.begin() as session:
            await session.execute(text(change.format(table)))


@pytest.mark.parametrize("table", ["ledger_entries", "ledger_transactions"])
@pytest.mark.parametrize(
    "change", ["UPDATE {} SET id = id", "DELETE FROM {}", "TRUNCATE {} CASCADE"]
)
def test_not_even_the_owner_changes_history(superuser_url: str, table: str, change: str) -> None:
    engine = create_engine(psycopg_url(superuser_url))

    with pytest.raises(DBAPIError, match="is append-only"), engine.begin() as connection:
        connection.execute(text(change.format(table)))

    engine.dispose()


@pytest.mark.parametrize("credit", [None, Decimal(99)])
def test_an_unbalanced_transaction_does_not_commit(
    superuser_url: str, credit: Decimal | None
) -> None:
    """Posted past our code and past the function, as the owner of the tables."""
    engine = create_engine(psycopg_url(superuser_url))

    with pytest.raises(DBAPIError, match="unbalanced"):
        insert_by_hand(engine, new_id(), credit)

    engine.dispose()


def insert_by_hand(engine: Engine, transaction: UUID, credit: Decimal | None) -> None:
    with engine.begin() as connection:
        connection.execute(
            text(
                "INSERT INTO ledger_transactions"
                " VALUES (:id, :key, 'deposit', 'ref', 'text', 100, now())"
            ),
            {"id": transaction, "key": str(transaction)},
        )
        if credit:
            connection.execute(
                text(
                    "INSERT INTO ledger_entries (transaction_id, account_id, id, type, amount, ref,"
                    " description, created_at) SELECT :id, id, gen_random_uuid(), 'credit',"
                    " :amount, 'r', 'd', now() FROM ledger_accounts LIMIT 1"
                ),
                {"id": transaction, "amount": credit},
            )


async def test_debits_equal_credits_over_all(sessions: Sessions) -> None:
    await post(sessions, ledger.deposit(uuid4(), await given.a_user(sessions), AMOUNT))

    async with sessions() as session:
        totals = await session.execute(
            select(LedgerEntry.type, func.sum(LedgerEntry.amount)).group_by(LedgerEntry.type)
        )

    by_side = {row[0]: row[1] for row in totals}
    assert by_side[Side.DEBIT] == by_side[Side.CREDIT]
