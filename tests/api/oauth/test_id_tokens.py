"""What a provider says is believed when it is provably the provider's, for us, now, and to this."""

from typing import Any

import httpx
import pytest
from pydantic import SecretStr

from settings import Settings
from tests.api.conftest import serving
from tests.api.people import problem
from tests.oidc import misbehaving
from tests.oidc.misbehaving import SOMEBODY_ELSES_KEY, Mischief, Provider
from tests.oidc.traveller import OAUTH, Traveller

HMAC_KEY = misbehaving.CLIENT_SECRET
FORGED: dict[str, dict[str, Any]] = {
    "a nonce of another login": {"claims": {"nonce": "of-another-login"}},
    "no nonce": {"claims": {"nonce": None}},
    "another issuer": {"claims": {"iss": "https://evil.example"}},
    "almost the issuer": {"claims": {"iss": "http://127.0.0.1"}},
    "no issuer": {"claims": {"iss": None}},
    "another audience": {"claims": {"aud": "another-client"}},
    "an audience without us": {"claims": {"aud": ["another-client", "a-third"]}},
    "an empty audience": {"claims": {"aud": []}},
    "no audience": {"claims": {"aud": None}},
    "made for another party": {"claims": {"azp": "another-client"}},
    "two audiences and nobody's party": {"claims": {"aud": ["client-of-assets", "another"]}},
    "expired": {"times": {"iat": -900, "exp": -300}},
    "for ever": {"claims": {"exp": None}},
    "expires in words": {"claims": {"exp": "tomorrow"}},
    "from the future": {"times": {"iat": 86_400, "exp": 90_000}},
    "not valid yet": {"times": {"nbf": 86_400}},
    "no subject": {"claims": {"sub": None}},
    "an empty subject": {"claims": {"sub": ""}},
    "a subject that is no text": {"claims": {"sub": 4711}},
    "a subject past all measure": {"claims": {"sub": "x" * 256}},
    "a subject that no row can hold": {"claims": {"sub": "a\x00b"}},
    "another access token's hash": {"claims": {"at_hash": "AAAAAAAAAAAAAAAAAAAAAA"}},
    "unsigned": {"algorithm": "none", "key": None},
    "signed with what we know": {"algorithm": "HS256", "key": HMAC_KEY},
    "signed with somebody else's key": {"key": SOMEBODY_ELSES_KEY},
    "signed with a key nobody knows": {"key": SOMEBODY_ELSES_KEY, "key_id": "k2"},
    "signed with a key that is not named": {"key": SOMEBODY_ELSES_KEY, "key_id": None},
    "signed in a way that we do not take": {"algorithm": "RS512"},
}
UNREADABLE = {
    "no object": (200, "[]"),
    "no JSON": (200, "<html>"),
    "nothing": (200, ""),
    "an error of its own": (500, '{"error": "server_error"}'),
    "a page of a proxy": (404, "<html>"),
}


@pytest.mark.parametrize("what", sorted(FORGED))
async def test_a_forged_token_opens_nothing(leila: Traveller, google: Provider, what: str) -> None:
    google.does = Mischief(**FORGED[what])

    problem(await leila.try_to_log_in(), 401, "identity_refused")

    assert set(leila.browser.cookies) == {"oflow"}
    google.does = Mischief()
    assert (await leila.log_in()).headers["location"].endswith("frontend.test/")


@pytest.mark.parametrize(
    "good",
    [
        {"claims": {"aud": [misbehaving.CLIENT_ID]}},
        {"claims": {"aud": [misbehaving.CLIENT_ID, "api"], "azp": misbehaving.CLIENT_ID}},
        {"times": {"iat": -900, "exp": -5}},  # clocks differ by so much
        {"key_id": None},
        {"algorithm": "PS256"},
    ],
    ids=str,
)
async def test_what_the_standard_allows_is_allowed(
    leila: Traveller, google: Provider, good: dict[str, Any]
) -> None:
    google.does = Mischief(**good)

    assert (await leila.try_to_log_in()).status_code == 303


async def test_a_token_without_who_it_is_about_is_refused(
    leila: Traveller, google: Provider
) -> None:
    google.does.token = (200, '{"access_token": "a", "token_type": "Bearer"}')

    problem(await leila.try_to_log_in(), 401, "identity_refused")


@pytest.mark.parametrize("id_token", ["null", "7", '""', '"a.b"', '"a.b.c"', '{"a": 1}'])
async def test_a_malformed_token_is_no_failure_of_ours(
    leila: Traveller, google: Provider, id_token: str
) -> None:
    google.does.token = (200, f'{{"access_token": "a", "id_token": {id_token}}}')

    answer = await leila.try_to_log_in()

    assert answer.status_code in {401, 503}, answer.text
    assert answer.json()["code"] in {"identity_refused", "gateway_unavailable"}


@pytest.mark.parametrize("what", sorted(UNREADABLE))
async def test_an_answer_that_cannot_be_read_is_said_to_be_one(
    leila: Traveller, google: Provider, what: str
) -> None:
    google.does.token = UNREADABLE[what]

    problem(await leila.try_to_log_in(), 503, "gateway_unavailable")


@pytest.mark.parametrize("verifier", ["another-verifier-of-the-right-length-for-pkce-43"])
async def test_a_code_is_of_no_use_without_its_verifier(
    leila: Traveller, google: Provider, verifier: str
) -> None:
    """As if somebody had put their own code into the callback of somebody else."""
    hers = await leila.consent(await leila.leave())
    other = await leila.consent(await leila.leave())
    code = httpx.URL(other).params["code"]

    problem(await leila.ask_back(hers, code=code), 401, "identity_refused")

    assert google.given == []


async def test_a_code_that_nobody_gave_out_is_refused(leila: Traveller) -> None:
    callback = await leila.consent(await leila.leave())

    problem(await leila.ask_back(callback, code="forged"), 401, "identity_refused")


async def test_the_answer_says_who_sent_it(leila: Traveller, google: Provider) -> None:
    google.does.sends_issuer = True
    assert (await leila.try_to_log_in()).status_code == 303

    callback = await leila.consent(await leila.leave())
    forged = await leila.ask_back(callback, iss="https://evil.example")

    problem(forged, 401, "identity_refused")
    assert len(google.given) == 5  # the code was kept from whoever sent the second


async def test_a_provider_that_promises_to_say_it_has_to(
    early: Traveller, google: Provider
) -> None:
    google.does.metadata = {"authorization_response_iss_parameter_supported": True}

    problem(await early.try_to_log_in(), 401, "identity_refused")

    google.does.sends_issuer = True
    assert (await early.try_to_log_in()).status_code == 303


@pytest.mark.parametrize(
    "metadata",
    [
        {"issuer": "https://evil.example"},
        {"issuer": None},
        {"token_endpoint": None},
        {"jwks_uri": "file:///etc/passwd"},
        {"authorization_endpoint": "javascript:alert(1)"},
    ],
    ids=str,
)
async def test_a_provider_that_describes_itself_as_another_is_not_asked(
    early: Traveller, google: Provider, metadata: dict[str, Any]
) -> None:
    google.does.metadata = metadata

    answer = await early.browser.get(
        f"{OAUTH}/google/login/", headers={"Accept": "application/json"}
    )

    problem(answer, 503, "gateway_unavailable")


async def test_a_provider_that_does_not_know_us_is_not_blamed_on_the_visitor(
    offering: Settings, elsewhere: httpx.AsyncClient
) -> None:
    wrong = {"google_client_secret": SecretStr("not the secret")}
    async with serving(offering.model_copy(update=wrong)) as browser:
        leila = Traveller(browser, elsewhere)

        problem(await leila.try_to_log_in(), 502, "gateway_refused")
