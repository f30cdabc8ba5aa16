"""Live events over real connections: each once, in order, whatever is cut in between."""

import asyncio
import random
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack
from decimal import Decimal
from typing import Any
from uuid import UUID

import httpx
import psycopg
import pytest
from pydantic import TypeAdapter
from sqlalchemy import text

from api.live.hub import NAME
from api.schemas.events import DisputeNoteEvent, PaymentEvent, TicketEvent
from domain.payment import PaymentStatus
from domain.ticket import Action
from models.base import new_id
from models.database import Sessions
from models.queries import tickets
from models.ticket import DisputeNoteRow
from sandbox.postgres import Postgres
from tests import given, loans
from tests.api.people import PASSWORD, Person, join, problem
from tests.api.streams import Client, Server, server

pytestmark = pytest.mark.xdist_group("streams")  # two processes for all tests of this file
LOANS = 40
AT_ONCE = 4
STEPS = 4
PER_LOAN = len(loans.STORY)
CUTS = 50
IDLE = 500
POOL = 5
SOON_S = 3  # a logout holds within two seconds
SCHEMA: TypeAdapter[Any] = TypeAdapter(TicketEvent | DisputeNoteEvent | PaymentEvent)
Servers = tuple[Server, Server]
REMIND = text(
    "INSERT INTO ticket_transitions (ticket_id, at, action, from_status, to_status, command_id)"
    " VALUES (:id, now(), 'remind', 'pending', 'pending', gen_random_uuid()::text)"
)


@pytest.fixture(scope="module")
def servers(tmp_path_factory: pytest.TempPathFactory, database_url: str) -> Iterator[Servers]:
    folder = tmp_path_factory.mktemp("servers")
    small = {"DATABASE_POOL_SIZE": str(POOL)}
    with (
        server(folder, database_url, **small) as one,
        server(folder, database_url, **small) as another,
    ):
        yield one, another


@pytest.fixture
async def http(servers: Servers) -> AsyncIterator[httpx.AsyncClient]:
    async with httpx.AsyncClient(base_url=servers[0].url, timeout=30, trust_env=False) as http:
        yield http


async def rich(sessions: Sessions, person: Person) -> UUID:
    user_id = UUID(person.id)
    await given.money_in_wallet(sessions, user_id, LOANS * loans.PRICE)
    return user_id


async def check_story(sessions: Sessions, client: Client) -> None:
    """Check that a client was told what the timelines of its tickets say, once and in order."""
    assert client.ids == sorted(set(client.ids))
    for ticket_id in {event.data["ticket_id"] for event in client.told}:
        told = [event.data for event in client.told if event.data["ticket_id"] == ticket_id]
        async with sessions() as session:
            lines = await tickets.timeline(session, UUID(ticket_id))
        assert [event["action"] for event in told] == [line.action for line in lines]


async def test_a_client_that_is_cut_fifty_times_sees_each_event_once_and_in_order(
    servers: Servers, sessions: Sessions, sara: Person, omid: Person
) -> None:
    """Whichever process it comes back to; half of its connections break within an event."""
    borrower, lender = await rich(sessions, omid), UUID(sara.id)
    client, allowed = Client(omid.token), asyncio.Semaphore(0)

    async def lend() -> None:
        for _ in range(LOANS // AT_ONCE):
            await loans.whole(sessions, borrower, lender, allowed.acquire)

    async with client.connected(servers[0].url) as connection:
        await connection.read()  # it stands somewhere before anything happens
    lending = asyncio.gather(*(lend() for _ in range(AT_ONCE)))
    steps = 0
    for cut in range(1, CUTS + 1):
        async with client.connected(random.choice(servers).url) as connection:
            while steps < LOANS * STEPS * cut // CUTS:
                allowed.release()
                steps += 1
            # A step is an event at least, so these come for sure, and others may.
            while len(client.told) < steps - random.randrange(4):
                await connection.read()
            if len(client.told) < steps:
                await connection.read(cut_within=True)
    await lending
    await client.follow(servers[0].url, LOANS * PER_LOAN)

    assert len(client.told) == LOANS * PER_LOAN
    await check_story(sessions, client)


async def test_everybody_sees_their_own_and_nothing_else(
    servers: Servers, sessions: Sessions, sara: Person, omid: Person, stranger: Person
) -> None:
    people = [Client(who.token) for who in (sara, omid, stranger)]
    async with AsyncExitStack() as stack:
        connections = [
            await stack.enter_async_context(each.connected(servers[0].url)) for each in people
        ]
        for connection in connections:
            await connection.read()
        ticket = await loans.whole(sessions, await rich(sessions, omid), UUID(sara.id))
        await given.a_payment(sessions, user_id=UUID(stranger.id), status=PaymentStatus.PENDING)
        expected = [PER_LOAN, PER_LOAN, 1]
        for connection, number in zip(connections, expected, strict=True):
            await connection.read_until(number)

    assert [len(each.told) for each in people] == expected
    for party in people[:2]:
        assert [event.data["action"] for event in party.told] == loans.STORY
        assert {event.data["ticket_id"] for event in party.told} == {str(ticket.id)}
    [payment] = people[2].told
    assert (payment.kind, payment.data["amount"]) == ("payment", "250000.00")


async def test_a_tickets_stream_tells_of_this_ticket_from_the_first_line_on(
    servers: Servers, sessions: Sessions, sara: Person, omid: Person
) -> None:
    borrower, lender = UUID(omid.id), UUID(sara.id)
    ours, other = [await loans.requested(sessions, borrower, lender) for _ in range(2)]
    client = Client(omid.token, f"/api/v1/tickets/{ours.id}/events/", last_id=0)
    async with client.connected(servers[0].url) as connection:
        await connection.read_until(1)
        for ticket in (other, ours):
            await loans.move(sessions, ticket, Action.DECLINE)
        await connection.read_until(2)

    assert [event.data["action"] for event in client.told] == ["request", "decline"]
    assert {event.data["ticket_id"] for event in client.told} == {str(ours.id)}


async def test_an_event_with_a_lower_number_that_is_committed_later_is_not_lost(
    servers: Servers, sessions: Sessions, superuser_url: str, sara: Person, omid: Person
) -> None:
    borrower, lender = UUID(omid.id), UUID(sara.id)
    early, late = [await loans.requested(sessions, borrower, lender) for _ in range(2)]
    client = Client(omid.token)
    async with client.connected(servers[0].url) as connection:
        await connection.read()
        async with sessions.begin() as slow:
            await slow.execute(REMIND, {"id": early.id})
            await loans.move(sessions, late, Action.DECLINE)
            await given.eventually(lambda: readers_wait(superuser_url))
        await connection.read_until(2)

    assert [event.data["action"] for event in client.told] == ["remind", "decline"]
    assert client.ids == sorted(client.ids)


async def readers_wait(superuser_url: str) -> bool:
    """Tell whether all who read the log wait for transactions that are under way."""
    [waiting] = await asked(
        superuser_url,
        "SELECT bool_and(query LIKE '%%pg_snapshot_xmin%%') FROM pg_stat_activity"
        " WHERE application_name = %s",
    )
    return bool(waiting)


async def test_an_event_that_nobody_was_woken_for_is_found(
    servers: Servers, sessions: Sessions, omid: Person
) -> None:
    client = Client(omid.token)
    async with client.connected(servers[0].url) as connection, sessions() as other:
        await connection.read()
        await other.execute(text("SELECT pg_advisory_xact_lock(hashtext('events'))"))
        await given.a_payment(sessions, user_id=UUID(omid.id))
        await connection.read_until(1)

    assert [event.kind for event in client.told] == ["payment"]


async def test_the_readers_connection_is_killed_again_and_again_and_nothing_is_lost(
    servers: Servers, sessions: Sessions, superuser_url: str, sara: Person, omid: Person
) -> None:
    borrower, lender = await rich(sessions, omid), UUID(sara.id)
    client, number = Client(omid.token), 4
    async with client.connected(servers[0].url) as connection:
        await connection.read()
        for _ in range(number):
            await given.eventually(lambda: killed_readers(superuser_url))  # once it is back
            await loans.whole(sessions, borrower, lender)
        await connection.read_until(number * PER_LOAN)

    assert len(client.told) == number * PER_LOAN
    await check_story(sessions, client)


async def killed_readers(superuser_url: str) -> bool:
    """Cut the connections of all who read the log; tell whether there was one."""
    statement = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = %s"
    return bool(await asked(superuser_url, statement))


async def asked(superuser_url: str, statement: str) -> list[Any]:
    """Ask about the connections of those who read the log; return what is said of each."""
    async with await psycopg.AsyncConnection.connect(superuser_url, autocommit=True) as connection:
        return [row[0] for row in await (await connection.execute(statement, [NAME])).fetchall()]


async def test_a_stream_ends_with_its_login_and_others_go_on(
    servers: Servers, http: httpx.AsyncClient, sessions: Sessions, omid: Person
) -> None:
    credentials = {"email": omid.email, "password": PASSWORD}
    again = (await http.post("/api/v1/auth/token/", json=credentials)).json()["access_token"]
    ending, staying = Client(omid.token), Client(again)
    async with (
        ending.connected(servers[0].url) as first,
        staying.connected(servers[0].url) as second,
    ):
        for connection in (first, second):
            await connection.read()
        assert (await omid.call("POST", "/auth/logout/")).status_code == 204

        async with asyncio.timeout(SOON_S):
            assert not await first.read()
        await given.a_payment(sessions, user_id=UUID(omid.id))
        await second.read_until(1)

    assert len(staying.told) == 1
    problem(await omid.call("GET", "/events/"), 401, "not_authenticated")


async def test_what_is_sent_is_what_the_document_says(
    servers: Servers, sessions: Sessions, sara: Person, omid: Person
) -> None:
    ticket = await loans.requested(sessions, UUID(omid.id), UUID(sara.id))
    await given.a_payment(sessions, user_id=UUID(omid.id), amount=Decimal(123_456))
    async with sessions.begin() as session:
        note = {"id": new_id(), "ticket_id": ticket.id, "author_id": UUID(sara.id)}
        session.add(DisputeNoteRow(**note, at=given.NOW, note="It is scratched."))
    client = Client(omid.token, last_id=0)
    await client.follow(servers[0].url, 3)

    kinds = [SCHEMA.validate_python(event.data).kind for event in client.told]
    assert kinds == ["ticket", "payment", "dispute_note"] == [event.kind for event in client.told]
    assert client.told[0].data["at"] == "2026-11-22T12:00:00Z"
    assert client.told[1].data["amount"] == "123456.00"
    assert client.told[1].data["ticket_id"] is None


async def test_a_number_that_is_none_of_ours_begins_anew(
    servers: Servers, sessions: Sessions, omid: Person
) -> None:
    """The database was restored, say: waiting until it comes by that number would be silence."""
    client = Client(omid.token, last_id=10**15)
    async with client.connected(servers[0].url) as connection:
        await connection.read()
        await given.a_payment(sessions, user_id=UUID(omid.id))
        await connection.read_until(1)

    assert [event.kind for event in client.told] == ["payment"]
    assert client.last_id
    assert client.last_id < 10**15


async def test_the_first_request_of_a_browser_names_its_place_in_the_query(
    servers: Servers, sessions: Sessions, omid: Person
) -> None:
    for _ in range(3):
        await given.a_payment(sessions, user_id=UUID(omid.id))
    client = Client(omid.token)
    client.path += "?last_event_id=0"
    await client.follow(servers[0].url, 3)
    assert client.last_id == client.ids[2]

    await given.a_payment(sessions, user_id=UUID(omid.id))
    await client.follow(servers[0].url, 4)  # now it sends the header, too, which counts

    assert client.ids == sorted(set(client.ids))


async def test_five_hundred_idle_clients_cost_little_memory_and_no_connection(
    servers: Servers, postgres: Postgres, sessions: Sessions, omid: Person
) -> None:
    async with AsyncExitStack() as stack:

        async def followers(number: int) -> list[asyncio.StreamReader]:
            return await asyncio.gather(*(idle(stack, servers[0], omid) for _ in range(number)))

        await followers(AT_ONCE)  # what the first ones load is no matter of the others
        memory = servers[0].resident_bytes
        readers = [one for _ in range(IDLE // 50) for one in await followers(50)]
        grown = servers[0].resident_bytes - memory
        connections = servers[0].connections_to(postgres.port)

        await given.a_payment(sessions, user_id=UUID(omid.id))
        async with asyncio.timeout(SOON_S * 5):
            heard = await asyncio.gather(*(one.readuntil(b"event: payment") for one in readers))

    assert grown < 100e6
    assert connections <= POOL + 1  # the pool that every request uses, and the reader of the log
    assert len(heard) == IDLE


async def idle(stack: AsyncExitStack, at: Server, who: Person) -> asyncio.StreamReader:
    reader, writer = await asyncio.open_connection("127.0.0.1", at.port)
    stack.callback(writer.close)
    writer.write(
        b"GET /api/v1/events/ HTTP/1.1\r\nHost: localhost\r\n"
        b"Authorization: Bearer " + who.token.encode() + b"\r\n\r\n"
    )
    await reader.readuntil(b"id: ")
    return reader


async def test_a_server_that_is_asked_to_stop_does_not_wait_for_its_streams(
    tmp_path_factory: pytest.TempPathFactory, database_url: str
) -> None:
    with server(tmp_path_factory.mktemp("stopping"), database_url) as stopping:
        async with httpx.AsyncClient(base_url=stopping.url, trust_env=False) as http:
            client = Client((await join(http)).token)
        async with client.connected(stopping.url) as connection:
            await connection.read()
            stopping.child.ask_to_stop()
            async with asyncio.timeout(15):  # the server's own patience is twice that
                assert not await connection.read()
                await given.eventually(lambda: has_ended(stopping))

        assert "Traceback" not in stopping.child.log.read_text()


async def has_ended(it: Server) -> bool:
    return not it.child.running
