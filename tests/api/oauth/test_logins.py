"""Whom an identity logs in, and the account that it makes when it is the first time."""

import asyncio
from datetime import timedelta
from uuid import UUID

import pytest
from sqlalchemy import select, update

from domain.audit import AuditAction
from domain.messages.notice import NoticeKind
from models.database import Sessions
from models.identity import IdentityRow
from models.message import MessageRow
from models.user import User
from settings import Settings
from tests.api.conftest import FRONTEND, serving
from tests.api.people import problem
from tests.api.told import audited
from tests.oidc.misbehaving import Provider, person
from tests.oidc.traveller import OAUTH, Traveller

YEAR = timedelta(days=365)


async def test_those_with_credentials_are_offered(leila: Traveller) -> None:
    answer = await leila.browser.get(f"{OAUTH}/")

    offered = {one["provider"]: one["login_url"] for one in answer.json()["items"]}
    assert list(offered) == ["google", "github", "auth0"]
    assert offered["github"] == "http://localhost/api/v1/auth/oauth/github/login/"


async def test_those_without_are_not(settings: Settings) -> None:
    async with serving(settings) as http:
        assert (await http.get(f"{OAUTH}/")).json() == {"items": [], "next": None}
        for path in ("google/login/", "auth0/login/", "nobody/login/", "nobody/callback/"):
            json = {"Accept": "application/json"}
            problem(await http.get(f"{OAUTH}/{path}", headers=json), 404, "not_found")


async def test_a_first_login_makes_an_account(
    leila: Traveller, google: Provider, sessions: Sessions
) -> None:
    answer = await leila.log_in(next="/tickets/?tab=mine#top")

    assert answer.status_code == 303
    assert answer.headers["location"] == f"{FRONTEND}/tickets/?tab=mine#top"
    assert answer.headers["cache-control"] == "no-store"
    me = await leila.me()
    assert (me["email"], me["email_verified"]) == (google.who["email"], True)
    assert (me["full_name"], me["role"]) == ("Leila Karimi", "user")
    assert await leila.linked() == ["google"]
    lines = await audited(sessions, f"user:{me['id']}")
    told = [(line.action, line.details) for line in lines]
    by = {"by": "google"}
    assert told == [
        (AuditAction.REGISTERED, by),
        (AuditAction.IDENTITY_LINKED, by),
        (AuditAction.LOGIN, by),
    ]
    assert all(line.request_id for line in lines)


async def test_the_next_login_is_to_the_same_account_whatever_the_address_is_by_then(
    leila: Traveller, another: Traveller, google: Provider
) -> None:
    await leila.log_in()
    before = await leila.me()
    google.who |= {"email": person()["email"], "email_verified": False, "name": "Else"}

    await another.log_in()

    assert await another.me() == before


async def test_cookies_are_those_of_any_login(leila: Traveller) -> None:
    answer = await leila.log_in()

    cookies = {line.split("=")[0]: line for line in answer.headers.get_list("set-cookie")}
    assert set(cookies) == {"at", "rt", "csrf"}
    assert "HttpOnly" in cookies["at"]
    assert "SameSite=strict" in cookies["rt"]
    csrf = {"X-CSRF-Token": leila.browser.cookies["csrf"]}
    changed = await leila.browser.patch("/api/v1/auth/me/", json={"locale": "en"}, headers=csrf)
    assert changed.json()["locale"] == "en"
    assert (await leila.browser.post("/api/v1/auth/refresh/")).status_code == 200


async def test_two_first_logins_at_once_make_one_account(
    leila: Traveller, another: Traveller, sessions: Sessions, google: Provider
) -> None:
    callbacks = [await one.consent(await one.leave()) for one in (leila, another)]

    answers = await asyncio.gather(leila.come_back(callbacks[0]), another.come_back(callbacks[1]))

    assert [answer.headers["location"] for answer in answers] == [f"{FRONTEND}/"] * 2
    assert (await leila.me())["id"] == (await another.me())["id"]
    async with sessions() as session:
        mine = select(IdentityRow).where(IdentityRow.subject == google.who["sub"])
        assert len((await session.scalars(mine)).all()) == 1


async def test_a_closed_account_stays_closed(
    leila: Traveller, another: Traveller, sessions: Sessions
) -> None:
    await leila.log_in()
    user_id = (await leila.me())["id"]
    async with sessions.begin() as session:
        closing = update(User).where(User.id == UUID(user_id)).values(is_active=False)
        await session.execute(closing)

    problem(await another.try_to_log_in(), 401, "identity_refused")

    last = (await audited(sessions, f"user:{user_id}"))[-1]
    assert (last.action, last.actor_id) == (AuditAction.LOGIN_FAILED, None)
    assert last.details == {"by": "google", "reason": "identity_refused"}


async def test_an_account_without_a_password_opens_to_none(
    leila: Traveller, another: Traveller, google: Provider
) -> None:
    await leila.log_in()
    body = {"email": google.who["email"], "password": "correct horse battery"}

    answer = await another.browser.post("/api/v1/auth/login/", json=body)

    problem(answer, 401, "invalid_credentials")


@pytest.mark.parametrize("verified", [None, False, "true", 1])
async def test_an_address_is_proven_only_by_a_true_that_is_one(
    leila: Traveller, google: Provider, sessions: Sessions, verified: object
) -> None:
    google.who = person(email_verified=verified)

    await leila.log_in()

    me = await leila.me()
    assert me["email_verified"] is False
    async with sessions() as session:
        asked = select(MessageRow.kind).where(MessageRow.user_id == UUID(me["id"]))
        assert list(await session.scalars(asked)) == [NoticeKind.EMAIL_VERIFICATION]


@pytest.mark.parametrize("email", [None, "", "nobody", "a@b@c", 7, "ali@\x00example.com"])
async def test_without_an_address_that_can_be_used_there_is_no_account(
    leila: Traveller, google: Provider, email: object
) -> None:
    google.who = person(email=email)

    problem(await leila.try_to_log_in(), 401, "identity_refused")


@pytest.mark.parametrize("name", [None, "", 7, "x" * 300])
async def test_a_name_that_cannot_be_used_is_made_of_the_address(
    leila: Traveller, google: Provider, name: object
) -> None:
    google.who = person(name=name)

    await leila.log_in()

    assert (await leila.me())["full_name"] == google.who["sub"]


async def test_an_address_is_the_same_however_it_is_written(
    leila: Traveller, google: Provider
) -> None:
    google.who |= {"email": google.who["email"].upper()}

    await leila.log_in()

    assert (await leila.me())["email"] == google.who["email"].lower()


async def test_a_subject_is_taken_whole(
    leila: Traveller, another: Traveller, auth0: Provider
) -> None:
    auth0.who = person(sub="google-oauth2|4711")
    await leila.log_in("auth0")

    auth0.who = person(sub="github|4711")
    await another.log_in("auth0")

    assert (await leila.me())["id"] != (await another.me())["id"]
