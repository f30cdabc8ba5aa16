"""Cookies, CSRF, and how refresh tokens follow one another."""

import asyncio
from datetime import timedelta
from typing import Any

import httpx
from sqlalchemy import func, update

from api.tokens import digest
from models.database import Sessions
from models.user import RefreshToken
from tests.api.people import PASSWORD, Person, problem

LATE = timedelta(seconds=11)


async def log_in(browser: httpx.AsyncClient, person: Person) -> Any:
    body = {"email": person.email, "password": PASSWORD}
    answer = await browser.post("/api/v1/auth/login/", json=body)
    assert answer.status_code == 200, answer.text
    assert answer.headers["cache-control"] == "no-store"
    return answer.json()


async def refresh(http: httpx.AsyncClient, token: str) -> httpx.Response:
    return await http.post("/api/v1/auth/refresh/", json={"refresh_token": token})


async def make_late(sessions: Sessions, token: str) -> None:
    async with sessions.begin() as session:
        await session.execute(
            update(RefreshToken)
            .where(RefreshToken.digest == digest(token))
            .values(used_at=RefreshToken.used_at - LATE)
        )


async def test_a_browser_changes_things_only_with_the_csrf_token(
    browser: httpx.AsyncClient, sara: Person
) -> None:
    login = await log_in(browser, sara)
    me = "/api/v1/auth/me/"

    assert (await browser.get(me)).json() == login["user"]
    problem(await browser.patch(me, json={"locale": "en"}), 403, "csrf_failed")
    forged = {"X-CSRF-Token": "0" * 64}
    problem(await browser.patch(me, json={"locale": "en"}, headers=forged), 403, "csrf_failed")

    token = (await browser.get("/api/v1/auth/csrf/")).json()["csrf_token"]
    assert token == login["csrf_token"] == browser.cookies["csrf"]
    answer = await browser.patch(me, json={"locale": "en"}, headers={"X-CSRF-Token": token})
    assert answer.json()["locale"] == "en"


async def test_a_header_wins_over_a_cookie(
    browser: httpx.AsyncClient, sara: Person, omid: Person
) -> None:
    await log_in(browser, sara)

    bearer = {"Authorization": f"Bearer {omid.token}"}
    answer = await browser.patch("/api/v1/auth/me/", json={"locale": "en"}, headers=bearer)

    assert answer.json()["email"] == omid.email
    bad = {"Authorization": "Bearer nonsense"}
    problem(await browser.get("/api/v1/auth/me/", headers=bad), 401, "not_authenticated")


async def test_another_sessions_csrf_token_is_of_no_use(
    browser: httpx.AsyncClient, sara: Person
) -> None:
    old = (await log_in(browser, sara))["csrf_token"]
    await log_in(browser, sara)

    answer = await browser.post("/api/v1/auth/logout/", headers={"X-CSRF-Token": old})

    problem(answer, 403, "csrf_failed")


async def test_logging_out_clears_the_cookies(browser: httpx.AsyncClient, sara: Person) -> None:
    token = (await log_in(browser, sara))["csrf_token"]

    answer = await browser.post("/api/v1/auth/logout/", headers={"X-CSRF-Token": token})

    assert answer.status_code == 204
    assert not browser.cookies
    problem(await browser.get("/api/v1/auth/me/"), 401, "not_authenticated")


async def test_a_browser_refreshes_with_its_cookie(
    browser: httpx.AsyncClient, sara: Person
) -> None:
    await log_in(browser, sara)
    before = dict(browser.cookies)

    answer = await browser.post("/api/v1/auth/refresh/")

    assert answer.json()["user"]["email"] == sara.email
    assert browser.cookies["rt"] != before["rt"]
    assert browser.cookies["csrf"] == before["csrf"]
    assert (await browser.get("/api/v1/auth/me/")).status_code == 200


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


async def test_a_token_used_again_later_ends_the_session(
    http: httpx.AsyncClient, sara: Person, sessions: Sessions
) -> None:
    first = (await refresh(http, sara.refresh_token)).json()
    await make_late(sessions, sara.refresh_token)

    problem(await refresh(http, sara.refresh_token), 401, "token_reused")

    problem(await refresh(http, first["refresh_token"]), 401, "not_authenticated")
    problem(await sara.call("GET", "/auth/me/"), 401, "not_authenticated")


async def test_a_grandparent_is_never_excused(http: httpx.AsyncClient, sara: Person) -> None:
    first = (await refresh(http, sara.refresh_token)).json()
    await refresh(http, first["refresh_token"])

    problem(await refresh(http, sara.refresh_token), 401, "token_reused")


async def test_of_parallel_refreshes_one_succeeds_and_none_does_harm(
    http: httpx.AsyncClient, sara: Person
) -> None:
    answers = await asyncio.gather(*(refresh(http, sara.refresh_token) for _ in range(8)))

    won = [answer for answer in answers if answer.status_code == 200]
    assert len(won) == 1
    for answer in answers:
        if answer is not won[0]:
            problem(answer, 401, "not_authenticated")
    assert (await refresh(http, won[0].json()["refresh_token"])).status_code == 200


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
