"""Every event is logged with what it tells of, once for each one who is told, and for good."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import timedelta
from decimal import Decimal
from uuid import UUID

import pytest
from psycopg import AsyncConnection
from sqlalchemy import create_engine, insert, text, update
from sqlalchemy.exc import DBAPIError, ProgrammingError

from domain.event import Event, EventKind
from domain.payment import Notice, PaymentStatus
from domain.ticket import Action
from models.base import new_id
from models.database import Sessions, psycopg_url
from models.payment import PaymentRow
from models.queries import events
from models.ticket import DisputeNoteRow
from tests import given, loans
from tests.conftest import as_application

LONG_AGO = 0
FOR_EVER = 2**62
IN_TIME_S = 5.0
REMIND = text(
    "INSERT INTO ticket_transitions (ticket_id, at, action, from_status, to_status, command_id)"
    " VALUES (:id, now(), 'remind', 'pending', 'pending', gen_random_uuid()::text)"
)


async def told(sessions: Sessions, user_id: UUID | None = None) -> Sequence[Event]:
    async with sessions() as session:
        return await events.between(session, LONG_AGO, FOR_EVER, 1000, recipient_id=user_id)


async def update_payment(sessions: Sessions, payment_id: UUID, *steps: dict[str, object]) -> None:
    for values in steps:
        async with sessions.begin() as session:
            await session.execute(
                update(PaymentRow).where(PaymentRow.id == payment_id).values(values)
            )


async def test_both_parties_of_a_ticket_are_told_what_its_timeline_says(
    own_sessions: Sessions,
) -> None:
    borrower, lender, stranger = [await given.a_user(own_sessions) for _ in range(3)]
    await given.money_in_wallet(own_sessions, borrower, loans.PRICE)

    ticket = await loans.whole(own_sessions, borrower, lender)

    for party in (borrower, lender):
        story = await told(own_sessions, party)
        assert [event.data["action"] for event in story] == loans.STORY
        assert {(event.kind, event.ticket_id) for event in story} == {(EventKind.TICKET, ticket.id)}
        assert story[1].data == {
            "action": "accept",
            "from": "pending",
            "to": "accepted",
            "actor_id": str(lender),
            "reason": None,
            "note": None,
            "details": {},
        }
        assert story[3].data["actor_id"] == "system"
        assert story[3].at == ticket.created_at + timedelta(minutes=1)
    assert await told(own_sessions, stranger) == []


async def test_what_did_not_happen_is_not_told(own_sessions: Sessions) -> None:
    borrower, lender = [await given.a_user(own_sessions) for _ in range(2)]
    ticket = await loans.requested(own_sessions, borrower, lender)

    async with own_sessions() as session:
        await session.execute(
            text(
                "INSERT INTO ticket_transitions (ticket_id, at, action, to_status, command_id)"
                " VALUES (:id, now(), 'remind', 'pending', 'x')"
            ),
            {"id": ticket.id},
        )
        await session.rollback()

    assert [event.data["action"] for event in await told(own_sessions, borrower)] == ["request"]


async def test_both_parties_hear_of_a_note(own_sessions: Sessions) -> None:
    borrower, lender = [await given.a_user(own_sessions) for _ in range(2)]
    ticket = await loans.requested(own_sessions, borrower, lender)
    note = {"id": new_id(), "ticket_id": ticket.id, "author_id": lender, "at": given.NOW}
    async with own_sessions.begin() as session:
        await session.execute(insert(DisputeNoteRow).values(note | {"note": "It is scratched."}))

    for party in (borrower, lender):
        event = (await told(own_sessions, party))[-1]
        assert (event.kind, event.ticket_id, event.at) == ("dispute_note", ticket.id, given.NOW)
        assert event.data == {
            "note_id": str(note["id"]),
            "author_id": str(lender),
            "note": "It is scratched.",
        }


async def test_a_payer_hears_of_every_status_and_notice_and_of_nothing_else(
    own_sessions: Sessions,
) -> None:
    payer = await given.a_user(own_sessions)
    payment = await given.a_payment(
        own_sessions, user_id=payer, status=PaymentStatus.PENDING, amount=Decimal(250_000)
    )

    await update_payment(
        own_sessions,
        payment.id,
        {"redirect_url": "https://pay.example/1"},
        {"status": PaymentStatus.PENDING},
        {"status": PaymentStatus.PAID, "paid_at": given.NOW},
        {"notice": Notice.KEPT_IN_WALLET},
    )

    story = await told(own_sessions, payer)
    assert [(event.data["status"], event.data["notice"]) for event in story] == [
        ("pending", None),
        ("paid", None),
        ("paid", "kept_in_wallet"),
    ]
    assert {(event.kind, event.data["payment_id"], event.data["amount"]) for event in story} == {
        (EventKind.PAYMENT, str(payment.id), "250000.00")
    }


async def test_events_that_are_committed_in_another_order_are_waited_for(
    own_sessions: Sessions,
) -> None:
    """A reader that went on to the higher number would never read the lower one."""
    borrower, lender = [await given.a_user(own_sessions) for _ in range(2)]
    early, late = [await loans.requested(own_sessions, borrower, lender) for _ in range(2)]
    before = len(await told(own_sessions, borrower))
    async with own_sessions() as slow:
        await slow.execute(REMIND, {"id": early.id})
        async with own_sessions.begin() as quick:
            await quick.execute(REMIND, {"id": late.id})
        seen = await told(own_sessions, borrower)
        async with own_sessions() as session:
            at = await events.horizon(session, known=-1)
        assert at
        async with own_sessions() as session:
            assert not await events.has_settled(session, at)

        await slow.commit()
    async with own_sessions() as session:
        assert await events.has_settled(session, at)
        whole = await events.between(session, LONG_AGO, at.number, 1000, recipient_id=borrower)

    assert [event.ticket_id for event in seen[before:]] == [late.id]
    assert [event.ticket_id for event in whole[before:]] == [early.id, late.id]


async def test_a_look_that_finds_nothing_new_costs_no_transaction_id(
    own_sessions: Sessions,
) -> None:
    taken = text("SELECT pg_current_xact_id_if_assigned() IS NOT NULL")
    async with own_sessions() as session:
        assert await events.horizon(session, known=0) is None
        assert not await session.scalar(taken)

        assert await events.horizon(session, known=-1)
        assert await session.scalar(taken)


@asynccontextmanager
async def heard(url: str) -> AsyncIterator[list[str]]:
    """Collect what is notified within a block; complete when the block is over."""
    words: list[str] = []
    async with await AsyncConnection.connect(as_application(url), autocommit=True) as connection:
        await connection.execute("LISTEN events")
        yield words
        await connection.execute("NOTIFY events, 'the end'")
        async for notice in connection.notifies(timeout=IN_TIME_S):
            if notice.payload == "the end":
                return
            words.append(notice.payload)
    raise AssertionError("the end was not heard")


async def test_a_commit_wakes_those_who_listen_once(
    own_sessions: Sessions, own_database: str
) -> None:
    borrower, lender = [await given.a_user(own_sessions) for _ in range(2)]
    async with heard(own_database) as words:
        await loans.requested(own_sessions, borrower, lender)

    assert len(await told(own_sessions)) == 2
    assert words == [""]


async def test_who_finds_another_one_notifying_does_not_queue_behind_it(
    own_sessions: Sessions, own_database: str
) -> None:
    async with heard(own_database) as words, own_sessions() as other:
        await other.execute(text("SELECT pg_advisory_xact_lock(hashtext('events'))"))
        async with asyncio.timeout(IN_TIME_S):
            await given.a_payment(own_sessions)

    assert len(await told(own_sessions)) == 1
    assert words == []


@pytest.mark.parametrize(
    "change",
    [
        "INSERT INTO events (recipient_id, at, kind, data) VALUES (NULL, now(), 'ticket', '{}')",
        "UPDATE events SET kind = 'ticket'",
        "DELETE FROM events",
        "TRUNCATE events",
        "SELECT setval('events_seq_seq', 1)",
    ],
)
async def test_the_application_cannot_write_events(sessions: Sessions, change: str) -> None:
    with pytest.raises(ProgrammingError, match="permission denied"):
        async with sessions.begin() as session:
            await session.execute(text(change))


@pytest.mark.parametrize(
    "change", ["UPDATE events SET kind = 'ticket'", "DELETE FROM events", "TRUNCATE events"]
)
def test_not_even_the_owner_changes_an_event(own_database: str, change: str) -> None:
    engine = create_engine(psycopg_url(own_database))

    with pytest.raises(DBAPIError, match="is append-only"), engine.begin() as connection:
        connection.execute(text(change))

    engine.dispose()


async def test_the_clients_of_one_ticket_read_nothing_of_another(own_sessions: Sessions) -> None:
    borrower, lender = [await given.a_user(own_sessions) for _ in range(2)]
    first, second = [await loans.requested(own_sessions, borrower, lender) for _ in range(2)]
    await loans.move(own_sessions, second, Action.DECLINE)

    async with own_sessions() as session:
        of_first, of_second = [
            await events.between(
                session, LONG_AGO, FOR_EVER, 10, recipient_id=borrower, ticket_id=ticket.id
            )
            for ticket in (first, second)
        ]

    assert [event.data["action"] for event in of_first] == ["request"]
    assert [event.data["action"] for event in of_second] == ["request", "decline"]
    assert of_second[-1].data["reason"] == "declined"
