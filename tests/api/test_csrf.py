"""A page that is not ours can make a browser send things, cookies and all: none of it counts."""

import json
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any
from uuid import uuid4

import httpx
import pytest

from api.openapi import document as openapi_document
from api.perimeter.csrf import SAFE_METHODS
from settings import Settings
from tests.api.conftest import FRONTEND, serving
from tests.api.people import PASSWORD, Person, problem

OURS = "http://localhost"
EVIL = "http://evil.example"
# From where a request comes, as a browser tells it, and whether it may act.
PAGES: dict[str, tuple[dict[str, str], bool]] = {
    "a program": ({}, True),
    "our own page": ({"Sec-Fetch-Site": "same-origin", "Origin": OURS}, True),
    "the user's own hand": ({"Sec-Fetch-Site": "none"}, True),
    "the frontend": ({"Sec-Fetch-Site": "cross-site", "Origin": FRONTEND}, True),
    "the frontend beside us": ({"Sec-Fetch-Site": "same-site", "Origin": FRONTEND}, True),
    "another host of our site": (
        {"Sec-Fetch-Site": "same-site", "Origin": "http://x.localhost"},
        False,
    ),
    "a stranger's page": ({"Sec-Fetch-Site": "cross-site", "Origin": EVIL}, False),
    "a page that hides its origin": ({"Sec-Fetch-Site": "cross-site"}, False),
    "a frame in a sandbox": ({"Sec-Fetch-Site": "cross-site", "Origin": "null"}, False),
    "a word that no browser says": ({"Sec-Fetch-Site": "whatever", "Origin": EVIL}, False),
    "a name that begins like ours": (
        {"Sec-Fetch-Site": "cross-site", "Origin": f"{FRONTEND}.evil.example"},
        False,
    ),
    "an old browser, our own page": ({"Origin": OURS}, True),
    "an old browser, the frontend": ({"Origin": FRONTEND}, True),
    "an old browser, a stranger": ({"Origin": EVIL}, False),
    "an old browser, a hidden origin": ({"Origin": "null"}, False),
    "an old browser, another scheme": ({"Origin": "https://localhost"}, False),
    "an old browser, another port": ({"Origin": f"{OURS}:8080"}, False),
    "only a referrer, our own page": ({"Referer": f"{OURS}/docs"}, True),
    "only a referrer, a stranger": ({"Referer": f"{EVIL}/{OURS}/"}, False),
    "only a referrer that is none": ({"Referer": "http://["}, False),
}


@dataclass
class Browser:
    """A browser in which somebody is logged in."""

    http: httpx.AsyncClient
    person: Person
    csrf: str

    async def send(
        self, method: str, path: str, body: Any, page: dict[str, str], **more: str
    ) -> httpx.Response:
        headers = page | {name.replace("_", "-"): value for name, value in more.items()}
        return await self.http.request(method, f"/api/v1{path}", json=body, headers=headers)


Send = Callable[[Browser, dict[str, str]], Awaitable[httpx.Response]]
ME = {"locale": "en"}


async def changing(browser: Browser, page: dict[str, str]) -> httpx.Response:
    return await browser.send("PATCH", "/auth/me/", ME, page, X_CSRF_Token=browser.csrf)


async def removing(browser: Browser, page: dict[str, str]) -> httpx.Response:
    path = f"/auth/sessions/{uuid4()}/"
    return await browser.send("DELETE", path, None, page, X_CSRF_Token=browser.csrf)


async def registering(browser: Browser, page: dict[str, str]) -> httpx.Response:
    body = {"email": f"{uuid4().hex}@example.test", "password": PASSWORD, "full_name": "Eve"}
    return await browser.send("POST", "/auth/register/", body, page)


async def logging_in(browser: Browser, page: dict[str, str]) -> httpx.Response:
    body = {"email": browser.person.email, "password": PASSWORD}
    answer = await browser.send("POST", "/auth/login/", body, page)
    if answer.is_success:
        browser.csrf = answer.json()["csrf_token"]
    return answer


async def refreshing(browser: Browser, page: dict[str, str]) -> httpx.Response:
    return await browser.send("POST", "/auth/refresh/", None, page)


async def refreshing_beside_a_bearer(browser: Browser, page: dict[str, str]) -> httpx.Response:
    """The cookie is used all the same: a header that sets others aside is no way round."""
    bearer = f"Bearer {browser.person.token}"
    return await browser.send("POST", "/auth/refresh/", None, page, Authorization=bearer)


BY_COOKIE: dict[Send, int] = {
    changing: 200,
    removing: 404,
    registering: 201,
    logging_in: 200,
    refreshing: 200,
    refreshing_beside_a_bearer: 200,
}


@pytest.fixture
async def logged_in(browser: httpx.AsyncClient, sara: Person) -> Browser:
    made = Browser(browser, sara, "")
    assert (await logging_in(made, {})).status_code == 200
    return made


@pytest.mark.parametrize("page", PAGES)
@pytest.mark.parametrize("send", BY_COOKIE, ids=lambda send: send.__name__)
async def test_what_uses_or_sets_a_cookie_comes_from_our_pages(
    logged_in: Browser, send: Send, page: str
) -> None:
    headers, may_act = PAGES[page]

    answer = await send(logged_in, headers)

    if may_act:
        assert answer.status_code == BY_COOKIE[send], answer.text
    else:
        problem(answer, 403, "csrf_failed")
        assert "set-cookie" not in answer.headers


@pytest.mark.parametrize("page", PAGES)
async def test_a_bearer_token_speaks_for_itself_whatever_cookies_come_along(
    logged_in: Browser, page: str
) -> None:
    bearer = f"Bearer {logged_in.person.token}"

    answer = await logged_in.send("PATCH", "/auth/me/", ME, PAGES[page][0], Authorization=bearer)

    assert answer.status_code == 200, answer.text


@pytest.mark.parametrize("page", PAGES)
async def test_reading_changes_nothing_and_is_open_to_links(logged_in: Browser, page: str) -> None:
    assert (await logged_in.send("GET", "/auth/me/", None, PAGES[page][0])).status_code == 200


@pytest.mark.parametrize("page", [name for name, (_, may_act) in PAGES.items() if may_act])
@pytest.mark.parametrize("token", ["", "0" * 64, "x"])
async def test_even_our_own_page_says_the_token(logged_in: Browser, page: str, token: str) -> None:
    answer = await logged_in.send("PATCH", "/auth/me/", ME, PAGES[page][0], X_CSRF_Token=token)

    problem(answer, 403, "csrf_failed")


@pytest.mark.parametrize(
    "kind", ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x"]
)
async def test_what_a_form_can_send_is_no_login(
    browser: httpx.AsyncClient, sara: Person, kind: str
) -> None:
    body = f'{{"email": "{sara.email}", "password": "{PASSWORD}"}}'

    answer = await browser.post("/api/v1/auth/login/", content=body, headers={"Content-Type": kind})

    problem(answer, 415, "unsupported_media_type")
    assert not browser.cookies


async def test_the_temporal_ui_asks_the_codec_and_nothing_else(
    settings: Settings, operator: Person
) -> None:
    ui = {"Sec-Fetch-Site": "same-site", "Origin": "http://localhost:8233"}
    bearer = {"Authorization": f"Bearer {operator.token}"}
    credentials = {"email": operator.email, "password": PASSWORD}
    async with serving(settings) as http:
        csrf = (await http.post("/api/v1/auth/login/", json=credentials)).json()["csrf_token"]

        decoded = await http.post("/codec/decode", json={"payloads": []}, headers=ui)
        stolen = await http.post("/codec/decode", json={}, headers=ui | {"Origin": EVIL})
        changed = await http.patch("/api/v1/auth/me/", json=ME, headers=ui | {"X-CSRF-Token": csrf})
        by_program = await http.patch("/api/v1/auth/me/", json=ME, headers=ui | bearer)

    assert decoded.status_code == 200
    problem(stolen, 403, "csrf_failed")
    problem(changed, 403, "csrf_failed")
    assert by_program.status_code == 200


def test_the_document_tells_of_it_wherever_something_changes() -> None:
    document = json.loads(openapi_document())
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            if method.upper() not in SAFE_METHODS:
                told = operation["responses"]["403"]["content"]["application/problem+json"]
                assert {"csrf_failed", "https_required"} <= set(told["examples"]), (method, path)
