"""Ways into an account that go: by a wish of its owner, or because its owner has come."""

import asyncio
from uuid import UUID, uuid4

from domain.audit import AuditAction
from domain.messages.notice import NoticeKind
from models.account_secrets import token_digest
from models.database import Sessions
from models.queries import account_tokens
from models.queries.account_tokens import Issued
from settings import Settings
from tests.api.conftest import serving
from tests.api.oauth.members import finish, log_in, notices
from tests.api.people import Person, problem
from tests.api.told import audited
from tests.oidc.misbehaving import Provider, person
from tests.oidc.traveller import Traveller

LOGIN = "/api/v1/auth/login/"
NEW_PASSWORD = "seven lamps over the bazaar"


async def test_a_way_in_can_be_taken_away(
    leila: Traveller, another: Traveller, google: Provider, sara: Person, sessions: Sessions
) -> None:
    google.who = person(email=sara.email)
    await log_in(leila, sara)
    await finish(leila, await leila.link())

    assert (await leila.unlink()).status_code == 204

    assert await leila.linked() == []
    problem(await another.try_to_log_in(), 409, "link_required")
    told = await notices(sessions, sara.id)
    assert told[-1] == (NoticeKind.IDENTITY_UNLINKED, {"provider": "google"})
    actions = [line.action for line in await audited(sessions, f"user:{sara.id}")]
    assert actions.count(AuditAction.IDENTITY_UNLINKED) == 1
    problem(await leila.unlink(), 404, "not_found")


async def test_the_last_way_in_stays(leila: Traveller) -> None:
    await leila.log_in()

    problem(await leila.unlink(), 409, "last_way_in")

    assert await leila.linked() == ["google"]


async def test_of_the_last_two_ways_in_only_one_can_go_however_fast_one_is(
    leila: Traveller,
) -> None:
    await leila.log_in()
    await finish(leila, await leila.link("auth0"))

    answers = await asyncio.gather(leila.unlink("google"), leila.unlink("auth0"))

    assert sorted(answer.status_code for answer in answers) == [204, 409]
    assert len(await leila.linked()) == 1


async def test_a_provider_that_is_not_offered_any_more_is_no_way_in(
    leila: Traveller, offering: Settings, google: Provider, auth0: Provider
) -> None:
    await leila.log_in("google")
    await finish(leila, await leila.link("auth0"))

    async with serving(offering.model_copy(update={"auth0_client_id": None})) as browser:
        later = Traveller(browser, leila.elsewhere)
        await later.log_in("google")
        problem(await later.unlink("google"), 409, "last_way_in")
        assert (await later.unlink("auth0")).status_code == 204


async def test_who_claimed_somebodys_address_keeps_no_way_in(
    leila: Traveller, another: Traveller, google: Provider, sessions: Sessions
) -> None:
    """An account made under an address that is not proven is its owner's as soon as they come."""
    google.who = person(email_verified=False)
    await leila.log_in()
    user_id = (await leila.me())["id"]

    await reset_password(another, sessions, user_id)

    problem(await leila.browser.get("/api/v1/auth/me/"), 401, "not_authenticated")
    problem(await leila.try_to_log_in(), 401, "identity_refused")
    body = {"email": google.who["email"], "password": NEW_PASSWORD}
    assert (await another.browser.post(LOGIN, json=body)).status_code == 200
    assert ((await another.me())["id"], await another.linked()) == (user_id, [])
    assert (await another.me())["email_verified"] is True


async def test_who_forgets_the_password_of_a_proven_account_keeps_what_is_linked(
    leila: Traveller, another: Traveller, sessions: Sessions
) -> None:
    await leila.log_in()
    user_id = (await leila.me())["id"]

    await reset_password(another, sessions, user_id)

    await leila.log_in()
    assert ((await leila.me())["id"], await leila.linked()) == (user_id, ["google"])
    assert (await leila.unlink()).status_code == 204  # there is a password now


async def reset_password(traveller: Traveller, sessions: Sessions, user_id: str) -> None:
    """Set a new password by the link that was sent to the account's address."""
    issued = Issued(UUID(user_id), NoticeKind.PASSWORD_RESET, token_digest(token := uuid4().hex))
    async with sessions.begin() as session:
        await account_tokens.issue(session, issued)
    body = {"token": token, "new_password": NEW_PASSWORD}
    answer = await traveller.browser.post("/api/v1/auth/password/reset/confirm/", json=body)
    assert answer.status_code == 204, answer.text
