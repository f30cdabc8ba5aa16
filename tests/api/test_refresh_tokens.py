"""How refresh tokens follow one another: races, thefts, and the end of a login."""

import asyncio
from datetime import timedelta
from uuid import UUID

import httpx
import pytest
from sqlalchemy import func, select, update

from api.accounts.tokens import digest
from domain.audit import AuditAction
from domain.messages.notice import NoticeKind
from models.database import Sessions
from models.user import LoginSession, RefreshToken
from settings import Settings
from tests.api.conftest import serving
from tests.api.people import PASSWORD, Person, problem
from tests.api.told import audited_of, notices_of

LATE = timedelta(seconds=11)
ROUNDS = 50
AT_ONCE = 8


async def refresh(http: httpx.AsyncClient, token: str) -> httpx.Response:
    return await http.post("/api/v1/auth/refresh/", json={"refresh_token": token})


async def refreshed(http: httpx.AsyncClient, token: str) -> str:
    answer = await refresh(http, token)
    assert answer.status_code == 200, answer.text
    return str(answer.json()["refresh_token"])


async def make_late(sessions: Sessions, token: str) -> None:
    async with sessions.begin() as session:
        await session.execute(
            update(RefreshToken)
            .where(RefreshToken.digest == digest(token))
            .values(used_at=RefreshToken.used_at - LATE)
        )


async def login_of(sessions: Sessions, person: Person) -> LoginSession:
    async with sessions() as session:
        statement = select(LoginSession).where(LoginSession.user_id == UUID(person.id))
        return (await session.scalars(statement)).one()


async def test_refreshing_without_a_token_is_401(http: httpx.AsyncClient) -> None:
    problem(await http.post("/api/v1/auth/refresh/", json={}), 401, "not_authenticated")
    problem(await refresh(http, "unknown-" * 5), 401, "not_authenticated")


async def test_a_token_used_again_at_once_does_no_harm(
    http: httpx.AsyncClient, sara: Person
) -> None:
    first = (await refresh(http, sara.refresh_token)).json()
    assert first["token_type"] == "Bearer"
    assert first["expires_in"] == 600

    problem(await refresh(http, sara.refresh_token), 401, "not_authenticated")

    assert (await refresh(http, first["refresh_token"])).status_code == 200


async def test_of_parallel_refreshes_one_succeeds_and_none_does_harm(
    http: httpx.AsyncClient, sara: Person, sessions: Sessions
) -> None:
    token = sara.refresh_token
    for _ in range(ROUNDS):
        answers = await asyncio.gather(*(refresh(http, token) for _ in range(AT_ONCE)))
        [won] = [answer for answer in answers if answer.status_code == 200]
        for answer in answers:
            if answer is not won:
                problem(answer, 401, "not_authenticated")
        token = won.json()["refresh_token"]

    login = await login_of(sessions, sara)
    assert login.revoked_at is None
    async with sessions() as session:
        of_this_login = select(func.count()).where(RefreshToken.session_id == login.id)
        unused = of_this_login.where(RefreshToken.used_at.is_(None))
        assert await session.scalar(of_this_login) == ROUNDS + 1
        assert await session.scalar(unused) == 1
    assert (await refresh(http, token)).status_code == 200
    assert NoticeKind.SESSION_STOLEN not in await notices_of(sessions, sara)


async def test_a_token_used_again_later_ends_the_session(
    http: httpx.AsyncClient, sara: Person, sessions: Sessions
) -> None:
    newest = await refreshed(http, sara.refresh_token)
    await make_late(sessions, sara.refresh_token)

    problem(await refresh(http, sara.refresh_token), 401, "token_reused")

    problem(await refresh(http, newest), 401, "not_authenticated")
    problem(await sara.call("GET", "/auth/me/"), 401, "not_authenticated")


async def test_a_grandparent_kills_the_session_and_its_owner_is_told_once(
    http: httpx.AsyncClient, sara: Person, sessions: Sessions
) -> None:
    newest = await refreshed(http, await refreshed(http, sara.refresh_token))

    answers = await asyncio.gather(*(refresh(http, sara.refresh_token) for _ in range(AT_ONCE)))

    codes = sorted(answer.json()["code"] for answer in answers)
    assert codes == ["not_authenticated"] * (AT_ONCE - 1) + ["token_reused"]
    problem(await refresh(http, newest), 401, "not_authenticated")
    problem(await sara.call("GET", "/auth/me/"), 401, "not_authenticated")
    login = await login_of(sessions, sara)
    assert login.revoked_at is not None
    line = (await audited_of(sessions, sara))[-1]
    assert (line.action, line.actor_id) == (AuditAction.TOKEN_REUSED, None)
    assert (line.session_id, line.address) == (login.id, "127.0.0.1")
    [reused] = [answer for answer in answers if answer.json()["code"] == "token_reused"]
    assert line.request_id == reused.headers["x-request-id"]
    assert (await notices_of(sessions, sara)).count(NoticeKind.SESSION_STOLEN) == 1


async def test_the_owners_other_logins_go_on(
    http: httpx.AsyncClient, sara: Person, sessions: Sessions
) -> None:
    credentials = {"email": sara.email, "password": PASSWORD}
    other = (await http.post("/api/v1/auth/token/", json=credentials)).json()["refresh_token"]
    await refreshed(http, await refreshed(http, sara.refresh_token))

    problem(await refresh(http, sara.refresh_token), 401, "token_reused")

    await refreshed(http, other)


async def test_an_expired_refresh_token_is_refused(
    http: httpx.AsyncClient, sara: Person, sessions: Sessions
) -> None:
    async with sessions.begin() as session:
        await session.execute(
            update(RefreshToken)
            .where(RefreshToken.digest == digest(sara.refresh_token))
            .values(expires_at=func.now())
        )

    problem(await refresh(http, sara.refresh_token), 401, "not_authenticated")


async def test_a_login_ends_however_often_it_is_refreshed(
    http: httpx.AsyncClient, sara: Person, sessions: Sessions
) -> None:
    newest = await refreshed(http, sara.refresh_token)
    login = await login_of(sessions, sara)
    assert login.expires_at - login.created_at == pytest.approx(
        timedelta(days=90), abs=timedelta(minutes=1)
    )
    async with sessions.begin() as session:
        at_an_end = update(LoginSession).where(LoginSession.id == login.id)
        await session.execute(at_an_end.values(expires_at=func.now()))

    problem(await refresh(http, newest), 401, "not_authenticated")
    problem(await sara.call("GET", "/auth/me/"), 401, "not_authenticated")


async def test_no_token_outlives_its_login(
    settings: Settings, sara: Person, sessions: Sessions
) -> None:
    short = {"session_lifetime": timedelta(hours=1), "refresh_token_ttl": timedelta(days=14)}
    async with serving(settings.model_copy(update=short)) as http:
        body = {"email": sara.email, "password": PASSWORD}
        token = (await http.post("/api/v1/auth/token/", json=body)).json()["refresh_token"]
        newest = await refreshed(http, token)

    async with sessions() as session:
        stored = await session.get_one(RefreshToken, digest(newest))
        login = await session.get_one(LoginSession, stored.session_id)
    assert stored.expires_at == login.expires_at
    assert login.expires_at - login.created_at < timedelta(hours=1, minutes=1)


async def test_only_a_digest_of_a_refresh_token_is_stored(sara: Person, sessions: Sessions) -> None:
    async with sessions() as session:
        digests = set(await session.scalars(select(RefreshToken.digest)))

    assert sara.refresh_token.encode() not in digests
    assert {len(digest) for digest in digests} == {32}
