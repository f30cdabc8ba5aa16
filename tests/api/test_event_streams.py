"""Who may follow what, and what becomes of a client that does not keep up."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

import httpx
import psycopg
import pytest
from fastapi import FastAPI
from sqlalchemy import text

from api.app import create_app
from api.live.subscriptions import MOST_WAITING
from domain.payment import PaymentStatus
from models.base import new_id
from models.database import Sessions
from models.queries import events
from settings import Settings
from tests import given, loans
from tests.api.conftest import serving
from tests.api.people import Person, join, problem
from tests.api.streams import STREAM, Client, Connection

SOON_S = 10
TOO_MANY = MOST_WAITING + 100


def of_ticket(ticket_id: object) -> str:
    return f"/tickets/{ticket_id}/events/"


async def test_nobody_follows_without_a_login(http: httpx.AsyncClient) -> None:
    for path in (STREAM, f"/api/v1{of_ticket(new_id())}"):
        problem(await http.get(path), 401, "not_authenticated")


async def test_a_tickets_stream_is_for_its_parties_alone(
    sara: Person, omid: Person, stranger: Person, operator: Person, sessions: Sessions
) -> None:
    ticket = await loans.requested(sessions, UUID(omid.id), UUID(sara.id))

    for other in (stranger, operator):
        problem(await other.call("GET", of_ticket(ticket.id)), 404, "not_found")
    problem(await omid.call("GET", of_ticket(new_id())), 404, "not_found")
    problem(await omid.call("GET", of_ticket("none")), 404, "not_found")


@pytest.mark.parametrize("place", ["", "x", "-1", "1.0", "1_0", " 1", "٣", "9" * 19])
async def test_a_place_that_is_no_number_is_refused(sara: Person, place: str) -> None:
    answer = await sara.call("GET", "/events/", last_event_id=place)

    body = problem(answer, 422, "validation_error")
    assert body["errors"][0]["pointer"] == "/query/last_event_id"


async def test_a_header_that_is_no_number_is_refused(sara: Person) -> None:
    headers = {"Authorization": f"Bearer {sara.token}", "Last-Event-ID": "yesterday"}

    answer = await sara.http.get(STREAM, headers=headers)

    body = problem(answer, 422, "validation_error")
    assert body["errors"][0]["pointer"] == "/header/Last-Event-ID"


async def test_a_stream_ends_with_its_token_and_says_how_it_is_to_be_handled(
    settings: Settings,
) -> None:
    short = settings.model_copy(update={"access_token_ttl": timedelta(seconds=2)})
    async with serving(short) as http:
        person = await join(http)

        async with asyncio.timeout(SOON_S):
            answer = await person.call("GET", "/events/")  # returns when the stream has ended

    assert answer.status_code == 200
    assert answer.headers["content-type"] == "text/event-stream; charset=utf-8"
    assert answer.headers.get_list("cache-control") == ["no-store"]
    assert answer.headers["x-accel-buffering"] == "no"
    assert answer.text.startswith("id: ")


class Line:
    """A connection over ASGI whose client takes what is sent only when it is let."""

    def __init__(self, client: Client) -> None:
        self.is_taking = asyncio.Event()
        self.connection = Connection(client, self._chunks())
        self._client = client
        self._gone = asyncio.Event()
        self._sent: asyncio.Queue[bytes | None] = asyncio.Queue()

    async def run(self, app: FastAPI) -> None:
        headers = {
            "host": "localhost",
            "authorization": f"Bearer {self._client.token}",
            **({"last-event-id": str(self._client.last_id)} if self._client.last_id else {}),
        }
        scope = {
            "type": "http",
            "asgi": {"version": "3.0", "spec_version": "2.3"},
            "http_version": "1.1",
            "method": "GET",
            "scheme": "http",
            "path": self._client.path,
            "query_string": b"",
            "headers": [(name.encode(), value.encode()) for name, value in headers.items()],
        }
        await app(scope, self._receive, self._send)  # type: ignore[arg-type]  # ours are dicts

    async def _receive(self) -> dict[str, Any]:
        await self._gone.wait()
        return {"type": "http.disconnect"}

    async def _send(self, message: dict[str, Any]) -> None:
        if message["type"] == "http.response.body":
            self._sent.put_nowait(message["body"] if message.get("more_body") else None)
            await self.is_taking.wait()

    async def _chunks(self) -> AsyncIterator[bytes]:
        while (chunk := await self._sent.get()) is not None:
            yield chunk

    def hang_up(self) -> None:
        self._gone.set()


async def test_a_client_that_takes_nothing_is_cut_off_and_reads_on_later(
    settings: Settings, sessions: Sessions, omid: Person
) -> None:
    client, app = Client(omid.token), create_app(settings)
    async with app.router.lifespan_context(app):
        slow = Line(client)
        async with asyncio.timeout(SOON_S), asyncio.TaskGroup() as group:
            group.create_task(slow.run(app))
            await slow.connection.read()
            last = await many_events(sessions, UUID(omid.id))
            await given.eventually(lambda: has_offered(app, last))
            slow.is_taking.set()
            assert not await slow.connection.read()  # the end, and nothing that had waited
        assert client.told == []

        back = Line(client)
        back.is_taking.set()
        async with asyncio.timeout(SOON_S), asyncio.TaskGroup() as group:
            group.create_task(back.run(app))
            await back.connection.read_until(TOO_MANY)
            back.hang_up()

    assert len(set(client.ids)) == len(client.told) == TOO_MANY
    assert client.ids == sorted(client.ids)
    assert client.last_id == last


async def test_an_api_that_stops_waits_for_what_is_read_for_a_client_that_went_away(
    settings: Settings, superuser_url: str, sessions: Sessions, omid: Person
) -> None:
    """Nobody would close a connection that comes back to a pool which is closed."""
    client, app = Client(omid.token), create_app(settings)
    last = await many_events(sessions, UUID(omid.id))
    client.last_id = last - 1  # so it has missed one, which is read first
    async with await psycopg.AsyncConnection.connect(superuser_url) as other:
        async with app.router.lifespan_context(app), asyncio.timeout(SOON_S):
            await given.eventually(lambda: has_offered(app, last))
            await other.execute("LOCK TABLE events IN ACCESS EXCLUSIVE MODE")
            line = Line(client)
            following = asyncio.create_task(line.run(app))
            await given.eventually(lambda: is_held_up(superuser_url))
            line.hang_up()
            await following
            release = asyncio.create_task(after_a_moment(other.rollback))

        assert release.done()


async def is_held_up(superuser_url: str) -> bool:
    waiting = "SELECT count(*) FROM pg_locks WHERE NOT granted AND relation = 'events'::regclass"
    async with await psycopg.AsyncConnection.connect(superuser_url) as connection:
        found = await (await connection.execute(waiting)).fetchone()
    return found == (1,)


async def after_a_moment(act: Callable[[], Awaitable[None]]) -> None:
    await asyncio.sleep(0.2)
    await act()


async def many_events(sessions: Sessions, payer: UUID) -> int:
    """Change a payment back and forth in one transaction; return the number of the last event."""
    payment = await given.a_payment(
        sessions, user_id=payer, status=PaymentStatus.PENDING, amount=Decimal(10_000)
    )
    change = text("UPDATE payments SET status = :status WHERE id = :id")
    async with sessions.begin() as session:
        for number in range(TOO_MANY - 1):
            status = "pending" if number % 2 else "expired"
            await session.execute(change, {"id": payment.id, "status": status})
    async with sessions() as session:
        return await events.newest(session, 2**62)


async def has_offered(app: FastAPI, number: int) -> bool:
    position: int = app.state.services.events.position
    return position >= number
