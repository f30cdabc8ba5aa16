"""Where somebody is logged in, and how that ends."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any
from uuid import UUID, uuid4

import httpx
import pytest
from sqlalchemy import func, select, update

from api.live.hub import EventsHub
from domain.audit import AuditAction
from models.audit import AuditRow
from models.database import Sessions
from models.user import LoginSession, RefreshToken
from tests import given
from tests.api.people import PASSWORD, Person, problem
from tests.api.told import audited, audited_of

SOON_S = 3  # a login ends within two; the third is for a busy machine
LIST = "/auth/sessions/"


async def log_in(http: httpx.AsyncClient, person: Person, agent: str = "curl/8") -> Person:
    """Log somebody in once more."""
    body = {"email": person.email, "password": PASSWORD}
    headers = {"User-Agent": agent}
    tokens = (await http.post("/api/v1/auth/token/", json=body, headers=headers)).json()
    return Person(http, person.id, person.email, tokens["access_token"], tokens["refresh_token"])


async def current(person: Person) -> str:
    [mine] = [item for item in (await person.get(LIST))["items"] if item["current"]]
    return str(mine["id"])


async def is_out(person: Person) -> bool:
    answer = await person.call("GET", "/auth/me/")
    body = {"refresh_token": person.refresh_token}
    refreshed = await person.http.post("/api/v1/auth/refresh/", json=body)
    assert answer.status_code == refreshed.status_code
    return answer.status_code == 401


async def test_one_sees_where_one_is_logged_in_newest_first(
    http: httpx.AsyncClient, sara: Person, omid: Person
) -> None:
    phone = await log_in(http, sara, "Phone/1")

    page = await phone.get(LIST)

    assert page["next"] is None
    new, old = page["items"]
    assert (new["user_agent"], new["current"]) == ("Phone/1", True)
    assert (old["current"], old["address"]) == (False, "127.0.0.0/24")
    assert UUID(new["id"]) > UUID(old["id"])
    assert set(new) == {"id", "created_at", "last_seen_at", "user_agent", "address", "current"}
    assert new["created_at"].endswith("Z")
    assert new["id"] not in {item["id"] for item in (await omid.get(LIST))["items"]}


async def test_the_list_comes_in_pages(http: httpx.AsyncClient, sara: Person) -> None:
    for _ in range(2):
        await log_in(http, sara)
    whole = (await sara.get(LIST))["items"]

    first = await sara.get(LIST, limit=2)
    second = await sara.get(LIST, limit=2, cursor=first["next"])

    assert first["items"] + second["items"] == whole
    assert second["next"] is None
    problem(await sara.call("GET", LIST, cursor="x"), 422, "validation_error")


@pytest.mark.parametrize(
    ("stored", "shown"),
    [
        ("203.0.113.77", "203.0.113.0/24"),
        ("2001:db8:7:9:1::5", "2001:db8:7::/48"),
        ("a socket", None),
        (None, None),
    ],
)
async def test_of_an_address_only_the_network_is_shown(
    sara: Person, sessions: Sessions, stored: str | None, shown: str | None
) -> None:
    async with sessions.begin() as session:
        mine = update(LoginSession).where(LoginSession.user_id == UUID(sara.id))
        await session.execute(mine.values(address=stored))

    [only] = (await sara.get(LIST))["items"]

    assert only["address"] == shown


async def test_a_login_that_nobody_can_refresh_any_more_is_not_listed(
    http: httpx.AsyncClient, sara: Person, sessions: Sessions
) -> None:
    phone = await log_in(http, sara)
    async with sessions.begin() as session:
        idle = update(RefreshToken).where(RefreshToken.session_id == UUID(await current(phone)))
        await session.execute(idle.values(expires_at=func.now()))

    [only] = (await sara.get(LIST))["items"]

    assert only["current"]


async def test_refreshing_shows_when_a_login_was_used(
    http: httpx.AsyncClient, sara: Person
) -> None:
    [before] = (await sara.get(LIST))["items"]
    body = {"refresh_token": sara.refresh_token}
    assert (await http.post("/api/v1/auth/refresh/", json=body)).status_code == 200

    [after] = (await sara.get(LIST))["items"]

    assert after["last_seen_at"] > before["last_seen_at"]
    assert after["created_at"] == before["created_at"]


async def test_a_login_that_is_revoked_is_out_at_once_and_the_others_stay(
    http: httpx.AsyncClient, sara: Person, sessions: Sessions
) -> None:
    lost, kept = await log_in(http, sara), await log_in(http, sara)
    lost_id = await current(lost)

    for _ in range(2):  # whoever did not hear the answer may ask again
        answer = await sara.call("DELETE", f"{LIST}{lost_id}/")
        assert (answer.status_code, answer.content) == (204, b"")

    assert await is_out(lost)
    assert not await is_out(kept)
    assert lost_id not in {item["id"] for item in (await sara.get(LIST))["items"]}
    [line] = [
        line
        for line in await audited_of(sessions, sara)
        if line.action == AuditAction.SESSION_REVOKED
    ]
    assert (str(line.actor_id), line.details) == (sara.id, {"session": lost_id})
    assert str(line.session_id) == await current(sara)


async def test_other_peoples_logins_are_not_found(sara: Person, omid: Person) -> None:
    theirs = await current(omid)

    for session_id in (theirs, uuid4()):
        problem(await sara.call("DELETE", f"{LIST}{session_id}/"), 404, "not_found")

    assert await current(omid) == theirs


async def test_revoking_the_login_of_this_browser_clears_its_cookies(
    browser: httpx.AsyncClient, sara: Person
) -> None:
    body = {"email": sara.email, "password": PASSWORD}
    csrf = (await browser.post("/api/v1/auth/login/", json=body)).json()["csrf_token"]
    items = (await browser.get(f"/api/v1{LIST}")).json()["items"]
    by_current = {item["current"]: item["id"] for item in items}
    problem(await browser.delete(f"/api/v1{LIST}{by_current[True]}/"), 403, "csrf_failed")

    headers = {"X-CSRF-Token": csrf}
    await browser.delete(f"/api/v1{LIST}{by_current[False]}/", headers=headers)
    assert browser.cookies
    await browser.delete(f"/api/v1{LIST}{by_current[True]}/", headers=headers)

    assert not browser.cookies


async def test_logins_and_their_ends_are_in_the_audit_log(
    http: httpx.AsyncClient, sara: Person, sessions: Sessions
) -> None:
    phone = await log_in(http, sara)
    await phone.call("POST", "/auth/logout/")
    await log_in(http, sara)
    ending = await sara.call("POST", "/auth/logout-all/")

    lines = await audited_of(sessions, sara)

    assert [line.action for line in lines] == [
        AuditAction.REGISTERED,
        AuditAction.LOGIN,
        AuditAction.LOGIN,
        AuditAction.LOGOUT,
        AuditAction.LOGIN,
        AuditAction.LOGOUT_ALL,
    ]
    last = lines[-1]
    assert (last.address, last.request_id) == ("127.0.0.1", ending.headers["x-request-id"])
    assert (last.details, lines[1].details) == ({"sessions": "2"}, {"by": "password"})
    assert {str(line.actor_id) for line in lines} == {sara.id}


async def test_a_failed_login_is_noted_without_the_address_of_somebody_unknown(
    http: httpx.AsyncClient, sara: Person, sessions: Sessions
) -> None:
    wrong = {"email": sara.email, "password": "not the password"}
    problem(await http.post("/api/v1/auth/login/", json=wrong), 401, "invalid_credentials")
    known = (await audited_of(sessions, sara))[-1]
    assert (known.action, known.actor_id) == (AuditAction.LOGIN_FAILED, None)

    unknown = {"email": f"{uuid4().hex}@example.test", "password": "not the password"}
    for _ in range(2):
        answer = await http.post("/api/v1/auth/login/", json=unknown)
        problem(answer, 401, "invalid_credentials")

    async with sessions() as session:
        of_request = select(AuditRow.object).where(
            AuditRow.request_id == answer.headers["x-request-id"]
        )
        [tried] = await session.scalars(of_request)
    assert tried.startswith("address:")
    assert unknown["email"][:8] not in tried
    assert len(await audited(sessions, tried)) == 2  # the same one can be followed


async def test_registering_twice_by_one_key_is_one_line(
    http: httpx.AsyncClient, sessions: Sessions
) -> None:
    body = {"email": f"{uuid4().hex}@example.test", "password": PASSWORD, "full_name": "Sara"}
    key = {"Idempotency-Key": uuid4().hex}
    answers = await asyncio.gather(
        *(http.post("/api/v1/auth/register/", json=body, headers=key) for _ in range(4))
    )

    [user_id] = {answer.json()["id"] for answer in answers}
    assert [line.action for line in await audited(sessions, f"user:{user_id}")] == ["registered"]


Ending = Callable[[Person, Person], Awaitable[httpx.Response]]


async def by_logout(_: Person, ending: Person) -> httpx.Response:
    return await ending.call("POST", "/auth/logout/")


async def by_logout_everywhere(other: Person, _: Person) -> httpx.Response:
    return await other.call("POST", "/auth/logout-all/")


async def by_revocation(other: Person, ending: Person) -> httpx.Response:
    return await other.call("DELETE", f"{LIST}{await current(ending)}/")


async def by_a_new_password(other: Person, _: Person) -> httpx.Response:
    body = {"current_password": PASSWORD, "new_password": "seven lamps over the bazaar"}
    return await other.call("POST", "/auth/password/change/", body)


@pytest.mark.parametrize("end", [by_logout, by_logout_everywhere, by_revocation, by_a_new_password])
async def test_the_live_stream_of_a_login_ends_with_it(
    browser: httpx.AsyncClient, sara: Person, end: Ending
) -> None:
    """Over ASGI an answer is there once all of it was sent: when the stream has ended."""
    other, ending = await log_in(browser, sara), await log_in(browser, sara)
    stream = asyncio.create_task(ending.call("GET", "/events/"))
    session_id = UUID(await current(ending))
    await given.eventually(lambda: follows(browser, session_id))
    assert not stream.done()

    assert (await end(other, ending)).status_code == 204

    async with asyncio.timeout(SOON_S):
        assert (await stream).status_code == 200


async def follows(browser: httpx.AsyncClient, session_id: UUID) -> bool:
    transport: Any = browser._transport
    hub: EventsHub = transport.app.state.services.events
    return session_id in hub._subscriptions.logins()
