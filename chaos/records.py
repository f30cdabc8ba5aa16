"""What the database has stored of some people, read as of one moment and past the API."""

import json
from collections import Counter
from collections.abc import Collection
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Final, NamedTuple, TypeVar
from uuid import UUID

import psycopg
from psycopg import Cursor
from psycopg.rows import class_row

_TICKETS: Final = """
SELECT id, status, borrower_id, lender_id FROM tickets WHERE borrower_id = ANY(%(who)s)
"""
_TRANSITIONS: Final = """
SELECT line.ticket_id, line.action, line.actor_id, line.from_status AS source,
    line.to_status AS target
FROM ticket_transitions line JOIN tickets ticket ON ticket.id = line.ticket_id
WHERE ticket.borrower_id = ANY(%(who)s) ORDER BY line.id
"""
_PAYMENTS: Final = """
SELECT id, user_id, amount, status FROM payments WHERE user_id = ANY(%(who)s)
"""
_WITHDRAWALS: Final = """
SELECT id, user_id, amount, status FROM withdrawals WHERE user_id = ANY(%(who)s)
"""
# Both statements are asked: who sent finds it in theirs, and who received it in theirs.
_TRANSFERS: Final = """
SELECT t.id, sent.owner_id AS sender_id, received.owner_id AS receiver_id, debit.amount
FROM ledger_transactions t
JOIN ledger_entries debit ON debit.transaction_id = t.id AND debit.type = 'debit'
JOIN ledger_accounts sent ON sent.id = debit.account_id
JOIN ledger_entries credit ON credit.transaction_id = t.id AND credit.type = 'credit'
JOIN ledger_accounts received ON received.id = credit.account_id
WHERE t.kind = 'transfer' AND (sent.owner_id = ANY(%(who)s) OR received.owner_id = ANY(%(who)s))
"""
_WALLETS: Final = """
SELECT owner_id, balance FROM ledger_accounts
WHERE kind = 'user_wallet' AND owner_id = ANY(%(who)s)
"""
_REQUESTS: Final = """
SELECT caller, method, path, key, status, body FROM idempotent_requests
WHERE caller = ANY(%(who)s)
"""
_LETTERS: Final = """
SELECT user_id, kind, count(*) FROM messages
WHERE channel = 'email' AND user_id = ANY(%(who)s) GROUP BY user_id, kind
"""
_EVENTS: Final = """
SELECT ticket_id, count(*) FROM events
WHERE kind = 'ticket' AND recipient_id = ANY(%(who)s) GROUP BY ticket_id
"""

Row = TypeVar("Row")


class Ticket(NamedTuple):
    id: UUID
    status: str
    borrower_id: UUID
    lender_id: UUID


class Transition(NamedTuple):
    ticket_id: UUID
    action: str
    actor_id: UUID | None
    source: str | None
    target: str


class Money(NamedTuple):
    """A payment or a withdrawal."""

    id: UUID
    user_id: UUID
    amount: Decimal
    status: str


class Transfer(NamedTuple):
    id: UUID
    sender_id: UUID
    receiver_id: UUID
    amount: Decimal


class RequestName(NamedTuple):
    caller: UUID
    method: str
    path: str
    key: str


class Kept(NamedTuple):
    """The answer that was kept for a request."""

    status: int | None
    body: Any


@dataclass
class Records:
    """Everything about some people; `letters` are counted by reader and kind."""

    tickets: dict[UUID, Ticket]
    transitions: dict[UUID, list[Transition]]
    payments: dict[UUID, Money]
    withdrawals: dict[UUID, Money]
    transfers: list[Transfer]
    wallets: dict[UUID, Decimal]
    requests: dict[RequestName, Kept]
    letters: Counter[tuple[UUID, str]]
    events: Counter[UUID]


def read(database_url: str, who: Collection[UUID]) -> Records:
    with psycopg.connect(database_url) as connection:
        connection.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ
        return read_on(connection, who)


def read_on(connection: psycopg.Connection[Any], who: Collection[UUID]) -> Records:
    """Read in the transaction of a connection."""
    named = {"who": list(who)}

    def rows(statement: str, row: type[Row]) -> list[Row]:
        cursor: Cursor[Row] = connection.cursor(row_factory=class_row(row))
        return cursor.execute(statement.encode(), named).fetchall()

    def pairs(statement: str) -> list[tuple[Any, ...]]:
        return connection.execute(statement.encode(), named).fetchall()

    tickets = {ticket.id: ticket for ticket in rows(_TICKETS, Ticket)}
    timelines: dict[UUID, list[Transition]] = {ticket_id: [] for ticket_id in tickets}
    for line in rows(_TRANSITIONS, Transition):
        timelines[line.ticket_id].append(line)
    return Records(
        tickets=tickets,
        transitions=timelines,
        payments={one.id: one for one in rows(_PAYMENTS, Money)},
        withdrawals={one.id: one for one in rows(_WITHDRAWALS, Money)},
        transfers=rows(_TRANSFERS, Transfer),
        wallets=dict(pairs(_WALLETS)),
        requests={
            RequestName(*name): Kept(status, None if body is None else json.loads(body))
            for *name, status, body in pairs(_REQUESTS)
        },
        letters=Counter({(reader, kind): count for reader, kind, count in pairs(_LETTERS)}),
        events=Counter(dict(pairs(_EVENTS))),
    )
