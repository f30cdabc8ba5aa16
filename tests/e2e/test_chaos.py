"""What chaos does in a storm, done in peace and judged; wrongs in the tables; and a short storm."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from random import Random

import psycopg
import pytest

from chaos import judge, lending, records, storm
from chaos.circles import DEEDS, Circle, meet
from chaos.cuts import Cutter
from chaos.journal import Journal
from chaos.kills import Killer
from chaos.people import client
from chaos.plan import Cut, Kill, Line, Victim
from tests.e2e.dev import Dev

# By the check that must see them. `who` is one of the people, whoever has done such a thing.
WRONGS = {
    "timeline": "DELETE FROM ticket_transitions WHERE actor_id = %(who)s AND action = 'pay'",
    "ticket's": "DELETE FROM tickets WHERE borrower_id = %(who)s",
    "payment is": "UPDATE payments SET amount = amount + 1 WHERE user_id = %(who)s",
    "withdrawal is": "UPDATE withdrawals SET amount = amount + 1 WHERE user_id = %(who)s",
    "both statements": """
        WITH original AS (
            SELECT t.* FROM ledger_transactions t JOIN ledger_entries e ON e.transaction_id = t.id
            JOIN ledger_accounts a ON a.id = e.account_id AND a.owner_id = %(who)s
            WHERE t.kind = 'transfer' LIMIT 1
        ), again AS (
            INSERT INTO ledger_transactions
                (id, idempotency_key, kind, ref, description, amount, created_at)
            SELECT gen_random_uuid(), 'again', kind, ref, description, amount, created_at
            FROM original RETURNING id
        )
        INSERT INTO ledger_entries (transaction_id, account_id, id, type, amount, balance_after,
            ref, description, created_at)
        SELECT again.id, account_id, gen_random_uuid(), type, amount, balance_after,
            ref, description, created_at
        FROM ledger_entries, again WHERE transaction_id = (SELECT id FROM original)
    """,
    "to the rial": "UPDATE ledger_accounts SET balance = balance + 1 WHERE owner_id = %(who)s",
    "answer is": "DELETE FROM idempotent_requests WHERE caller = %(who)s",
    "letter that": "DELETE FROM messages WHERE user_id = %(who)s AND kind = 'payment_paid'",
    "log of events": "DELETE FROM events WHERE recipient_id = %(who)s",
}
GUARDED = (
    "tickets",
    "ticket_transitions",
    "ledger_accounts",
    "ledger_transactions",
    "ledger_entries",
    "payments",
    "withdrawals",
    "messages",
    "events",
    "idempotent_requests",
)


@dataclass(frozen=True)
class Day:
    """One on which everything was done once."""

    since: datetime
    circle: Circle

    @property
    def journals(self) -> list[Journal]:
        return [one.journal for one in (*self.circle.people, self.circle.operator)]


@pytest.fixture(scope="module")
async def day(dev: Dev) -> AsyncIterator[Day]:
    since = datetime.now(UTC)
    async with client(dev.info.api) as http, client(dev.info.gateway) as gateway:
        operator = await lending.operator_of(http, dev.home)
        circle = await meet(http, gateway, operator, Random(1))
        for deed in DEEDS:
            await deed(circle)
        await circle.count()
        yield Day(since, circle)


async def test_a_day_on_which_nothing_breaks_is_right(dev: Dev, day: Day) -> None:
    verdict = await lending.judged(dev.home, day.journals, day.since)

    assert verdict.faults == []
    assert {"completed", "cancelled"} <= set(+judge.statuses(verdict.records))


@pytest.fixture
def database(dev: Dev) -> Iterator[psycopg.Connection]:
    """The sandbox's own, without its guards, in a transaction that comes to nothing."""
    with psycopg.connect(dev.info.superuser_url) as connection:
        connection.execute("SET LOCAL session_replication_role = replica")
        for table in GUARDED:
            connection.execute(f"ALTER TABLE {table} DISABLE TRIGGER USER".encode())
        yield connection
        connection.rollback()


@pytest.mark.parametrize("check", sorted(WRONGS))
def test_a_wrong_in_the_tables_is_named(database: psycopg.Connection, day: Day, check: str) -> None:
    names = [journal.who for journal in day.journals]

    assert any(database.execute(WRONGS[check].encode(), {"who": who}).rowcount for who in names)

    found = judge.faults(day.journals, records.read_on(database, names))
    assert any(check in fault.check for fault in found), found


async def test_every_blow_is_dealt_while_people_go_on(dev: Dev, day: Day) -> None:
    cuts = [Cut(0.0, line, is_whole=False) for line in Line]
    kills = [Kill(0.0, (victim,)) for victim in Victim]
    wild = storm.Storm(Killer(dev.home, Random(1)), Cutter(dev.home, Random(1)), say=print)

    await asyncio.gather(wild.rage([*cuts, *kills]), day.circle.lend())
    await day.circle.count()

    assert wild.damage.kills() == {victim.value: 1 for victim in Victim}
    assert wild.damage.cuts() == {line.value: 1 for line in Line}
    assert wild.damage.not_done() == []


async def test_a_verdict_waits_for_servers_that_were_killed_last(dev: Dev, day: Day) -> None:
    for victim in (Victim.TEMPORAL, Victim.POSTGRES):
        dev.kill(victim)

    verdict = await lending.judged(dev.home, day.journals, day.since)

    assert verdict.faults == []


@pytest.mark.long
@pytest.mark.timeout(600)
async def test_nothing_is_lost_in_a_storm(dev: Dev) -> None:
    told = await dev.run("chaos", "--minutes", "0.5", "--seed", "5")

    assert told.returncode == 0, told.stdout + told.stderr
    assert "Nothing was lost and nothing was doubled" in told.stdout
