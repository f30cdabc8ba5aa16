"""GitHub, which is no OpenID provider: who somebody is has to be asked for."""

from typing import Any

import httpx
import pytest
from pydantic import SecretStr

from settings import Settings
from tests.api.conftest import FRONTEND, serving
from tests.api.people import problem
from tests.oidc.github import GitHub, address, profile
from tests.oidc.traveller import Traveller, query_of


def mail(hub: GitHub) -> str:
    return f"{hub.user['login']}@example.test"


async def test_the_primary_verified_address_makes_the_account(
    leila: Traveller, hub: GitHub
) -> None:
    hub.user |= {"email": "shown.to.others@example.test", "name": "Leila Karimi"}
    hub.emails = [
        address(f"old-{mail(hub)}", primary=False),
        address(mail(hub)),
        address(f"new-{mail(hub)}", primary=False, verified=False),
    ]

    answer = await leila.log_in("github", next="/tickets/")

    assert answer.headers["location"] == f"{FRONTEND}/tickets/"
    me = await leila.me()
    assert (me["email"], me["email_verified"]) == (mail(hub), True)
    assert me["full_name"] == "Leila Karimi"
    assert await leila.linked() == ["github"]


@pytest.mark.parametrize(
    "emails",
    [
        [],
        [address("ali@example.test", verified=False)],
        [address("ali@example.test", primary=False)],
        [address("ali@example.test", verified=False), address("b@example.test", primary=False)],
    ],
    ids=["none", "unverified", "not primary", "one of each"],
)
async def test_without_such_an_address_there_is_no_account(
    leila: Traveller, hub: GitHub, emails: list[dict[str, Any]]
) -> None:
    hub.user |= {"email": "ali@example.test"}
    hub.emails = emails

    problem(await leila.try_to_log_in("github"), 401, "identity_refused")


async def test_the_number_is_who_it_is_and_not_the_login(
    leila: Traveller, another: Traveller, hub: GitHub
) -> None:
    hub.emails = [address(mail(hub))]
    await leila.log_in("github")
    first = hub.user

    # Renamed, and without an address: still the same person.
    hub.user, hub.emails = first | {"login": "renamed"}, []
    await another.log_in("github")
    assert await another.me() == await leila.me()

    # Somebody else, who took the name that was given up.
    hub.user = profile(login=first["login"])
    hub.emails = [address(f"else-{mail(hub)}")]
    await another.log_in("github")
    assert (await another.me())["id"] != (await leila.me())["id"]


async def test_an_error_that_comes_with_200_is_one(leila: Traveller, hub: GitHub) -> None:
    callback = await leila.consent(await leila.leave("github"))

    problem(await leila.ask_back(callback, code="forged"), 401, "identity_refused")


async def test_a_verifier_of_another_login_gets_nothing(leila: Traveller, hub: GitHub) -> None:
    hers = await leila.consent(await leila.leave("github"))
    other = await leila.consent(await leila.leave("github"))

    answer = await leila.ask_back(hers, code=query_of(other)["code"])

    problem(answer, 401, "identity_refused")
    assert not hub.tokens


async def test_a_callback_works_once(leila: Traveller, hub: GitHub) -> None:
    hub.emails = [address(mail(hub))]
    callback = await leila.consent(await leila.leave("github"))
    assert (await leila.come_back(callback)).headers["location"] == f"{FRONTEND}/"

    problem(await leila.ask_back(callback), 401, "login_expired")


async def test_wrong_credentials_of_ours_are_not_blamed_on_the_visitor(
    offering: Settings, elsewhere: httpx.AsyncClient
) -> None:
    wrong = {"github_client_secret": SecretStr("not the secret")}
    async with serving(offering.model_copy(update=wrong)) as browser:
        leila = Traveller(browser, elsewhere)

        problem(await leila.try_to_log_in("github"), 502, "gateway_refused")


@pytest.mark.parametrize("path", ["user", "user/emails"])
@pytest.mark.parametrize(
    ("status", "answer", "code"),
    [
        (500, 503, "gateway_unavailable"),
        (403, 503, "gateway_unavailable"),
        (429, 503, "gateway_unavailable"),
        (404, 502, "gateway_refused"),
        (401, 502, "gateway_refused"),
    ],
)
async def test_an_api_that_does_not_answer_opens_nothing(
    leila: Traveller, hub: GitHub, path: str, status: int, answer: int, code: str
) -> None:
    hub.emails = [address(mail(hub))]
    hub.api = {path: status}

    problem(await leila.try_to_log_in("github"), answer, code)


@pytest.mark.parametrize("user", [{}, {"id": "ali", "login": "ali"}, {"id": None, "login": "ali"}])
async def test_somebody_without_a_number_is_nobody(
    leila: Traveller, hub: GitHub, user: dict[str, Any]
) -> None:
    hub.emails = [address(mail(hub))]
    hub.user = user

    problem(await leila.try_to_log_in("github"), 503, "gateway_unavailable")
