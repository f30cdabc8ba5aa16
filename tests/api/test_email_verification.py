"""An e-mail address is proven by a link that is sent to it, once, and by nothing else."""

from uuid import UUID, uuid4

import httpx
import pytest
from sqlalchemy import select, text, update

from domain import ids
from domain.audit import AuditAction
from engine.client import connect
from models.account_token import AccountToken
from models.audit import AuditRow
from models.database import Sessions
from models.message import MessageRow
from settings import Settings
from tests.api.conftest import FRONTEND
from tests.api.people import Person, problem
from tests.conftest import KEYS
from tests.outbox import Outbox
from tests.payloads import texts_in

pytestmark = pytest.mark.usefixtures("worker")
CONFIRM = "/api/v1/auth/email/verify/confirm/"
PAGE = f"{FRONTEND}/verify-email"


@pytest.fixture
def outbox(gateway: httpx.AsyncClient) -> Outbox:
    return Outbox(gateway)


async def grow_old(sessions: Sessions, person: Person) -> None:
    """Let the half minute pass that lies between two requests for a message."""
    async with sessions.begin() as session:
        await session.execute(
            update(MessageRow)
            .where(MessageRow.user_id == UUID(person.id))
            .values(created_at=text("created_at - interval '31 seconds'"))
        )


async def test_registering_sends_a_link_that_verifies(
    http: httpx.AsyncClient, sara: Person, outbox: Outbox, sessions: Sessions
) -> None:
    assert (await sara.get("/auth/me/"))["email_verified"] is False
    token = await outbox.token(sara.email, PAGE)

    answer = await http.post(CONFIRM, json={"token": token})

    assert (answer.status_code, answer.content) == (204, b"")
    assert (await sara.get("/auth/me/"))["email_verified"] is True
    async with sessions() as session:
        told = await session.scalars(
            select(AuditRow.action).where(AuditRow.object == f"user:{sara.id}")
        )
        assert list(told).count(AuditAction.EMAIL_VERIFIED) == 1


async def test_a_repeated_registration_sends_one_letter(
    http: httpx.AsyncClient, outbox: Outbox, sessions: Sessions
) -> None:
    email, key = f"{uuid4().hex}@example.test", str(uuid4())
    body = {"email": email, "password": "correct horse battery", "full_name": "Sara"}
    for _ in range(3):
        answer = await http.post(
            "/api/v1/auth/register/", json=body, headers={"Idempotency-Key": key}
        )
        assert answer.status_code == 201, answer.text

    await outbox.letter(email)
    async with sessions() as session:
        user_id = UUID(answer.json()["id"])
        found = await session.scalars(select(MessageRow).where(MessageRow.user_id == user_id))
        assert len(found.all()) == 1


async def test_a_link_works_once_and_a_repeat_of_the_request_hears_the_same(
    http: httpx.AsyncClient, sara: Person, outbox: Outbox
) -> None:
    body = {"token": await outbox.token(sara.email, PAGE)}
    key = {"Idempotency-Key": str(uuid4())}

    assert (await http.post(CONFIRM, json=body, headers=key)).status_code == 204
    assert (await http.post(CONFIRM, json=body, headers=key)).status_code == 204
    again = problem(await http.post(CONFIRM, json=body), 422, "validation_error")
    assert again["errors"][0]["pointer"] == "/token"


async def test_wrong_used_replaced_and_expired_links_are_refused_alike(
    http: httpx.AsyncClient, sara: Person, outbox: Outbox, sessions: Sessions
) -> None:
    replaced = await outbox.token(sara.email, PAGE)
    await grow_old(sessions, sara)
    asked = await sara.call("POST", "/auth/email/verify/")
    assert (asked.status_code, asked.json()) == (202, {"status": "queued"})
    expired = await outbox.token(sara.email, PAGE, 2)
    async with sessions.begin() as session:
        await session.execute(
            update(AccountToken)
            .where(AccountToken.user_id == UUID(sara.id))
            .values(expires_at=text("clock_timestamp()"))
        )

    refusals = [
        problem(await http.post(CONFIRM, json={"token": token}), 422, "validation_error")
        for token in (replaced, expired, "x" * 43)
    ]

    assert len({(one["detail"], str(one["errors"])) for one in refusals}) == 1
    assert (await sara.get("/auth/me/"))["email_verified"] is False


async def test_a_link_of_another_purpose_verifies_nothing(
    http: httpx.AsyncClient, sara: Person, outbox: Outbox
) -> None:
    await outbox.letter(sara.email)
    await http.post("/api/v1/auth/password/reset/", json={"email": sara.email})
    token = await outbox.token(sara.email, f"{FRONTEND}/reset-password", 2)

    problem(await http.post(CONFIRM, json={"token": token}), 422, "validation_error")


async def test_links_are_asked_for_once_in_half_a_minute(sara: Person, sessions: Sessions) -> None:
    refused = await sara.call("POST", "/auth/email/verify/")

    problem(refused, 429, "rate_limited")
    assert 1 <= int(refused.headers["Retry-After"]) <= 30
    await grow_old(sessions, sara)
    assert (await sara.call("POST", "/auth/email/verify/")).status_code == 202


async def test_what_is_verified_is_not_verified_again(
    http: httpx.AsyncClient, sara: Person, outbox: Outbox, sessions: Sessions
) -> None:
    await http.post(CONFIRM, json={"token": await outbox.token(sara.email, PAGE)})
    await grow_old(sessions, sara)

    refused = problem(await sara.call("POST", "/auth/email/verify/"), 409, "illegal_transition")

    assert refused["facts"] == {"status": "verified"}


async def test_the_host_that_a_request_names_is_in_no_link(
    http: httpx.AsyncClient, sara: Person, outbox: Outbox, sessions: Sessions
) -> None:
    await grow_old(sessions, sara)
    headers = {
        "Authorization": f"Bearer {sara.token}",
        "Host": "127.0.0.1",
        "X-Forwarded-Host": "evil.test",
    }
    answer = await http.post("/api/v1/auth/email/verify/", headers=headers)
    assert answer.status_code == 202, answer.text

    letter = await outbox.letter(sara.email, 2)

    assert PAGE in letter["text"]
    assert "evil" not in letter["text"]
    assert "127.0.0.1" not in letter["text"]


async def test_neither_a_row_nor_a_history_holds_the_secret_or_the_address(
    sara: Person, outbox: Outbox, sessions: Sessions, settings: Settings
) -> None:
    token = await outbox.token(sara.email, PAGE)

    async with sessions() as session:
        for table in ("messages", "account_tokens", "idempotent_requests"):
            rows = await session.execute(text(f"SELECT t::text FROM {table} t"))
            stored = " ".join(rows.scalars())
            assert stored
            assert token not in stored
            assert token.encode().hex() not in stored
    client = await connect(settings.temporal_address, namespace="default", keys=KEYS)
    handle = client.get_workflow_handle(ids.message_workflow(UUID(sara.id)))
    assert await handle.result() == "sent"
    told = " ".join(await texts_in(handle))
    assert sara.id in told
    assert token not in told
    assert sara.email not in told
