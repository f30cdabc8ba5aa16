"""Passwords: which are taken, how they are stored, compared and changed."""

import asyncio
import time
from typing import Any
from uuid import UUID, uuid4

import httpx
import pytest
from argon2 import PasswordHasher
from sqlalchemy import update

from api.accounts import passwords
from api.accounts.passwords import Passwords, hash_chosen, hash_password
from domain.audit import AuditAction
from domain.errors import ValidationFailed
from domain.messages.notice import NoticeKind
from models.account_secrets import token_digest
from models.database import Sessions
from models.queries import account_tokens
from models.queries.account_tokens import Issued
from models.user import User
from tests import given
from tests.api.people import PASSWORD, Person, problem
from tests.api.told import audited_of, notices_of

NEW = "seven lamps over the bazaar"
CHANGE = "/auth/password/change/"
EMAIL = "leila.karimi1@example.com"
COMMON = [
    "password1234",
    "123456789012",
    "qwertyuiop123",
    "Password123!",
    "p@ssw0rd1234",
    "1q2w3e4r5t6y",
    "iloveyou1234",
    "administrator",
    "passwordpassword",
    "abcdefghijkl",
    "aaaaaaaaaaaaaaaaaaaaaaaa",
    "qwertyqwertyqwertyqwertyqwerty",
]


async def log_in(http: httpx.AsyncClient, email: str, password: str) -> httpx.Response:
    body = {"email": email, "password": password}
    return await http.post("/api/v1/auth/token/", json=body)


def change(current: str, new: str) -> dict[str, str]:
    return {"current_password": current, "new_password": new}


async def stored_hash(sessions: Sessions, person: Person) -> str | None:
    async with sessions() as session:
        return (await session.get_one(User, UUID(person.id))).password_hash


async def store(sessions: Sessions, person: Person, **values: Any) -> None:
    async with sessions.begin() as session:
        await session.execute(update(User).where(User.id == UUID(person.id)).values(values))


@pytest.fixture(autouse=True)
def real_cost(real_hasher: PasswordHasher, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(passwords, "_HASHER", real_hasher)


@pytest.mark.parametrize("password", COMMON)
def test_a_common_password_is_refused(password: str) -> None:
    with pytest.raises(ValidationFailed, match="among the first"):
        hash_chosen(password, EMAIL, "/password")


@pytest.mark.parametrize(
    "password",
    [
        PASSWORD,
        NEW,
        "TestPassword123!",
        "kx7-fq2-mm9z",
        "رودخانه از کنار باغ",
        "aaaaaaaaaaaaaaaa nobody would go on like this",
    ],
)
def test_any_other_password_is_taken(password: str) -> None:
    assert hash_chosen(password, EMAIL, "/password").startswith("$argon2id$")


@pytest.mark.parametrize("password", [EMAIL, EMAIL.upper(), "Leila.Karimi1"])
def test_ones_own_address_is_no_password(password: str) -> None:
    with pytest.raises(ValidationFailed, match="no secret"):
        hash_chosen(password, EMAIL, "/password")


@pytest.mark.parametrize("password", ["kx7-fq2-mm9", "e\u0301" * 11, "kx7 " * 33])
def test_a_password_is_measured_in_the_form_that_is_hashed(password: str) -> None:
    with pytest.raises(ValidationFailed, match="12 to 128"):
        hash_chosen(password, EMAIL, "/password")


def test_no_password_takes_long_to_judge() -> None:
    """A guesser of every l33t spelling would be busy with this one for minutes."""
    since = time.process_time()

    hash_chosen("@4({[<369!1|70$5+%2" * 6, EMAIL, "/password")

    assert time.process_time() - since < 1


@pytest.mark.parametrize("where", ["/auth/register/", CHANGE])
async def test_a_refused_password_is_pointed_at_and_not_repeated(sara: Person, where: str) -> None:
    field = "password" if where != CHANGE else "new_password"
    bodies: dict[str, Any] = {
        "/auth/register/": {"email": f"{uuid4().hex}@example.test", "full_name": "Sara"},
        CHANGE: {"current_password": PASSWORD},
    }
    for bad in ("password1234", "short"):
        answer = await sara.call("POST", where, bodies[where] | {field: bad})

        [error] = problem(answer, 422, "validation_error")["errors"]
        assert error["pointer"] == f"/{field}"
        assert bad not in answer.text


async def test_a_changed_password_ends_all_other_logins_and_is_told(
    http: httpx.AsyncClient, sara: Person, sessions: Sessions
) -> None:
    other = (await log_in(http, sara.email, PASSWORD)).json()

    answer = await sara.call("POST", CHANGE, change(PASSWORD, NEW))

    assert (answer.status_code, answer.content) == (204, b"")
    await sara.get("/auth/me/")
    headers = {"Authorization": f"Bearer {other['access_token']}"}
    problem(await http.get("/api/v1/auth/me/", headers=headers), 401, "not_authenticated")
    body = {"refresh_token": other["refresh_token"]}
    problem(await http.post("/api/v1/auth/refresh/", json=body), 401, "not_authenticated")
    problem(await log_in(http, sara.email, PASSWORD), 401, "invalid_credentials")
    assert (await log_in(http, sara.email, NEW)).status_code == 200
    [line] = [
        line
        for line in await audited_of(sessions, sara)
        if line.action == AuditAction.PASSWORD_CHANGED
    ]
    assert (str(line.actor_id), line.request_id) == (sara.id, answer.headers["x-request-id"])
    assert (await notices_of(sessions, sara)).count(NoticeKind.PASSWORD_CHANGED) == 1


async def test_a_changed_password_takes_back_a_link_that_was_sent_before(
    http: httpx.AsyncClient, sara: Person, sessions: Sessions
) -> None:
    token = "a-link-that-somebody-else-found-in-the-mail"
    sent = Issued(UUID(sara.id), NoticeKind.PASSWORD_RESET, token_digest(token))
    async with sessions.begin() as session:
        await account_tokens.issue(session, sent)

    assert (await sara.call("POST", CHANGE, change(PASSWORD, NEW))).status_code == 204

    body = {"token": token, "new_password": "eleven boats below the bridge"}
    answer = await http.post("/api/v1/auth/password/reset/confirm/", json=body)
    problem(answer, 422, "validation_error")
    assert (await log_in(http, sara.email, NEW)).status_code == 200


async def test_without_the_current_password_nothing_changes(
    http: httpx.AsyncClient, sara: Person, sessions: Sessions
) -> None:
    before = await stored_hash(sessions, sara)

    answer = await sara.call("POST", CHANGE, change("not the password", NEW))

    problem(answer, 401, "invalid_credentials")
    assert await stored_hash(sessions, sara) == before
    assert NoticeKind.PASSWORD_CHANGED not in await notices_of(sessions, sara)


async def test_a_named_change_is_done_once_and_answered_again(
    sara: Person, sessions: Sessions
) -> None:
    key = uuid4().hex
    first = await sara.call("POST", CHANGE, change(PASSWORD, NEW), key=key)

    again = await sara.call("POST", CHANGE, change(PASSWORD, NEW), key=key)

    assert (first.status_code, again.status_code, again.content) == (204, 204, b"")
    assert again.headers["idempotency-replayed"] == "true"
    other = await sara.call("POST", CHANGE, change(PASSWORD, f"{NEW}!"), key=key)
    problem(other, 422, "idempotency_key_reused")
    assert (await notices_of(sessions, sara)).count(NoticeKind.PASSWORD_CHANGED) == 1


async def test_of_two_changes_at_once_one_is_made(sara: Person, sessions: Sessions) -> None:
    wishes = [f"{NEW} {number}" for number in range(4)]

    answers = await asyncio.gather(
        *(sara.call("POST", CHANGE, change(PASSWORD, wish)) for wish in wishes)
    )

    statuses = [answer.status_code for answer in answers]
    assert sorted(statuses) == [204, 401, 401, 401]
    won = wishes[statuses.index(204)]
    assert (await Passwords().verify(won, await stored_hash(sessions, sara))).is_right
    assert (await notices_of(sessions, sara)).count(NoticeKind.PASSWORD_CHANGED) == 1


@pytest.mark.parametrize(
    "meanwhile",
    [{"password_hash": hash_password(NEW)}, {"is_active": False}],
    ids=["password", "account"],
)
async def test_no_login_begins_once_its_password_or_account_is_gone(
    browser: httpx.AsyncClient, sara: Person, sessions: Sessions, meanwhile: dict[str, Any]
) -> None:
    """What ends all logins must not miss one whose password is being compared at that moment."""
    transport: Any = browser._transport
    slots: asyncio.Semaphore = transport.app.state.services.passwords._slots
    taken = 0
    while not slots.locked():
        await slots.acquire()
        taken += 1
    login = asyncio.create_task(log_in(browser, sara.email, PASSWORD))

    async def has_read_the_hash() -> bool:
        return bool(slots._waiters)

    await given.eventually(has_read_the_hash)
    await store(sessions, sara, **meanwhile)
    for _ in range(taken):
        slots.release()

    problem(await login, 401, "invalid_credentials")
    lines = await audited_of(sessions, sara)
    assert [line.action for line in lines].count(AuditAction.LOGIN) == 1  # that of the fixture


async def test_who_has_no_password_logs_in_by_none(
    http: httpx.AsyncClient, sara: Person, sessions: Sessions
) -> None:
    await store(sessions, sara, password_hash=None)

    for tried in (PASSWORD, "None", "nobody has this password"):
        problem(await log_in(http, sara.email, tried), 401, "invalid_credentials")
    problem(await sara.call("POST", CHANGE, change(PASSWORD, NEW)), 401, "invalid_credentials")


async def test_logging_in_renews_a_hash_of_old_parameters(
    http: httpx.AsyncClient, sara: Person, sessions: Sessions
) -> None:
    old = PasswordHasher(time_cost=1, memory_cost=8 * 1024, parallelism=1).hash(PASSWORD)
    await store(sessions, sara, password_hash=old)
    problem(await log_in(http, sara.email, "not the password"), 401, "invalid_credentials")
    assert await stored_hash(sessions, sara) == old

    answers = await asyncio.gather(*(log_in(http, sara.email, PASSWORD) for _ in range(3)))

    assert [answer.status_code for answer in answers] == [200] * 3
    new = await stored_hash(sessions, sara)
    assert new != old
    assert new
    assert "m=19456,t=2,p=1" in new
    assert (await log_in(http, sara.email, PASSWORD)).status_code == 200
    assert await stored_hash(sessions, sara) == new


class Counting(PasswordHasher):
    """Compares as always, and counts how often."""

    def __init__(self) -> None:
        super().__init__(time_cost=2, memory_cost=19 * 1024, parallelism=1)
        self.compared = 0

    def verify(self, hash: str | bytes, password: str | bytes) -> Any:  # noqa: A002
        self.compared += 1
        return super().verify(hash, password)


async def test_an_unknown_address_is_as_much_work_as_a_known_one(
    http: httpx.AsyncClient, sara: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    counting = Counting()
    monkeypatch.setattr(passwords, "_HASHER", counting)
    answers = []

    for number, email in enumerate([sara.email, f"{uuid4().hex}@example.test"], start=1):
        answers.append(await log_in(http, email, "not the password"))
        assert counting.compared == number

    known, unknown = [problem(answer, 401, "invalid_credentials") for answer in answers]
    assert known | {"request_id": ""} == unknown | {"request_id": ""}


async def test_composed_letters_are_one_letter() -> None:
    stored = hash_password("caf\u00e9 au lait")

    verdict = await Passwords().verify("cafe\u0301 au lait", stored)

    assert verdict.is_right
    assert verdict.rehashed is None


async def test_a_hash_that_is_none_lets_nobody_in() -> None:
    broken = "$argon2id$v=19$m=8,t=1,p=1$c29tZXNhbHQ$"

    assert not (await Passwords().verify("anything at all", broken)).is_right


async def test_hashing_leaves_the_event_loop_free() -> None:
    one = Passwords()
    ticks = 0

    async def tick() -> None:
        nonlocal ticks
        while True:
            await asyncio.sleep(0)
            ticks += 1

    ticking = asyncio.create_task(tick())
    await asyncio.gather(*(one.hash_chosen(NEW, EMAIL, "/password") for _ in range(4)))
    ticking.cancel()

    assert ticks > 10
