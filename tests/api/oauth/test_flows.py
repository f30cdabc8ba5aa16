"""The way to a provider and back: what ties its end to its beginning, and where it leads."""

import asyncio
from datetime import timedelta

import httpx
import pytest
from pydantic import SecretStr
from sqlalchemy import func, select, update
from sqlalchemy.ext.asyncio import AsyncEngine

from api.limits.sweeping import sweep
from models.database import Sessions, sessions_of
from models.identity import FlowRow
from models.queries.oauth_flows import _digest
from sandbox.ports import free_port
from settings import Settings
from tests.api.conftest import FRONTEND, serving
from tests.api.people import problem
from tests.oidc.misbehaving import Provider
from tests.oidc.traveller import OAUTH, Traveller, query_of

YEAR = timedelta(days=365)


async def test_what_leaves_ties_the_end_to_the_beginning(
    leila: Traveller, sessions: Sessions
) -> None:
    page = await leila.leave(next="/x")

    asked = query_of(page)
    assert asked["redirect_uri"] == "http://localhost/api/v1/auth/oauth/google/callback/"
    assert (asked["scope"], asked["response_type"]) == ("openid email profile", "code")
    assert asked["code_challenge_method"] == "S256"
    async with sessions() as session:
        flow = await session.get_one(FlowRow, _digest(asked["state"]))
        left: timedelta | None = await session.scalar(
            select(func.age(FlowRow.expires_at, func.now())).where(
                FlowRow.state_digest == flow.state_digest
            )
        )
    assert flow.nonce == asked["nonce"]
    assert flow.verifier not in page
    assert left
    assert timedelta(minutes=9) < left <= timedelta(minutes=10)
    stored = str(vars(flow))
    assert asked["state"] not in stored
    assert leila.browser.cookies["oflow"] not in stored


@pytest.mark.parametrize("debug", [True, False])
async def test_the_browser_remembers_it_in_a_cookie_of_its_own(
    offering: Settings, debug: bool
) -> None:
    async with serving(offering.model_copy(update={"debug": debug})) as http:
        host = {"X-Forwarded-Proto": "https"}
        answer = await http.get(f"https://localhost{OAUTH}/google/login/", headers=host)

    cookie = answer.headers["set-cookie"]
    assert cookie.startswith("oflow=" if debug else "__Host-oflow=")
    assert ("Secure" in cookie) is not debug
    for attribute in ("HttpOnly", "SameSite=lax", "Path=/", "Max-Age=600"):
        assert attribute in cookie
    assert "Domain" not in cookie


async def test_where_the_host_header_points_does_not_matter(leila: Traveller) -> None:
    forged = {"Host": "127.0.0.1", "X-Forwarded-Host": "evil.example"}

    answer = await leila.browser.get(f"{OAUTH}/google/login/", headers=forged)

    redirect_uri = query_of(answer.headers["location"])["redirect_uri"]
    assert redirect_uri == "http://localhost/api/v1/auth/oauth/google/callback/"


@pytest.mark.parametrize(
    "elsewhere",
    [
        "https://evil.example",
        "//evil.example",
        "/\\evil.example",
        "\\/evil.example",
        "/ok\\evil",
        "evil",
        "",
        "/\t/evil.example",
        "/a b",
        "/a\r\nSet-Cookie: x=y",
        "/\x00",
        "javascript:alert(1)",
        "/" + "a" * 500,
    ],
)
async def test_afterwards_one_stays_at_the_frontend(leila: Traveller, elsewhere: str) -> None:
    answer = await leila.browser.get(f"{OAUTH}/google/login/", params={"next": elsewhere})

    body = problem(answer, 422, "validation_error")
    assert [error["pointer"] for error in body["errors"]] == ["/query/next"]


@pytest.mark.parametrize("path", ["/", "/a", "/.//evil.example", "/@evil.example", "/?a=//b", "/#"])
async def test_a_path_of_the_frontend_is_one(leila: Traveller, path: str) -> None:
    answer = await leila.log_in(next=path)

    assert answer.headers["location"].startswith(f"{FRONTEND}/")


async def test_a_callback_works_once(leila: Traveller) -> None:
    callback = await leila.consent(await leila.leave())
    assert (await leila.come_back(callback)).status_code == 303

    problem(await leila.ask_back(callback), 401, "login_expired")
    again = await leila.come_back(callback)

    assert again.headers["location"] == f"{FRONTEND}/login?error=login_expired"
    assert "set-cookie" not in again.headers


async def test_of_many_who_bring_the_same_callback_one_gets_in(leila: Traveller) -> None:
    callback = await leila.consent(await leila.leave())

    answers = await asyncio.gather(*(leila.ask_back(callback) for _ in range(8)))

    assert sorted(answer.status_code for answer in answers) == [303, *[401] * 7]


@pytest.mark.parametrize("changes", [{"state": "forged"}, {"state": ""}])
async def test_a_forged_state_opens_nothing_and_ends_nothing(
    leila: Traveller, changes: dict[str, str]
) -> None:
    callback = await leila.consent(await leila.leave())

    problem(await leila.ask_back(callback, **changes), 401, "login_expired")

    assert (await leila.come_back(callback)).headers["location"] == f"{FRONTEND}/"


async def test_another_browser_cannot_end_what_this_one_began(
    leila: Traveller, another: Traveller
) -> None:
    """Or somebody could log others in to an account of theirs."""
    callback = await leila.consent(await leila.leave())

    problem(await another.ask_back(callback), 401, "login_expired")
    await another.leave()  # now it has a cookie as well
    problem(await another.ask_back(callback), 401, "login_expired")

    assert (await leila.come_back(callback)).headers["location"] == f"{FRONTEND}/"


async def test_two_tabs_do_not_end_each_others_logins(leila: Traveller) -> None:
    first = await leila.leave(next="/first")
    second = await leila.leave(next="/second")

    for page, path in ((second, "/second"), (first, "/first")):
        answer = await leila.come_back(await leila.consent(page))
        assert answer.headers["location"] == f"{FRONTEND}{path}"


async def test_what_was_begun_at_one_provider_does_not_end_at_another(leila: Traveller) -> None:
    callback = await leila.consent(await leila.leave("google"))

    problem(await leila.ask_back(callback.replace("google", "auth0")), 401, "login_expired")

    assert (await leila.come_back(callback)).headers["location"] == f"{FRONTEND}/"


async def test_after_ten_minutes_it_is_over_and_its_row_goes(
    leila: Traveller, as_owner: Sessions, engine: AsyncEngine
) -> None:
    callback = await leila.consent(await leila.leave())
    ours = FlowRow.state_digest == _digest(query_of(callback)["state"])
    async with as_owner.begin() as session:
        await session.execute(update(FlowRow).where(ours).values(expires_at=func.now() - YEAR))

    problem(await leila.ask_back(callback), 401, "login_expired")
    await sweep(sessions_of(engine.execution_options(isolation_level="AUTOCOMMIT")))

    async with as_owner() as session:
        assert await session.scalar(select(FlowRow).where(ours)) is None


async def test_whoever_says_no_at_the_provider_is_not_logged_in(leila: Traveller) -> None:
    state = query_of(await leila.leave())["state"]
    callback = f"{OAUTH}/google/callback/?error=access_denied&state={state}"

    answer = await leila.come_back(callback)

    assert answer.headers["location"] == f"{FRONTEND}/login?error=identity_refused"
    problem(await leila.ask_back(callback), 401, "login_expired")


@pytest.mark.parametrize(
    ("error", "status", "code"),
    [
        ("access_denied", 401, "identity_refused"),
        ("temporarily_unavailable", 503, "gateway_unavailable"),
        ("unauthorized_client", 502, "gateway_refused"),
        ("<script>", 502, "gateway_refused"),
    ],
)
async def test_what_the_provider_tells_the_browser_is_told_in_our_words(
    leila: Traveller, error: str, status: int, code: str
) -> None:
    state = query_of(await leila.leave())["state"]

    answer = await leila.ask_back(f"{OAUTH}/google/callback/", error=error, state=state)

    assert "<script>" not in str(problem(answer, status, code))


async def test_who_leaves_out_the_code_gets_nothing(leila: Traveller) -> None:
    state = query_of(await leila.leave())["state"]

    answer = await leila.ask_back(f"{OAUTH}/google/callback/", state=state)

    problem(answer, 401, "identity_refused")


async def test_a_provider_that_is_away_is_not_our_failure(
    early: Traveller, google: Provider
) -> None:
    google.does.is_down = True
    login, json = f"{OAUTH}/google/login/", {"Accept": "application/json"}

    problem(await early.browser.get(login, headers=json), 503, "gateway_unavailable")
    answer = await early.browser.get(login)
    assert answer.headers["location"] == f"{FRONTEND}/login?error=gateway_unavailable"

    google.does.is_down = False
    callback = await early.consent(await early.leave())
    google.does.is_down = True
    problem(await early.ask_back(callback), 503, "gateway_unavailable")


async def test_while_the_provider_thinks_no_connection_to_the_database_is_held(
    offering: Settings, elsewhere: httpx.AsyncClient, google: Provider
) -> None:
    """The pool has one; with it in somebody's hands nobody else could be answered."""
    async with serving(offering.model_copy(update={"database_pool_size": 1})) as browser:
        leila = Traveller(browser, elsewhere)
        callback = await leila.consent(await leila.leave())
        google.was_asked.clear()
        google.does.pause = asyncio.Event()
        coming = asyncio.create_task(leila.come_back(callback))
        await asyncio.wait_for(google.was_asked.wait(), 10)

        assert (await leila.ask_back(callback)).status_code == 401  # reads and writes a row

        google.does.pause.set()
        assert (await coming).headers["location"] == f"{FRONTEND}/"


async def test_nothing_secret_is_told_to_a_log_or_to_the_frontend(
    leila: Traveller, google: Provider, capfd: pytest.CaptureFixture[str]
) -> None:
    callback = await leila.consent(await leila.leave())
    page = (await leila.come_back(callback)).headers["location"]
    google.does.claims = {"nonce": "forged"}
    other = await leila.consent(await leila.leave())
    refused = await leila.ask_back(other)

    assert len(google.given) == 10
    assert "provider_failed" in (log := "".join(capfd.readouterr()))
    secrets = [*google.given, query_of(callback)["state"], query_of(other)["state"]]
    for secret in secrets:
        assert secret not in page + log + refused.text


async def test_a_browser_is_sent_on_even_without_the_database(offering: Settings) -> None:
    nowhere = SecretStr(f"postgresql://assets:app@127.0.0.1:{free_port()}/assets")
    async with serving(offering.model_copy(update={"database_url": nowhere})) as http:
        answer = await http.get(f"{OAUTH}/github/login/")
        told = await http.get(f"{OAUTH}/github/login/", headers={"Accept": "application/json"})

    assert answer.headers["location"] == f"{FRONTEND}/login?error=database_unavailable"
    problem(told, 503, "database_unavailable")
