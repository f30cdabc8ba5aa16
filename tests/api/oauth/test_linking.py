"""Taking over an account by way of a provider: every way of it that is known, and the right one."""

import asyncio
from datetime import timedelta
from uuid import UUID

import pytest
from sqlalchemy import func, update

from domain.audit import AuditAction
from domain.messages.notice import NoticeKind
from models.database import Sessions
from models.user import LoginSession
from settings import Settings
from tests.api.conftest import FRONTEND, serving
from tests.api.oauth.members import finish, log_in, notices, prove
from tests.api.people import PASSWORD, Person, join, problem
from tests.api.told import audited
from tests.oidc.misbehaving import Provider, person
from tests.oidc.traveller import OAUTH, Traveller


@pytest.mark.parametrize("local_is_proven", [True, False], ids=["proven here", "not proven here"])
async def test_an_address_proven_at_a_provider_does_not_open_the_account_that_has_it(
    leila: Traveller,
    google: Provider,
    sara: Person,
    sessions: Sessions,
    local_is_proven: bool,
) -> None:
    await prove(sessions, sara, proven=local_is_proven)
    google.who = person(email=sara.email)

    problem(await leila.try_to_log_in(), 409, "link_required")
    answer = await leila.log_in()

    assert answer.headers["location"] == f"{FRONTEND}/login?error=link_required"
    assert set(leila.browser.cookies) == {"oflow"}
    assert await sara.get("/auth/identities/") == {"items": [], "next": None}
    assert (await sara.get("/auth/me/"))["email_verified"] is local_is_proven
    last = (await audited(sessions, f"user:{sara.id}"))[-1]
    assert last.action == AuditAction.LOGIN_FAILED
    assert last.details == {"by": "google", "reason": "link_required"}


@pytest.mark.parametrize("local_is_proven", [True, False], ids=["proven here", "not proven here"])
async def test_an_address_not_proven_at_a_provider_is_refused_without_a_word(
    leila: Traveller, google: Provider, sara: Person, sessions: Sessions, local_is_proven: bool
) -> None:
    await prove(sessions, sara, proven=local_is_proven)
    google.who = person(email=sara.email, email_verified="true")

    refused = problem(await leila.try_to_log_in(), 401, "identity_refused")

    google.who = person(email=None)
    other = problem(await leila.try_to_log_in(), 401, "identity_refused")
    assert refused["detail"] == other["detail"]
    assert await sara.get("/auth/identities/") == {"items": [], "next": None}


async def test_who_logs_in_as_before_can_link_and_then_log_in_by_it(
    leila: Traveller, another: Traveller, google: Provider, sara: Person, sessions: Sessions
) -> None:
    google.who = person(email=sara.email)
    await log_in(leila, sara)

    started = await leila.link(next="/profile?tab=logins")
    callback = await leila.consent(started.json()["redirect_url"])
    answer = await leila.come_back(callback)

    assert answer.headers["location"] == f"{FRONTEND}/profile?tab=logins"
    assert "set-cookie" not in answer.headers
    (linked,) = (await leila.browser.get("/api/v1/auth/identities/")).json()["items"]
    assert (linked["provider"], linked["email"]) == ("google", sara.email)
    assert (NoticeKind.IDENTITY_LINKED, {"provider": "google"}) in await notices(sessions, sara.id)
    last = (await audited(sessions, f"user:{sara.id}"))[-1]
    assert (last.action, last.actor_id) == (AuditAction.IDENTITY_LINKED, UUID(sara.id))
    assert last.session_id
    await another.log_in()
    assert (await another.me())["id"] == sara.id


async def test_an_identity_with_another_address_can_be_linked(
    leila: Traveller, google: Provider, sara: Person
) -> None:
    await log_in(leila, sara)

    assert await finish(leila, await leila.link()) == ""

    assert (await leila.me())["email"] == sara.email


async def test_linking_again_changes_nothing(
    leila: Traveller, sara: Person, sessions: Sessions
) -> None:
    await log_in(leila, sara)
    assert await finish(leila, await leila.link()) == ""
    before = await notices(sessions, sara.id)

    assert await finish(leila, await leila.link()) == ""

    assert await leila.linked() == ["google"]
    assert await notices(sessions, sara.id) == before


async def test_somebody_elses_identity_cannot_be_linked(
    leila: Traveller, another: Traveller, sara: Person
) -> None:
    await another.log_in()
    await log_in(leila, sara)

    assert await finish(leila, await leila.link()) == "identity_taken"
    callback = await leila.consent((await leila.link(next="/a?b=c#d")).json()["redirect_url"])
    answer = await leila.come_back(callback)

    # To who is logged in the login page says nothing.
    assert answer.headers["location"] == f"{FRONTEND}/a?b=c&error=identity_taken#d"
    assert await leila.linked() == []


async def test_of_two_who_link_the_same_identity_at_once_one_gets_it(
    leila: Traveller, another: Traveller, sara: Person, sessions: Sessions
) -> None:
    omid = await join(another.browser)
    await prove(sessions, omid)
    for traveller, who in ((leila, sara), (another, omid)):
        await log_in(traveller, who)

    outcomes = await asyncio.gather(
        finish(leila, await leila.link()), finish(another, await another.link())
    )

    assert sorted(outcomes) == ["", "identity_taken"]


async def test_of_two_identities_of_one_provider_the_first_is_kept(
    leila: Traveller, google: Provider, sara: Person
) -> None:
    await log_in(leila, sara)
    assert await finish(leila, await leila.link()) == ""
    first = google.who
    google.who = person()

    assert await finish(leila, await leila.link()) == "provider_linked"

    google.who = first
    assert await finish(leila, await leila.link()) == ""


async def test_providers_do_not_speak_for_each_other(
    leila: Traveller, another: Traveller, google: Provider, auth0: Provider
) -> None:
    """Auth0 in front of Google is another issuer, even for the same address and subject."""
    await leila.log_in("google")
    auth0.who = google.who

    problem(await another.try_to_log_in("auth0"), 409, "link_required")

    assert await finish(leila, await leila.link("auth0")) == ""
    await another.log_in("auth0")
    assert (await another.me())["id"] == (await leila.me())["id"]
    assert await leila.linked() == ["auth0", "google"]


async def test_the_same_number_at_another_server_is_somebody_else(
    leila: Traveller, google: Provider, offering: Settings, auth0: Provider
) -> None:
    """GOOGLE_ISSUER may come to name another server, whose subjects are other people's."""
    await leila.log_in("google")
    auth0.who = person(sub=google.who["sub"])
    moved = offering.model_copy(update={"google_issuer": auth0.issuer})

    async with serving(moved) as browser:
        somebody = Traveller(browser, leila.elsewhere)
        await somebody.log_in("google")
        assert (await somebody.me())["id"] != (await leila.me())["id"]


async def test_an_account_whose_address_is_not_proven_gets_no_other_way_in(
    leila: Traveller, sara: Person, sessions: Sessions
) -> None:
    """Or who registers with somebody's address could keep a way in until they take it over."""
    await prove(sessions, sara, proven=False)
    await log_in(leila, sara)

    assert await finish(leila, await leila.link()) == "email_unverified"


async def test_linking_wants_a_recent_login_or_the_password(
    leila: Traveller, sara: Person, sessions: Sessions
) -> None:
    await log_in(leila, sara)
    async with sessions.begin() as session:
        old = func.now() - timedelta(minutes=11)
        whose = LoginSession.user_id == UUID(sara.id)
        await session.execute(update(LoginSession).where(whose).values(created_at=old))

    problem(await leila.link(), 403, "recent_login_required")
    problem(await leila.link(password="wrong"), 401, "invalid_credentials")

    assert await finish(leila, await leila.link(password=PASSWORD)) == ""


async def test_while_the_provider_thinks_no_connection_to_the_database_is_held(
    leila: Traveller, sara: Person, google: Provider, offering: Settings
) -> None:
    """The pool has two; with both in somebody's hands nobody else could be answered."""
    async with serving(offering.model_copy(update={"database_pool_size": 2})) as browser:
        small = Traveller(browser, leila.elsewhere)
        await log_in(small, sara)
        google.does.pause = asyncio.Event()
        coming = []
        for _ in range(2):
            google.was_asked.clear()
            coming.append(asyncio.create_task(small.link()))
            await asyncio.wait_for(google.was_asked.wait(), 10)

        assert (await small.me())["id"] == sara.id

        google.does.pause.set()
        assert [answer.status_code for answer in await asyncio.gather(*coming)] == [200, 200]


async def test_linking_wants_a_login_and_its_csrf_token(leila: Traveller, sara: Person) -> None:
    link = f"{OAUTH}/google/link/"
    problem(await leila.browser.post(link, json={}), 401, "not_authenticated")
    await log_in(leila, sara)

    problem(await leila.browser.post(link, json={}), 403, "csrf_failed")

    problem(await leila.link("nobody"), 404, "not_found")
    problem(await leila.link(next="//evil.example"), 422, "validation_error")


async def test_a_link_ends_in_the_login_that_began_it(
    leila: Traveller, sara: Person, google: Provider, sessions: Sessions
) -> None:
    """Or it could be ended in a browser in which by now somebody else is logged in."""
    omid = await join(leila.browser)
    await log_in(leila, sara)
    started = await leila.link()
    await log_in(leila, omid)

    assert await finish(leila, started) == "not_authenticated"

    assert google.given == []
    for who in (sara, omid):
        assert await who.get("/auth/identities/") == {"items": [], "next": None}


@pytest.mark.parametrize("how", ["logout", "no cookie"])
async def test_a_link_does_not_outlive_its_login(
    leila: Traveller, sara: Person, google: Provider, how: str
) -> None:
    await log_in(leila, sara)
    started = await leila.link()
    token = leila.browser.cookies["at"]
    if how == "logout":
        headers = {"X-CSRF-Token": leila.browser.cookies["csrf"]}
        await leila.browser.post("/api/v1/auth/logout/", headers=headers)
        leila.browser.cookies["at"] = token  # as if somebody had kept it
    else:
        del leila.browser.cookies["at"]

    assert await finish(leila, started) == "not_authenticated"

    assert await sara.get("/auth/identities/") == {"items": [], "next": None}


async def test_a_link_cannot_be_ended_in_another_browser(
    leila: Traveller, another: Traveller, sara: Person
) -> None:
    await log_in(leila, sara)
    started = await leila.link()

    assert await finish(another, started) == "login_expired"
