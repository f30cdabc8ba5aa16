"""A forgotten password: one answer for everybody, one link for its owner, and a clean sheet."""

from typing import Any
from uuid import UUID, uuid4

import httpx
import pytest
from sqlalchemy import event, select, text, update

from domain.audit import AuditAction
from domain.messages.notice import MessageStatus, NoticeKind
from models.account_token import AccountToken
from models.database import Sessions
from models.message import MessageRow
from models.user import User
from settings import Settings
from tests import given
from tests.api.conftest import FRONTEND, serving
from tests.api.people import PASSWORD, Person, problem
from tests.api.told import audited_of, notices_of
from tests.outbox import Outbox

pytestmark = pytest.mark.usefixtures("worker")
ASK = "/api/v1/auth/password/reset/"
CONFIRM = "/api/v1/auth/password/reset/confirm/"
PAGE = f"{FRONTEND}/reset-password"
NEW = "seven lamps over the bazaar"


@pytest.fixture
def outbox(gateway: httpx.AsyncClient) -> Outbox:
    return Outbox(gateway)


async def ask(http: httpx.AsyncClient, email: str) -> httpx.Response:
    return await http.post(ASK, json={"email": email})


async def token_of(http: httpx.AsyncClient, outbox: Outbox, person: Person) -> str:
    """Ask for a link; the first letter of an account is another one."""
    await outbox.letter(person.email)
    assert (await ask(http, person.email)).status_code == 202
    return await outbox.token(person.email, PAGE, 2)


async def log_in(http: httpx.AsyncClient, person: Person, password: str) -> httpx.Response:
    return await http.post(
        "/api/v1/auth/token/", json={"email": person.email, "password": password}
    )


async def test_a_reset_sets_the_password_and_ends_every_login(
    http: httpx.AsyncClient, sara: Person, outbox: Outbox, sessions: Sessions
) -> None:
    token = await token_of(http, outbox, sara)

    answer = await http.post(CONFIRM, json={"token": token, "new_password": NEW})

    assert (answer.status_code, answer.content) == (204, b"")
    assert "set-cookie" not in answer.headers
    problem(await sara.call("GET", "/auth/me/"), 401, "not_authenticated")
    refreshed = await http.post("/api/v1/auth/refresh/", json={"refresh_token": sara.refresh_token})
    problem(refreshed, 401, "not_authenticated")
    problem(await log_in(http, sara, PASSWORD), 401, "invalid_credentials")
    assert (await log_in(http, sara, NEW)).status_code == 200
    lines = [line.action for line in await audited_of(sessions, sara)]
    assert lines.count(AuditAction.PASSWORD_RESET) == 1
    assert (await notices_of(sessions, sara)).count(NoticeKind.PASSWORD_CHANGED) == 1
    told = await outbox.letter(sara.email, 3)
    assert token not in told["text"]


async def test_known_and_unknown_addresses_hear_the_same_and_cost_the_same(
    settings: Settings, http: httpx.AsyncClient, sara: Person, sessions: Sessions
) -> None:
    nobody = f"{uuid4().hex}@example.test"
    async with serving(settings) as own:
        known, first = await watched(own, sara.email)
        unknown, second = await watched(own, nobody)

    assert known.json() == unknown.json() == {"status": "queued"}
    assert (known.status_code, unknown.status_code) == (202, 202)
    volatile = {"x-request-id", "ratelimit", "date"}
    kept = [
        {name: value for name, value in answer.headers.items() if name not in volatile}
        for answer in (known, unknown)
    ]
    assert kept[0] == kept[1]
    assert first == second
    assert len(first) >= 3


async def watched(own: httpx.AsyncClient, email: str) -> tuple[httpx.Response, list[str]]:
    """Ask for a link, and return the statements that this took as well."""
    transport: Any = own._transport
    pool = transport.app.state.services.sessions.kw["bind"].sync_engine
    statements: list[str] = []

    def note(_: Any, __: Any, statement: str, *___: Any) -> None:
        statements.append(statement)

    event.listen(pool, "before_cursor_execute", note)
    answer = await ask(own, email)
    event.remove(pool, "before_cursor_execute", note)
    return answer, statements


async def test_an_unknown_address_is_sent_nothing_and_forgotten(
    http: httpx.AsyncClient, outbox: Outbox, sessions: Sessions
) -> None:
    nobody = f"{uuid4().hex}@example.test"
    key = str(uuid4())
    await http.post(ASK, json={"email": nobody}, headers={"Idempotency-Key": key})

    async def is_over() -> bool:
        async with sessions() as session:
            rows = await session.execute(
                select(MessageRow.address).where(
                    MessageRow.kind == NoticeKind.PASSWORD_RESET, MessageRow.address == nobody
                )
            )
            return not rows.all()

    await given.eventually(is_over)
    assert await outbox.to(nobody) == []
    async with sessions() as session:
        told = await session.execute(text("SELECT t::text FROM messages t"))
        assert nobody not in " ".join(told.scalars())
        ended = await session.scalars(
            select(MessageRow).where(MessageRow.kind == NoticeKind.PASSWORD_RESET)
        )
        assert any(
            row.status is MessageStatus.FAILED and row.user_id is None for row in ended.all()
        )


async def test_a_link_works_once_and_an_older_one_not_at_all(
    http: httpx.AsyncClient, sara: Person, outbox: Outbox
) -> None:
    older = await token_of(http, outbox, sara)
    await ask(http, sara.email)
    newer = await outbox.token(sara.email, PAGE, 3)

    refused = await http.post(CONFIRM, json={"token": older, "new_password": NEW})
    problem(refused, 422, "validation_error")
    taken = await http.post(CONFIRM, json={"token": newer, "new_password": NEW})
    assert taken.status_code == 204
    again = await http.post(CONFIRM, json={"token": newer, "new_password": NEW + "!"})
    body = problem(again, 422, "validation_error")
    assert body["errors"][0]["pointer"] == "/token"
    problem(await log_in(http, sara, NEW + "!"), 401, "invalid_credentials")


async def test_a_repeat_of_the_request_hears_the_same(
    http: httpx.AsyncClient, sara: Person, outbox: Outbox, sessions: Sessions
) -> None:
    body = {"token": await token_of(http, outbox, sara), "new_password": NEW}
    key = {"Idempotency-Key": str(uuid4())}

    answers = [await http.post(CONFIRM, json=body, headers=key) for _ in range(3)]

    assert [answer.status_code for answer in answers] == [204, 204, 204]
    assert (await notices_of(sessions, sara)).count(NoticeKind.PASSWORD_CHANGED) == 1


async def test_an_expired_link_is_refused(
    http: httpx.AsyncClient, sara: Person, outbox: Outbox, sessions: Sessions
) -> None:
    token = await token_of(http, outbox, sara)
    async with sessions.begin() as session:
        lives = await session.scalar(
            text(
                "SELECT extract(epoch FROM expires_at - created_at) FROM account_tokens "
                "WHERE user_id = :id AND purpose = 'password_reset'"
            ),
            {"id": sara.id},
        )
        await session.execute(
            update(AccountToken)
            .where(AccountToken.user_id == UUID(sara.id))
            .values(expires_at=text("clock_timestamp()"))
        )

    assert lives == 30 * 60
    refused = await http.post(CONFIRM, json={"token": token, "new_password": NEW})
    problem(refused, 422, "validation_error")


@pytest.mark.parametrize("weak", ["short", "passwordpassword", "{email}"])
async def test_a_weak_password_is_refused_and_the_link_still_works(
    http: httpx.AsyncClient, sara: Person, outbox: Outbox, weak: str
) -> None:
    token = await token_of(http, outbox, sara)
    body = {"token": token, "new_password": weak.format(email=sara.email)}

    refused = problem(await http.post(CONFIRM, json=body), 422, "validation_error")

    assert refused["errors"][0]["pointer"] == "/new_password"
    assert (await http.post(CONFIRM, json=body | {"new_password": NEW})).status_code == 204


async def test_a_closed_account_is_sent_no_link_and_takes_none(
    http: httpx.AsyncClient, sara: Person, outbox: Outbox, sessions: Sessions
) -> None:
    token = await token_of(http, outbox, sara)
    async with sessions.begin() as session:
        (await session.get_one(User, UUID(sara.id))).is_active = False

    await ask(http, sara.email)

    async def is_over() -> bool:
        async with sessions() as session:
            open_ones = await session.scalars(
                select(MessageRow).where(MessageRow.status == MessageStatus.QUEUED)
            )
            return sara.email not in {row.address for row in open_ones}

    await given.eventually(is_over)
    assert len(await outbox.to(sara.email)) == 2
    refused = await http.post(CONFIRM, json={"token": token, "new_password": NEW})
    problem(refused, 422, "validation_error")


async def test_one_address_is_not_flooded(http: httpx.AsyncClient, settings: Settings) -> None:
    email = f"{uuid4().hex}@example.test"
    allowed = settings.limit_reset_account.count

    answers = [(await ask(http, email)).status_code for _ in range(allowed + 1)]

    assert answers == [202] * allowed + [429]
