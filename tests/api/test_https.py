"""Outside of development nothing is told or taken over plain http, proxy or not."""

from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path

import httpx
import pytest

from settings import Settings
from tests.api.conftest import serving
from tests.api.people import problem
from tests.api.streams import Server, server
from tests.api.test_startup import PRODUCTION

PUBLIC = "api.example.com"
HSTS = "strict-transport-security"


@pytest.fixture
async def public(settings: Settings) -> AsyncIterator[httpx.AsyncClient]:
    """A deployment that is reached as http://api.example.com."""
    strict = settings.model_copy(
        update={"debug": False, "allowed_hosts": (PUBLIC, "localhost", "127.0.0.1")}
    )
    async with serving(strict) as http:
        http.base_url = httpx.URL(f"http://{PUBLIC}")
        yield http


@pytest.mark.parametrize("method", ["GET", "HEAD"])
@pytest.mark.parametrize("path", ["/api/v1/assets/?q=a%20b&limit=5", "/docs", "//evil.example/x"])
async def test_readers_are_sent_on(public: httpx.AsyncClient, method: str, path: str) -> None:
    answer = await public.request(method, f"http://{PUBLIC}{path}")

    assert answer.status_code == 307
    assert answer.headers["location"] == f"https://{PUBLIC}{path}"
    assert HSTS not in answer.headers


async def test_the_port_of_plain_http_is_not_that_of_https(public: httpx.AsyncClient) -> None:
    answer = await public.get(f"http://{PUBLIC}:8000/docs")

    assert answer.headers["location"] == f"https://{PUBLIC}/docs"


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE", "OPTIONS"])
async def test_what_carries_something_is_refused(public: httpx.AsyncClient, method: str) -> None:
    answer = await public.request(method, "/api/v1/auth/login/")

    problem(answer, 403, "https_required")
    assert "location" not in answer.headers


@pytest.mark.parametrize("path", ["/healthz", "/readyz", "/metrics"])
async def test_probes_come_as_they_are(public: httpx.AsyncClient, path: str) -> None:
    assert (await public.get(path)).status_code == 200


async def test_https_is_answered_and_asked_for_from_then_on(public: httpx.AsyncClient) -> None:
    answer = await public.get(f"https://{PUBLIC}/api/v1/assets/")

    assert answer.status_code == 200
    assert answer.headers[HSTS] == "max-age=63072000; includeSubDomains"


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1", "localhost:8000"])
async def test_what_never_leaves_this_machine_may_be_plain(
    public: httpx.AsyncClient, host: str
) -> None:
    assert (await public.get(f"http://{host}/api/v1/assets/")).status_code == 200


@pytest.mark.parametrize("header", ["X-Forwarded-For", "X-Forwarded-Proto", "Forwarded"])
async def test_what_a_proxy_brings_has_left_some_machine(
    public: httpx.AsyncClient, header: str
) -> None:
    answer = await public.post("http://localhost/api/v1/auth/login/", headers={header: "x"})

    problem(answer, 403, "https_required")


async def test_in_development_and_where_it_is_turned_off_http_will_do(settings: Settings) -> None:
    for change in ({"debug": True}, {"debug": False, "https_only": False}):
        changed = settings.model_copy(update={"allowed_hosts": (PUBLIC,), **change})
        async with serving(changed) as http:
            answer = await http.get(f"http://{PUBLIC}/api/v1/assets/")
            assert answer.status_code == 200
            assert HSTS not in answer.headers


@pytest.fixture
def behind(tmp_path: Path, database_url: str) -> Iterator[Server]:
    """A process as production runs it, that believes a proxy on this machine."""
    with server(tmp_path, database_url, **production(FORWARDED_ALLOW_IPS="127.0.0.1")) as one:
        yield one


def production(**changes: str) -> dict[str, str]:
    return {name: value for name, value in PRODUCTION.items() if name != "DATABASE_URL"} | changes


async def test_a_proxy_that_is_believed_says_what_the_scheme_was(behind: Server) -> None:
    async with asking(behind) as http:
        secure = await http.get("/api/v1/assets/", headers={"X-Forwarded-Proto": "https"})
        plain = await http.get("/api/v1/assets/", headers={"X-Forwarded-Proto": "http"})

    assert secure.status_code == 200
    assert HSTS in secure.headers
    assert plain.status_code == 307
    assert "server" not in secure.headers


async def test_anybody_elses_word_is_not_taken(tmp_path: Path, database_url: str) -> None:
    elsewhere = production(FORWARDED_ALLOW_IPS="192.0.2.1")
    with server(tmp_path, database_url, **elsewhere) as one:
        async with asking(one) as http:
            answer = await http.get("/api/v1/assets/", headers={"X-Forwarded-Proto": "https"})

    assert answer.status_code == 307
    assert HSTS not in answer.headers


@asynccontextmanager
async def asking(one: Server) -> AsyncIterator[httpx.AsyncClient]:
    headers = {"Host": PUBLIC}
    async with httpx.AsyncClient(base_url=one.url, headers=headers, trust_env=False) as http:
        yield http
