"""Whatever is changed behind the ledger's back is named: before the last seal, by its row."""

from collections.abc import Iterator
from decimal import Decimal
from uuid import UUID, uuid4

import pytest
from sqlalchemy import Connection, create_engine, text

from activities.seals import PostgresSealSteps
from domain import ledger
from domain.ledger import TransactionKind
from domain.proofs import Proof, Report
from models.base import new_id
from models.database import Sessions, psycopg_url
from models.queries import ledger as queries
from models.queries import proofs, seals
from tests import given

AMOUNT = Decimal(150_000)


@pytest.fixture
def owner(own_database: str) -> Iterator[Connection]:
    """Somebody who can do everything: the superuser, past all triggers and foreign keys."""
    engine = create_engine(psycopg_url(own_database), isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        tables = ("accounts", "transactions", "entries", "seals")
        for table in tables:
            connection.execute(text(f"ALTER TABLE ledger_{table} DISABLE TRIGGER ALL"))
        yield connection
    engine.dispose()


@pytest.fixture
async def users(own_sessions: Sessions) -> list[UUID]:
    """Three users with money that was paid in, and transfers among them; all of it sealed."""
    users = [await given.a_user(own_sessions) for _ in range(3)]
    for user in users:
        await given.a_paid_payment(own_sessions, user, AMOUNT)
    for sender, receiver in zip(users, users[1:] + users[:1], strict=True):
        await post(own_sessions, ledger.transfer(new_id(), sender, receiver, Decimal(500), "rent"))
    await PostgresSealSteps(own_sessions).seal_ledger()
    return users


async def post(sessions: Sessions, posting: ledger.Posting) -> None:
    async with sessions.begin() as session:
        assert await queries.post(session, posting)


async def verified(sessions: Sessions) -> Report:
    async with sessions() as session:
        return await proofs.verify(session)


def named(report: Report) -> dict[str, set[Proof]]:
    """Return which subjects are named, and by which proofs."""
    found: dict[str, set[Proof]] = {}
    for violation in report.violations:
        found.setdefault(violation.subject, set()).add(violation.proof)
    return found


def first(owner: Connection, query: str) -> UUID:
    found: UUID = owner.execute(text(query)).scalar_one()
    return found


async def test_an_empty_ledger_holds(own_sessions: Sessions) -> None:
    report = await verified(own_sessions)

    assert report.violations == ()
    assert (report.transactions, report.entries, report.seal) == (0, 0, None)


@pytest.mark.usefixtures("users")
async def test_an_honest_ledger_holds(own_sessions: Sessions) -> None:
    report = await verified(own_sessions)

    assert report.violations == ()
    assert report.debits == report.credits == 3 * (AMOUNT + 500)
    assert (report.transactions, report.entries, report.unsealed) == (6, 12, 0)
    assert report.seal is not None
    assert report.seal.number == 1


CHANGES = {
    "ledger_transactions": [
        "amount = amount + 1", "kind = 'refund'", "ref = 'payment:x'", "description = 'gift'",
        "idempotency_key = 'other'", "created_at = created_at + interval '1 second'",
        "seq = seq + 1000", "id = gen_random_uuid()",
    ],
    "ledger_entries": [
        "amount = amount + 1", "balance_after = coalesce(balance_after, 0) + 1", "ref = 'x'",
        "type = CASE type WHEN 'debit' THEN 'credit' ELSE 'debit' END", "description = 'gift'",
        "created_at = created_at - interval '1 day'", "seq = seq + 1000",
        "account_id = (SELECT id FROM ledger_accounts WHERE kind = 'platform_revenue')",
        "id = gen_random_uuid()",
    ],
    "ledger_accounts": [
        "owner_id = gen_random_uuid()", "currency = 'USD'", "id = gen_random_uuid()",
        "created_at = now() - interval '1 year'", "seq = seq + 1000",
    ],
}  # fmt: skip
KINDS = {"transactions": "transaction", "entries": "entry", "accounts": "account"}


@pytest.mark.usefixtures("users")
@pytest.mark.parametrize(
    ("table", "change"), [(table, change) for table in CHANGES for change in CHANGES[table]]
)
async def test_a_changed_row_is_named(
    owner: Connection, own_sessions: Sessions, table: str, change: str
) -> None:
    row = first(owner, f"SELECT id FROM {table} ORDER BY seq LIMIT 1")
    for constraint in owner.execute(
        text(
            "SELECT conname FROM pg_constraint WHERE conrelid = CAST(:table AS regclass)"
            " AND contype IN ('f', 'c')"
        ),
        {"table": table},
    ).scalars():
        owner.execute(text(f"ALTER TABLE {table} DROP CONSTRAINT {constraint}"))
    if "seq" in change or table == "ledger_accounts":
        owner.execute(text(f"ALTER TABLE {table} ALTER COLUMN seq DROP IDENTITY"))
    owner.execute(text(f"UPDATE {table} SET {change} WHERE id = :row"), {"row": row})

    name = f"{KINDS[table.removeprefix('ledger_')]} {row}"
    assert Proof.CHAIN in named(await verified(own_sessions))[name]


@pytest.mark.usefixtures("users")
async def test_a_balance_that_was_changed_is_named(
    owner: Connection, own_sessions: Sessions
) -> None:
    account = first(owner, "SELECT id FROM ledger_accounts WHERE kind = 'user_wallet' LIMIT 1")
    owner.execute(
        text("UPDATE ledger_accounts SET balance = balance + 1 WHERE id = :id"), {"id": account}
    )

    assert named(await verified(own_sessions)) == {f"account {account}": {Proof.BALANCES}}


@pytest.mark.usefixtures("users")
async def test_a_removed_transaction_is_named_with_its_entries(
    owner: Connection, own_sessions: Sessions
) -> None:
    """The thief takes the whole transaction and mends the balances: only the chain remembers."""
    row = first(owner, "SELECT id FROM ledger_transactions WHERE kind = 'transfer' LIMIT 1")
    parameters = {"id": row}
    entries = owner.execute(
        text("DELETE FROM ledger_entries WHERE transaction_id = :id RETURNING id"), parameters
    ).scalars()
    names = {f"entry {entry}" for entry in entries} | {f"transaction {row}"}
    owner.execute(text("DELETE FROM ledger_transactions WHERE id = :id"), parameters)
    mend(owner)

    found = named(await verified(own_sessions))
    assert names <= found.keys()
    assert all(proofs == {Proof.CHAIN} for proofs in found.values())


def mend(owner: Connection) -> None:
    """Make balances fit the entries that are left, as a careful forger would."""
    owner.execute(
        text("""
            UPDATE ledger_entries e SET balance_after = r.balance FROM (
                SELECT x.id, sum(CASE x.type WHEN 'credit' THEN x.amount ELSE -x.amount END)
                    OVER (PARTITION BY x.account_id ORDER BY x.created_at, x.seq) AS balance
                FROM ledger_entries x
            ) r WHERE r.id = e.id AND e.balance_after <> r.balance
        """)
    )
    owner.execute(
        text("""
            UPDATE ledger_accounts a SET balance = coalesce((
                SELECT sum(CASE type WHEN 'credit' THEN amount ELSE -amount END)
                FROM ledger_entries WHERE account_id = a.id), 0)
            WHERE balance IS NOT NULL
        """)
    )


async def test_a_row_that_was_slipped_in_before_the_seal_is_named(
    owner: Connection, own_sessions: Sessions, users: list[UUID]
) -> None:
    forged = new_id()
    owner.execute(
        text("ALTER TABLE ledger_transactions DROP CONSTRAINT ledger_transactions_seq_key")
    )
    owner.execute(
        text(
            "INSERT INTO ledger_transactions (id, idempotency_key, kind, ref, description, amount,"
            " created_at, seq) OVERRIDING SYSTEM VALUE VALUES (:id, 'forged', 'transfer', 'x', 'x',"
            " 100, now(), 1)"
        ),
        {"id": forged},
    )
    entries = []
    for user, side in zip(users, ("debit", "credit"), strict=False):
        entries.append(
            first(
                owner,
                "INSERT INTO ledger_entries (transaction_id, account_id, id, type, amount,"
                " balance_after, ref, description, created_at) SELECT"
                f" '{forged}', id, gen_random_uuid(), '{side}', 100, 0, 'x', 'x', now()"
                f" FROM ledger_accounts WHERE owner_id = '{user}' RETURNING id",
            )
        )
    mend(owner)

    names = {f"entry {entry}" for entry in entries} | {f"transaction {forged}"}
    assert named(await verified(own_sessions)) == {name: {Proof.CHAIN} for name in names}


@pytest.mark.parametrize(
    "change",
    [
        "UPDATE ledger_seals SET leaves = leaves || leaves WHERE number = 2",
        "UPDATE ledger_seals SET digest = sha256('forged') WHERE number = 2",
        "UPDATE ledger_seals SET sealed_at = sealed_at - interval '1 day' WHERE number = 2",
        "UPDATE ledger_seals SET last_transaction = last_transaction + 1 WHERE number = 2",
        "DELETE FROM ledger_seals WHERE number = 1",
        "DELETE FROM ledger_seals WHERE number = 2",
    ],
)
async def test_a_seal_that_was_changed_or_removed_breaks_the_chain(
    owner: Connection, own_sessions: Sessions, users: list[UUID], change: str
) -> None:
    for _ in range(2):
        await post(own_sessions, ledger.transfer(new_id(), users[0], users[1], Decimal(1), "x"))
        await PostgresSealSteps(own_sessions).seal_ledger()
    assert (await verified(own_sessions)).violations == ()

    owner.execute(text(change))

    report = await verified(own_sessions)
    seals_named = {name for name in named(report) if name.startswith("seal ")}
    assert seals_named & {"seal 2", "seal 3"}


async def test_a_settlement_with_the_wrong_amount_is_named(
    own_sessions: Sessions, users: list[UUID]
) -> None:
    """Honest postings that no ticket explains: the ledger balances, the business does not."""
    ticket, lender = new_id(), users[1]
    await post(own_sessions, ledger.ticket_payment(ticket, users[0], AMOUNT / 2))
    split = ledger.Split(lender=AMOUNT / 4, platform=Decimal(0), borrower=Decimal(0))
    await post(
        own_sessions,
        ledger.settlement(ticket, lender, users[0], split, TransactionKind.RELEASE, "Settled"),
    )

    report = await verified(own_sessions)

    assert named(report) == {f"ticket:{ticket}": {Proof.ESCROW, Proof.TICKETS}}


async def test_a_deposit_that_no_payment_explains_is_named(own_sessions: Sessions) -> None:
    payment = uuid4()
    await post(own_sessions, ledger.deposit(payment, uuid4(), AMOUNT))

    assert named(await verified(own_sessions)) == {f"payment:{payment}": {Proof.PAYMENTS}}


async def test_a_paid_payment_without_its_deposit_is_named(
    owner: Connection, own_sessions: Sessions
) -> None:
    payment = await given.a_paid_payment(own_sessions, await given.a_user(own_sessions), AMOUNT)
    owner.execute(text("UPDATE payments SET amount = amount + 1"))

    assert named(await verified(own_sessions)) == {f"payment:{payment}": {Proof.PAYMENTS}}


async def test_a_payout_that_no_withdrawal_explains_is_named(
    own_sessions: Sessions, users: list[UUID]
) -> None:
    ref = f"withdrawal:{uuid4()}"
    await post(own_sessions, ledger.withdrawal(ref, users[0], Decimal(100), "Withdrawal"))

    assert named(await verified(own_sessions)) == {ref: {Proof.PAYOUTS}}


async def test_a_reversal_that_nobody_agreed_on_is_named(
    own_sessions: Sessions, users: list[UUID]
) -> None:
    transfer = ledger.transfer(new_id(), users[0], users[1], Decimal(100), "x")
    await post(own_sessions, transfer)
    async with own_sessions() as session:
        posted = await queries.by_key(session, transfer.key)
    assert posted
    reversal = ledger.reversal(new_id(), posted.id, transfer.entries, "mistake")
    await post(own_sessions, reversal)

    assert named(await verified(own_sessions)) == {reversal.ref: {Proof.REVERSALS}}


async def test_what_is_under_way_is_not_sealed_before_it_ends(
    own_sessions: Sessions, users: list[UUID]
) -> None:
    """Numbers are given out in one order and committed in another: none may slip through."""
    early = ledger.transfer(new_id(), users[0], users[1], Decimal(1), "early")
    async with own_sessions() as slow:
        await queries.post(slow, early)
        await post(own_sessions, ledger.deposit(new_id(), users[2], Decimal(1)))
        async with own_sessions() as session:
            horizon = await seals.horizon(session)
            assert not await seals.has_settled(session, horizon)
        await slow.commit()
    async with own_sessions() as session:
        assert await seals.has_settled(session, horizon)

    await PostgresSealSteps(own_sessions).seal_ledger()

    report = await verified(own_sessions)
    assert report.broken(Proof.CHAIN) == []
    assert report.unsealed == 0
