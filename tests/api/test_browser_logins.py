"""The cookies of a browser's login, and the CSRF token that goes with them."""

import asyncio
from typing import Any

import httpx

from api.accounts.cookies import REFRESH_PATH
from tests.api.people import PASSWORD, Person, problem


async def log_in(browser: httpx.AsyncClient, person: Person) -> Any:
    body = {"email": person.email, "password": PASSWORD}
    answer = await browser.post("/api/v1/auth/login/", json=body)
    assert answer.status_code == 200, answer.text
    assert answer.headers["cache-control"] == "no-store"
    return answer.json()


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


async def test_a_refresh_that_finds_its_login_ended_clears_the_cookies(
    browser: httpx.AsyncClient, sara: Person
) -> None:
    await log_in(browser, sara)
    assert (await sara.call("POST", "/auth/logout-all/")).status_code == 204

    problem(await browser.post("/api/v1/auth/refresh/"), 401, "not_authenticated")

    assert not browser.cookies


async def test_a_stolen_cookie_that_comes_back_is_cleared(
    browser: httpx.AsyncClient, sara: Person
) -> None:
    await log_in(browser, sara)
    stolen = browser.cookies["rt"]
    for _ in range(2):
        assert (await browser.post("/api/v1/auth/refresh/")).status_code == 200
    browser.cookies.set("rt", stolen, domain="localhost.local", path=REFRESH_PATH)

    problem(await browser.post("/api/v1/auth/refresh/"), 401, "token_reused")

    assert not browser.cookies


async def test_of_two_tabs_that_refresh_the_slower_one_does_not_log_the_browser_out(
    browser: httpx.AsyncClient, sara: Person
) -> None:
    await log_in(browser, sara)

    answers = await asyncio.gather(*(browser.post("/api/v1/auth/refresh/") for _ in range(2)))

    won, lost = sorted(answers, key=lambda answer: answer.status_code)
    assert won.status_code == 200
    problem(lost, 401, "not_authenticated")
    assert "set-cookie" not in lost.headers
    assert (await browser.get("/api/v1/auth/me/")).status_code == 200
