"""How often one may ask: exactly, over all processes, and never in the way when it cannot tell."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from ipaddress import IPv4Address
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
import pytest
from fastapi.routing import APIRoute
from sqlalchemy import create_engine, text

from api.app import create_app
from api.deps import _identified
from api.limits.client_address import network_of
from api.openapi import _ROUTES
from api.perimeter.csrf import SAFE_METHODS
from domain.limits import Rate
from models.database import psycopg_url
from sandbox.temporal import TemporalServer
from settings import Settings
from tests.api.conftest import serving, settings_of
from tests.api.people import PASSWORD, Person, join, problem
from tests.api.streams import server
from tests.api.test_dependencies import calls
from tests.conftest import as_application

HOUR_S = 3600


def with_limits(settings: Settings, **rates: str) -> Settings:
    changes = {f"limit_{name}": Rate.parse(rate) for name, rate in rates.items()}
    return settings.model_copy(update=changes)


def codes(answers: list[httpx.Response]) -> list[int]:
    return sorted(answer.status_code for answer in answers)


async def test_of_200_calls_through_two_processes_exactly_the_allowed_number_passes(
    tmp_path: Path, database_url: str, sara: Person
) -> None:
    few = {"LIMIT_READ": "50/hour", "LIMIT_LOGIN": "30/hour"}
    bearer = {"Authorization": f"Bearer {sara.token}"}
    # An address of documentation, which nobody else in this run comes from.
    somewhere = {"X-Forwarded-For": "192.0.2.7"}
    wrong = {"email": f"{uuid4().hex}@example.test", "password": PASSWORD}
    with (
        server(tmp_path, database_url, **few) as one,
        server(tmp_path, database_url, **few) as other,
    ):
        # No connection is used again: a server may be closing it at that moment.
        limits = httpx.Limits(max_connections=100, max_keepalive_connections=0)
        async with httpx.AsyncClient(timeout=60, trust_env=False, limits=limits) as http:
            urls = [each.url for each in (one, other)] * 100
            reads = await asyncio.gather(
                *(http.get(f"{url}/api/v1/auth/me/", headers=bearer) for url in urls)
            )
            logins = await asyncio.gather(
                *(
                    http.post(f"{url}/api/v1/auth/login/", json={}, headers=somewhere)
                    for url in urls
                )
            )
            first = await http.post(f"{one.url}/api/v1/auth/login/", json=wrong)

    assert codes(reads) == [200] * 50 + [429] * 150
    assert codes(logins) == [422] * 30 + [429] * 170
    assert first.status_code == 401, "another address has a limit of its own"


async def test_who_is_refused_hears_when_to_come_back(settings: Settings, sara: Person) -> None:
    async with serving(with_limits(settings, read="2/hour")) as http:
        here = Person(http, sara.id, sara.email, sara.token, sara.refresh_token)
        answers = [await here.call("GET", "/wallet/") for _ in range(4)]

    body = problem(answers[-1], 429, "rate_limited")
    seconds = int(answers[-1].headers["retry-after"])
    assert HOUR_S / 2 - 60 < seconds <= HOUR_S / 2
    assert body["facts"] == {"retry_after": str(seconds)}
    assert [answer.status_code for answer in answers] == [200, 200, 429, 429]
    assert {answer.headers["ratelimit-policy"] for answer in answers} == {'"read";q=2;w=3600'}
    assert [answer.headers["ratelimit"].split(";t=")[0] for answer in answers] == [
        '"read";r=1',
        '"read";r=0',
        '"read";r=0',
        '"read";r=0',
    ]
    assert 0 < int(answers[0].headers["ratelimit"].split(";t=")[1]) <= HOUR_S / 2


async def test_many_reads_are_counted_a_share_at_a_time_and_told_one_by_one(
    settings: Settings, sara: Person
) -> None:
    async with serving(with_limits(settings, read="1000/hour")) as http:
        here = Person(http, sara.id, sara.email, sara.token, "")
        answers = [await here.call("GET", "/wallet/") for _ in range(12)]

    told = [answer.headers["ratelimit"] for answer in answers]
    left = [int(one.removeprefix('"read";r=').partition(";")[0]) for one in told]
    assert left[0] == 999
    assert left == sorted(left, reverse=True)
    # What was counted ahead and not used in time is gone; nothing is counted for less.
    assert 1000 - 12 * 5 <= left[-1] <= 988


async def test_reads_and_writes_count_apart_and_so_do_accounts(
    settings: Settings, http: httpx.AsyncClient
) -> None:
    few = with_limits(settings, read="1/hour", write="1/hour")
    async with serving(few) as strict:
        for _ in range(2):
            person = await join(http)
            here = Person(strict, person.id, person.email, person.token, "")
            for method, body in (("GET", None), ("PATCH", {"locale": "en"})):
                assert (await here.call(method, "/auth/me/", body)).status_code == 200
                problem(await here.call(method, "/auth/me/", body), 429, "rate_limited")


async def test_a_limit_that_was_changed_begins_anew(settings: Settings, sara: Person) -> None:
    """Else an hour that was used up under the old one would have to pass under the new one."""
    statuses = []
    for rate in ("1/hour", "1/hour", "600/minute"):
        async with serving(with_limits(settings, read=rate)) as http:
            here = Person(http, sara.id, sara.email, sara.token, "")
            statuses.append((await here.call("GET", "/wallet/")).status_code)

    assert statuses == [200, 429, 200]


async def test_a_write_that_is_refused_changes_nothing(settings: Settings, sara: Person) -> None:
    async with serving(with_limits(settings, write="1/hour")) as http:
        here = Person(http, sara.id, sara.email, sara.token, "")
        await here.call("PATCH", "/auth/me/", {"full_name": "First"})
        problem(await here.call("PATCH", "/auth/me/", {"full_name": "Next"}), 429, "rate_limited")

    assert (await sara.get("/auth/me/"))["full_name"] == "First"


@asynccontextmanager
async def calling_from(
    settings: Settings, *addresses: str
) -> AsyncIterator[list[httpx.AsyncClient]]:
    """Run an API, and clients that come from these addresses."""
    app = create_app(settings)
    async with app.router.lifespan_context(app), AsyncExitStack() as stack:
        made = [
            httpx.AsyncClient(
                transport=httpx.ASGITransport(app, client=(address, 1)), base_url="http://localhost"
            )
            for address in addresses
        ]
        yield [await stack.enter_async_context(client) for client in made]


def an_address() -> str:
    """One that no other test comes from."""
    return str(IPv4Address(0x0A000000 + uuid4().int % 0x1000000))


def a_network() -> str:
    return f"2001:db8:{uuid4().int % 0x10000:x}:{uuid4().int % 0x10000:x}"


ANONYMOUS = [
    ("login", "POST", "/auth/login/", 422),
    ("login", "POST", "/auth/token/", 422),
    ("register", "POST", "/auth/register/", 422),
    ("refresh", "POST", "/auth/refresh/", 401),
    ("public", "GET", "/assets/", 200),
    ("public", "GET", "/assets/01980a5e-6d3f-7cc2-9b1e-4f0d6a2b7c11/", 404),
]


@pytest.mark.parametrize(("traffic", "method", "path", "passes"), ANONYMOUS)
async def test_without_a_login_the_address_counts(
    settings: Settings, traffic: str, method: str, path: str, passes: int
) -> None:
    few = with_limits(settings, **{traffic: "1/hour"})
    async with calling_from(few, an_address(), an_address()) as clients:
        first, again, other = [
            await client.request(method, f"/api/v1{path}", json={})
            for client in (clients[0], clients[0], clients[1])
        ]

    assert (first.status_code, other.status_code) == (passes, passes)
    problem(again, 429, "rate_limited")
    assert first.headers["ratelimit"] == f'"{traffic}";r=0;t=3600'


async def test_a_customers_whole_network_is_one_client(settings: Settings) -> None:
    one, other = a_network(), a_network()
    few = with_limits(settings, public="1/hour")
    async with calling_from(few, f"{one}::1", f"{one}:a:b:c:d", f"{other}::1") as clients:
        statuses = [(await client.get("/api/v1/assets/")).status_code for client in clients]

    assert statuses == [200, 429, 200]


@pytest.mark.parametrize(
    ("host", "network"),
    [
        ("192.0.2.1", "192.0.2.1"),
        ("::ffff:192.0.2.1", "192.0.2.1"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::"),
        ("fe80::1%eth0", "fe80::"),
        ("", "unknown"),
        ("no address", "unknown"),
    ],
)
def test_an_address_is_counted_by_what_one_customer_has(host: str, network: str) -> None:
    assert network_of(host) == network


async def test_logged_in_the_address_does_not_count(settings: Settings, sara: Person) -> None:
    async with calling_from(with_limits(settings, public="1/hour"), an_address()) as [http]:
        here = Person(http, sara.id, sara.email, sara.token, "")
        answers = [await here.call("GET", "/assets/") for _ in range(3)]

    assert codes(answers) == [200] * 3
    assert answers[0].headers["ratelimit-policy"].startswith('"read"')


async def test_tries_of_a_password_count_for_the_account(settings: Settings, sara: Person) -> None:
    body = {"current_password": "not this one at all", "new_password": PASSWORD}
    async with serving(with_limits(settings, code="2/hour")) as http:
        here = Person(http, sara.id, sara.email, sara.token, "")
        answers = [await here.call("POST", "/auth/password/change/", body) for _ in range(3)]

    assert codes(answers) == [401, 401, 429]


async def test_probes_are_never_counted(settings: Settings) -> None:
    nothing = dict.fromkeys(("public", "read", "login"), "1/hour")
    async with calling_from(with_limits(settings, **nothing), an_address()) as [http]:
        for path in ("/healthz", "/readyz", "/metrics"):
            answers = [await http.get(path) for _ in range(3)]
            assert codes(answers) == [200] * 3
            assert "ratelimit" not in answers[0].headers


def test_every_route_that_changes_something_counts_somewhere() -> None:
    """By its caller, or by a class that it names itself."""
    for module in _ROUTES:
        for route in module.router.routes:
            assert isinstance(route, APIRoute)
            if not (route.methods or set()) <= SAFE_METHODS and not route.path.startswith(EXEMPT):
                asked = list(calls(route.dependant))
                names = {getattr(call, "__module__", "") for call in asked}
                assert _identified in asked or "api.limits.limited" in names, route.path


# Told by providers, who send as much as we sent; each is authenticated in its own way.
EXEMPT = ("/api/v1/webhooks/",)


@pytest.fixture
async def apart(
    own_database: str, temporal: TemporalServer
) -> AsyncIterator[tuple[httpx.AsyncClient, str]]:
    """An API on a database of its own, and that database as its owner sees it."""
    settings = settings_of(as_application(own_database), temporal.address)
    async with serving(settings) as http:
        yield http, own_database


def done_to(url: str, *statements: str) -> None:
    owner = create_engine(psycopg_url(url))
    with owner.begin() as connection:
        for statement in statements:
            connection.execute(text(statement))
    owner.dispose()


async def test_limits_that_cannot_be_asked_stop_nobody(
    apart: tuple[httpx.AsyncClient, str], capsys: pytest.CaptureFixture[str]
) -> None:
    http, database = apart
    person = await join(http)
    done_to(database, "REVOKE ALL ON rate_limits FROM assets_app")

    answers = [await person.call("GET", "/wallet/") for _ in range(3)]
    answers += [await http.get("/api/v1/assets/"), await http.get("/api/v1/assets/")]
    changed = await person.call("PATCH", "/auth/me/", {"locale": "en"})

    assert codes([*answers, changed]) == [200] * 6
    assert "ratelimit" not in changed.headers
    lines = [line for line in capsys.readouterr().out.splitlines() if "waived" in line]
    assert len(lines) == 1, "one line for each pause, not for each request"
    assert "ProgrammingError" in lines[0]


async def test_limits_that_do_not_answer_hold_nobody_up_for_long(
    apart: tuple[httpx.AsyncClient, str], capsys: pytest.CaptureFixture[str]
) -> None:
    http, database = apart
    person = await join(http)
    owner = create_engine(psycopg_url(database))
    with owner.begin() as connection:
        connection.execute(text("LOCK TABLE rate_limits IN ACCESS EXCLUSIVE MODE"))

        answers = [await person.call("GET", "/wallet/") for _ in range(5)]
        anonymous = await http.get("/api/v1/assets/")

    owner.dispose()
    assert codes([*answers, anonymous]) == [200] * 6
    assert sum(answer.elapsed.total_seconds() for answer in answers) < 4
    assert "TimeoutError" in capsys.readouterr().out


async def test_they_are_asked_again_when_they_may_answer(
    apart: tuple[httpx.AsyncClient, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    http, database = apart
    monkeypatch.setattr("api.limits.rate_limits._PAUSE_S", 0.0)
    person = await join(http)
    done_to(database, "REVOKE ALL ON rate_limits FROM assets_app")
    waived = await person.call("GET", "/wallet/")
    done_to(database, "GRANT SELECT, INSERT, UPDATE ON rate_limits TO assets_app")

    counted = await person.call("GET", "/wallet/")

    assert "ratelimit" not in waived.headers
    assert "ratelimit" in counted.headers


async def test_a_logout_still_holds_while_limits_cannot_be_asked(
    apart: tuple[httpx.AsyncClient, str],
) -> None:
    http, database = apart
    person = await join(http)
    done_to(database, "REVOKE ALL ON rate_limits FROM assets_app")
    assert (await person.call("POST", "/auth/logout/")).status_code == 204

    problem(await person.call("GET", "/wallet/"), 401, "not_authenticated")


async def test_nothing_that_is_stored_names_an_account_or_an_address(
    apart: tuple[httpx.AsyncClient, str],
) -> None:
    http, database = apart
    person = await join(http)
    await person.get("/wallet/")
    await http.get("/api/v1/assets/")
    wrong = {"email": person.email, "password": "some other password"}
    problem(await http.post("/api/v1/auth/login/", json=wrong), 401, "invalid_credentials")

    stored = rows(database, "SELECT key FROM rate_limits UNION SELECT key FROM login_failures")

    assert len(stored) >= 4
    for key in stored:
        assert len(key) == 16
        assert not any(name in key for name in (b"127.0.0.1", person.email.encode()))


def rows(url: str, query: str) -> list[Any]:
    owner = create_engine(psycopg_url(url))
    with owner.connect() as connection:
        found = list(connection.scalars(text(query)))
    owner.dispose()
    return found
