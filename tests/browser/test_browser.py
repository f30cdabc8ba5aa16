"""In a real browser: a frontend of another origin does everything, a stranger's page nothing."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any
from uuid import uuid4

import httpx
import pytest
from playwright.async_api import Browser, BrowserContext

from tests.api.people import PASSWORD
from tests.api.streams import server
from tests.api.test_startup import PRODUCTION
from tests.browser.chromium import chromium
from tests.browser.pages import Script, a_site

pytestmark = pytest.mark.xdist_group("browser")
NAME = "Sara Ahmadi"


@dataclass(frozen=True)
class World:
    """An API as in production, a frontend beside it, and people who mean no good."""

    browser: Browser
    api: str
    frontend: str
    beside: str
    strange: str

    async def script(self, context: BrowserContext, origin: str) -> Script:
        page = await context.new_page()
        await page.goto(f"{origin}/")
        return Script(page, self.api)


@pytest.fixture(scope="session")
async def world(
    tmp_path_factory: pytest.TempPathFactory, database_url: str
) -> AsyncIterator[World]:
    async with a_site() as ours, a_site() as theirs, chromium() as browser:
        frontend = f"http://localhost:{ours}"
        settings = {name: value for name, value in PRODUCTION.items() if name != "DATABASE_URL"}
        settings |= {"ALLOWED_HOSTS": "localhost,127.0.0.1", "FRONTEND_URL": frontend}
        with server(tmp_path_factory.mktemp("browser"), database_url, **settings) as api:
            yield World(
                browser,
                f"http://localhost:{api.port}",
                frontend,
                # Of the same site, so that its requests carry even SameSite cookies.
                f"http://localhost:{theirs}",
                f"http://evil.localhost:{theirs}",
            )


@pytest.fixture
async def context(world: World) -> AsyncIterator[BrowserContext]:
    """A browser that has been nowhere yet."""
    context = await world.browser.new_context()
    yield context
    await context.close()


@pytest.fixture
async def credentials(world: World) -> dict[str, str]:
    body = {"email": f"{uuid4().hex}@example.test", "password": PASSWORD}
    async with httpx.AsyncClient(base_url=world.api, trust_env=False) as http:
        made = await http.post("/api/v1/auth/register/", json=body | {"full_name": NAME})
    assert made.status_code == 201, made.text
    return body


@pytest.fixture
async def frontend(
    world: World, context: BrowserContext, credentials: dict[str, str]
) -> tuple[Script, str]:
    """The frontend's script after a login, and the CSRF token that it was told."""
    script = await world.script(context, world.frontend)
    login = await script.ask("POST", "/auth/login/", credentials)
    assert login.status == 200, login
    return script, login.body["csrf_token"]


async def cookies(context: BrowserContext) -> dict[str, Any]:
    return {str(cookie["name"]): cookie for cookie in await context.cookies()}


async def test_a_frontend_of_another_origin_logs_in_refreshes_calls_and_logs_out(
    frontend: tuple[Script, str], context: BrowserContext
) -> None:
    script, csrf = frontend
    before = await cookies(context)

    refreshed = await script.ask("POST", "/auth/refresh/")
    me = await script.ask("GET", "/auth/me/")
    unproven = await script.ask("PATCH", "/auth/me/", {"locale": "en"})
    changed = await script.ask("PATCH", "/auth/me/", {"locale": "en"}, X_CSRF_Token=csrf)

    assert refreshed.status == 200
    assert (await cookies(context))["__Secure-rt"]["value"] != before["__Secure-rt"]["value"]
    assert (me.status, me.body["full_name"]) == (200, NAME)
    assert (unproven.status, unproven.body["code"]) == (403, "csrf_failed")
    assert (changed.status, changed.body["locale"]) == (200, "en")
    assert {"x-request-id", "ratelimit", "ratelimit-policy"} <= set(changed.headers)

    out = await script.ask("POST", "/auth/logout/", X_CSRF_Token=csrf)
    after = await script.ask("GET", "/auth/me/")
    assert out.status == 204
    assert await cookies(context) == {}
    assert (after.status, after.body["code"]) == (401, "not_authenticated")


async def test_no_script_sees_what_is_worth_stealing(
    frontend: tuple[Script, str], context: BrowserContext
) -> None:
    script, _ = frontend
    kept = await cookies(context)

    assert await script.cookies_it_sees() == {"__Host-csrf"}
    assert {
        name: (one["httpOnly"], one["sameSite"], one["path"]) for name, one in kept.items()
    } == {
        "__Host-at": (True, "Lax", "/"),
        "__Secure-rt": (True, "Strict", "/api/v1/auth/"),
        "__Host-csrf": (False, "Lax", "/"),
    }
    assert all(one["secure"] for one in kept.values())


ATTACKS = [
    ("GET", "/auth/me/", None),
    ("PATCH", "/auth/me/", {"full_name": "Eve"}),
    ("POST", "/auth/refresh/", {}),
    ("POST", "/auth/logout/", None),
    ("POST", "/auth/logout-all/", None),
    ("POST", "/auth/login/", {"email": "eve@example.test", "password": PASSWORD}),
    ("POST", "/wallet/transfer/", {"to": "eve@example.test", "amount": "1000"}),
]


@pytest.mark.parametrize("where", ["beside", "strange"])
async def test_a_strangers_page_reads_nothing_and_changes_nothing(
    world: World, context: BrowserContext, frontend: tuple[Script, str], where: str
) -> None:
    script, csrf = frontend
    before = await cookies(context)
    stranger = await world.script(context, getattr(world, where))

    for mode in ("cors", "no-cors"):
        for method, path, body in ATTACKS:
            if mode == "cors" or method in {"GET", "POST"}:
                got = await stranger.ask(method, path, body, mode=mode)
                assert (got.status, got.body) == (0, None), (mode, method, path, got)
    # Of the same site it even sees the token, and could send it, if it were let.
    stolen = await stranger.ask("PATCH", "/auth/me/", {"full_name": "Eve"}, X_CSRF_Token=csrf)
    assert stolen.type == "refused"

    assert await cookies(context) == before
    me = await script.ask("GET", "/auth/me/")
    assert (me.status, me.body["full_name"]) == (200, NAME)


@pytest.mark.parametrize("where", ["beside", "strange"])
@pytest.mark.parametrize("enctype", ["text/plain", "application/x-www-form-urlencoded"])
async def test_a_strangers_form_logs_nobody_in_or_out(
    world: World,
    context: BrowserContext,
    frontend: tuple[Script, str],
    credentials: dict[str, str],
    where: str,
    enctype: str,
) -> None:
    script, _ = frontend
    before = await cookies(context)
    json_like = {f'{{"email": "{credentials["email"]}", "password": "{PASSWORD}", "x': '": 1}'}

    for path, fields in (
        ("/auth/login/", json_like),
        ("/auth/logout/", {}),
        ("/auth/refresh/", {}),
    ):
        stranger = await world.script(context, getattr(world, where))
        status, body = await stranger.post_form(path, fields, enctype)
        assert (status, body["code"]) == (403, "csrf_failed"), path

    assert await cookies(context) == before
    assert (await script.ask("GET", "/auth/me/")).status == 200


async def test_a_refusal_can_be_read_by_the_frontend(frontend: tuple[Script, str]) -> None:
    script, csrf = frontend
    wrong = {"email": "nobody@example.test", "password": "some other password"}
    failed = [await script.ask("POST", "/auth/login/", wrong) for _ in range(6)]
    large = await script.ask("PATCH", "/auth/me/", {"full_name": "x" * 300_000}, X_CSRF_Token=csrf)

    assert [one.status for one in failed] == [401] * 5 + [429]
    assert int(failed[-1].headers["retry-after"]) > 0
    assert (large.status, large.body["code"]) == (413, "payload_too_large")


async def test_the_reference_works_under_its_own_rules(
    world: World, context: BrowserContext
) -> None:
    complaints: list[str] = []
    page = await context.new_page()
    page.on("console", lambda message: complaints.append(message.text))
    page.on("pageerror", lambda error: complaints.append(str(error)))
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))

    await page.goto(f"{world.api}/docs")
    await page.wait_for_selector(".opblock-tag-section .opblock")
    await page.click("#operations-operations-read_health .opblock-summary-control")
    await page.click("#operations-operations-read_health .try-out__btn")
    await page.click("#operations-operations-read_health .execute")
    answered = await page.wait_for_selector(
        "#operations-operations-read_health .live-responses-table tbody .response-col_status"
    )

    assert answered
    assert (await answered.inner_text()).startswith("200")
    assert complaints == []
    assert all(url.startswith((world.api, "data:")) for url in asked), asked
