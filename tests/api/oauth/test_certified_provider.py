"""Logins with a provider that the OpenID Foundation has certified, by its own pages.

What a provider would never send is in test_id_tokens.py; here it is the browser that cheats.
"""

from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from uuid import uuid4

import httpx
import pytest
from pydantic import SecretStr

from settings import Settings
from tests.api.conftest import FRONTEND, serving
from tests.api.people import problem
from tests.oidc.certified import CLIENT_ID, CLIENT_SECRET, Certified, certified, log_in
from tests.oidc.traveller import Traveller, query_of

# One server is enough for them.
pytestmark = pytest.mark.xdist_group("certified-provider")
API = "http://localhost"
REDIRECT_URI = f"{API}/api/v1/auth/oauth/auth0/callback/"


@pytest.fixture(scope="session")
def provider(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Certified]:
    log: Path = tmp_path_factory.mktemp("oidc") / "provider.log"
    with certified(REDIRECT_URI, log) as provider:
        yield provider


@pytest.fixture
async def leila(
    settings: Settings, provider: Certified, elsewhere: httpx.AsyncClient
) -> AsyncIterator[Traveller]:
    changes = {
        "api_url": API,
        "auth0_client_id": CLIENT_ID,
        "auth0_client_secret": SecretStr(CLIENT_SECRET),
        "auth0_issuer": provider.issuer,
    }
    async with serving(settings.model_copy(update=changes)) as browser:
        yield Traveller(browser, elsewhere)


@pytest.fixture
def who() -> str:
    return uuid4().hex


async def arrive(leila: Traveller, who: str, **changes: str) -> str:
    """Go to the provider, with some of what is asked changed on the way, and log in there."""
    page = httpx.URL(await leila.leave("auth0"))
    kept = {name: value for name, value in (query_of(str(page)) | changes).items() if value}
    return await log_in(leila.elsewhere, str(page.copy_with(params=kept)), who)


async def test_somebody_logs_in_by_its_pages_twice_and_is_the_same(
    leila: Traveller, who: str
) -> None:
    answer = await leila.come_back(await arrive(leila, who))

    assert answer.headers["location"] == f"{FRONTEND}/"
    me = await leila.me()
    assert (me["email"], me["email_verified"]) == (f"{who}@example.test", True)
    assert me["full_name"] == f"Somebody named {who}"

    leila.browser.cookies.clear()
    await leila.come_back(await arrive(leila, who))
    assert await leila.me() == me


async def test_its_answer_names_it(leila: Traveller, provider: Certified, who: str) -> None:
    callback = await arrive(leila, who)
    assert query_of(callback)["iss"] == provider.issuer

    answer = await leila.ask_back(callback, iss="https://evil.example")

    problem(answer, 401, "identity_refused")


async def test_its_answer_does_not_count_without_its_name(leila: Traveller, who: str) -> None:
    """It promises to send it, so an answer without it is somebody else's."""
    callback = httpx.URL(await arrive(leila, who)).copy_remove_param("iss")

    problem(await leila.ask_back(str(callback)), 401, "identity_refused")


async def test_a_forged_state_opens_nothing(leila: Traveller, who: str) -> None:
    callback = await arrive(leila, who, state="forged")

    problem(await leila.ask_back(callback), 401, "login_expired")


async def test_a_forged_nonce_opens_nothing(leila: Traveller, who: str) -> None:
    callback = await arrive(leila, who, nonce="of-a-login-that-somebody-else-began")

    problem(await leila.ask_back(callback), 401, "identity_refused")


async def test_a_code_for_another_client_opens_nothing(leila: Traveller, who: str) -> None:
    callback = await arrive(leila, who, client_id="another-client")

    problem(await leila.ask_back(callback), 401, "identity_refused")


async def test_a_code_for_another_verifier_opens_nothing(leila: Traveller, who: str) -> None:
    """Somebody's own code in the callback of somebody else."""
    hers = await arrive(leila, who)
    other = query_of(await arrive(leila, who))["code"]

    problem(await leila.ask_back(hers, code=other), 401, "identity_refused")


async def test_a_challenge_that_was_changed_opens_nothing(leila: Traveller, who: str) -> None:
    callback = await arrive(
        leila, who, code_challenge="E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"
    )

    problem(await leila.ask_back(callback), 401, "identity_refused")


@pytest.mark.parametrize(
    "changes",
    [{"code_challenge": "", "code_challenge_method": ""}, {"code_challenge_method": "plain"}],
    ids=["none", "plain"],
)
async def test_it_does_not_let_a_challenge_be_left_out(
    leila: Traveller, who: str, changes: dict[str, str]
) -> None:
    callback = await arrive(leila, who, **changes)
    assert query_of(callback)["error"] == "invalid_request"

    problem(await leila.ask_back(callback), 502, "gateway_refused")


async def test_a_code_works_once(leila: Traveller, who: str) -> None:
    callback = await arrive(leila, who)
    assert (await leila.come_back(callback)).headers["location"] == f"{FRONTEND}/"

    problem(await leila.ask_back(callback), 401, "login_expired")
    state = query_of(await leila.leave("auth0"))["state"]
    problem(await leila.ask_back(callback, state=state), 401, "identity_refused")


async def test_who_says_no_there_is_not_logged_in(leila: Traveller, who: str) -> None:
    callback = await arrive(leila, who, prompt="none")
    assert query_of(callback)["error"] == "login_required"

    answer = await leila.come_back(callback)

    assert answer.headers["location"].startswith(f"{FRONTEND}/login?error=")
    assert set(leila.browser.cookies) == {"oflow"}
