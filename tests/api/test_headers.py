"""What every answer tells a browser, the reference's page and the host names we answer to."""

import re

import httpx
import pytest

from settings import Settings
from tests.api.conftest import serving
from tests.api.people import PASSWORD, Person, problem

ALWAYS = {
    "x-content-type-options": "nosniff",
    "content-security-policy": "default-src 'none'; frame-ancestors 'none'",
    "referrer-policy": "no-referrer",
    "cross-origin-resource-policy": "same-site",
    "permissions-policy": "camera=(), microphone=(), geolocation=()",
}


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/healthz"),
        ("GET", "/openapi.json"),
        ("GET", "/metrics"),
        ("GET", "/api/v1/assets/"),
        ("GET", "/api/v1/wallet/"),
        ("POST", "/api/v1/auth/login/"),
        ("GET", "/nowhere"),
        ("PUT", "/healthz"),
    ],
)
async def test_every_answer_has_them(http: httpx.AsyncClient, method: str, path: str) -> None:
    headers = (await http.request(method, path)).headers

    assert {name: headers.get(name) for name in ALWAYS} == ALWAYS
    assert "server" not in headers


async def test_even_the_refusal_of_a_host_has_them(http: httpx.AsyncClient) -> None:
    answer = await http.get("/healthz", headers={"Host": "evil.example"})

    problem(answer, 400, "host_not_allowed")
    assert "evil" not in answer.text
    assert ALWAYS.items() <= dict(answer.headers).items()


@pytest.mark.parametrize("host", ["evil.example", "localhost.evil.example", "", "local host", "@"])
async def test_a_host_we_do_not_know_is_refused(http: httpx.AsyncClient, host: str) -> None:
    problem(await http.get("/healthz", headers={"Host": host}), 400, "host_not_allowed")


async def test_hosts_are_those_that_the_settings_name(settings: Settings) -> None:
    named = settings.model_copy(update={"allowed_hosts": ("api.test", "*.shop.test")})
    async with serving(named) as http:
        found = {
            host: (await http.get("/healthz", headers={"Host": host})).status_code
            for host in ("api.test", "API.test:8000", "a.shop.test", "shop.test", "localhost")
        }

    assert found == {
        "api.test": 200,
        "API.test:8000": 200,
        "a.shop.test": 200,
        "shop.test": 400,
        "localhost": 400,
    }


async def test_what_is_personal_is_kept_nowhere(browser: httpx.AsyncClient, sara: Person) -> None:
    bearer = {"Authorization": f"Bearer {sara.token}"}
    login = await browser.post(
        "/api/v1/auth/login/", json={"email": sara.email, "password": PASSWORD}
    )
    personal = [
        login,
        await browser.get("/api/v1/auth/me/"),
        await browser.post("/api/v1/auth/refresh/"),
        await sara.call("GET", "/wallet/"),
        await sara.call("GET", "/nowhere/"),
        await sara.http.post("/api/v1/assets/", json={}, headers=bearer),
    ]

    for answer in personal:
        assert answer.headers["cache-control"] == "no-store", answer.request.url
    public = await sara.http.get("/api/v1/assets/")
    assert "cache-control" not in public.headers


async def test_the_reference_comes_from_here_alone(http: httpx.AsyncClient) -> None:
    page = await http.get("/docs")
    loaded = re.findall(r'(?:src|href)="([^"]+)"', page.text)

    assert page.headers["content-type"] == "text/html; charset=utf-8"
    assert "script-src 'self';" in page.headers["content-security-policy"]
    assert {path for path in loaded if not path.startswith("data:")} == {
        "/docs/assets/swagger-ui.css",
        "/docs/assets/swagger-ui-bundle.js",
        "/docs/assets/start.js",
    }
    for path in loaded:
        if path.startswith("/"):
            asset = await http.get(path)
            assert asset.status_code == 200
            assert asset.headers["cache-control"] == "public, max-age=86400"
            assert asset.headers["content-type"].startswith(("text/javascript", "text/css"))


@pytest.mark.parametrize("name", ["redoc.standalone.js", "..%2Findex.html", "%2e%2e/index.html"])
async def test_the_reference_has_no_other_files(http: httpx.AsyncClient, name: str) -> None:
    problem(await http.get(f"/docs/assets/{name}"), 404, "not_found")


async def test_there_is_no_other_reference(http: httpx.AsyncClient) -> None:
    problem(await http.get("/redoc"), 404, "not_found")
