"""Access tokens: what is not exactly one of ours, for this use and for now, says nobody's name."""

import base64
import hmac
import json
from collections.abc import Callable
from datetime import datetime, timedelta, tzinfo
from typing import Any, Self
from uuid import uuid4

import httpx
import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from pydantic import SecretStr

from api.accounts.tokens import Access, AccessTokens
from domain.errors import NotAuthenticated
from settings import Settings
from tests.api.conftest import serving
from tests.api.people import Person, problem

OTHER = "another-secret-of-enough-characters"
MINUTE = 60
CLAIMS = ("exp", "iat", "nbf", "iss", "aud", "sub", "sid", "jti")
LIFETIME = timedelta(minutes=10)
Forge = Callable[[dict[str, Any], dict[str, Any], str], str]


def encoded(part: dict[str, Any]) -> str:
    return base64.urlsafe_b64encode(json.dumps(part).encode()).decode().rstrip("=")


def unsigned(headers: dict[str, Any], claims: dict[str, Any]) -> str:
    return f"{encoded(headers)}.{encoded(claims)}."


def signed(headers: dict[str, Any], claims: dict[str, Any], secret: str) -> str:
    return jwt.encode(claims, secret, "HS256", headers=headers)


def with_header(**changes: Any) -> Forge:
    return lambda headers, claims, secret: signed(headers | changes, claims, secret)


def with_claims(**changes: Any) -> Forge:
    return lambda headers, claims, secret: signed(headers, claims | changes, secret)


def moved(seconds: float) -> Forge:
    """Made that much earlier or later, and good in every other way."""

    def forge(headers: dict[str, Any], claims: dict[str, Any], secret: str) -> str:
        times = {name: claims[name] + seconds for name in ("iat", "nbf", "exp")}
        return signed(headers, claims | times, secret)

    return forge


def without_kid(headers: dict[str, Any], claims: dict[str, Any], secret: str) -> str:
    return signed({name: headers[name] for name in headers if name != "kid"}, claims, secret)


def without(name: str) -> Forge:
    def forge(headers: dict[str, Any], claims: dict[str, Any], secret: str) -> str:
        return signed(headers, {key: claims[key] for key in claims if key != name}, secret)

    return forge


def with_another_method(headers: dict[str, Any], claims: dict[str, Any], secret: str) -> str:
    # By hand: our secrets are too short for this method in the eyes of the library.
    signed_part = unsigned(headers | {"alg": "HS512"}, claims)[:-1]
    signature = hmac.digest(secret.encode(), signed_part.encode(), "sha512")
    return f"{signed_part}.{base64.urlsafe_b64encode(signature).decode().rstrip('=')}"


def with_a_key_pair(headers: dict[str, Any], claims: dict[str, Any], secret: str) -> str:
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    return jwt.encode(claims, key, "RS256", headers=headers)


def with_more_in_it(headers: dict[str, Any], claims: dict[str, Any], secret: str) -> str:
    head, _, signature = signed(headers, claims, secret).split(".")
    return f"{head}.{encoded(claims | {'sub': str(uuid4())})}.{signature}"


FORGERIES: dict[str, Forge] = {
    "alg none": lambda headers, claims, secret: unsigned(headers | {"alg": "none"}, claims),
    "alg None, in capitals": lambda headers, claims, secret: unsigned(
        headers | {"alg": "None"}, claims
    ),
    "our alg without a signature": lambda headers, claims, secret: unsigned(
        headers | {"alg": "HS256"}, claims
    ),
    "another alg with our key": with_another_method,
    "an alg of key pairs": with_a_key_pair,
    "another key under the name of ours": lambda headers, claims, secret: signed(
        headers, claims, OTHER
    ),
    "changed after it was signed": with_more_in_it,
    "unknown kid": with_header(kid="0123456789abcdef"),
    "kid that is no name": with_header(kid=""),
    "no kid": without_kid,
    "typ of an id token": with_header(typ="JWT"),
    "no typ": with_header(typ=None),
    "another audience": with_claims(aud="assets-codec"),
    "several audiences": with_claims(aud=["assets-api", "others"]),
    "another issuer": with_claims(iss="https://accounts.google.com"),
    "expired": moved(-11 * MINUTE),
    "not yet valid": moved(MINUTE),
    "a session that is no id": with_claims(sid="5"),
    "a session that is a number": with_claims(sid=5),
    "another's session": with_claims(sub=str(uuid4())),
    "a session that never was": with_claims(sid=str(uuid4())),
} | {f"no {name}": without(name) for name in CLAIMS}


async def read_me(http: httpx.AsyncClient, token: str) -> httpx.Response:
    return await http.get("/api/v1/auth/me/", headers={"Authorization": f"Bearer {token}"})


def parts(person: Person) -> tuple[dict[str, Any], dict[str, Any]]:
    claims = jwt.decode(person.token, options={"verify_signature": False})
    headers = jwt.get_unverified_header(person.token)
    headers.pop("alg")  # in a header it would count for more than the argument
    return headers, claims


@pytest.mark.parametrize("name", sorted(FORGERIES))
async def test_what_is_not_quite_one_of_our_tokens_is_refused(
    http: httpx.AsyncClient, sara: Person, settings: Settings, name: str
) -> None:
    headers, claims = parts(sara)
    secret = settings.jwt_secret.get_secret_value()
    honest = signed(headers, claims, secret)
    assert (await read_me(http, honest)).status_code == 200  # the rest of each forgery is good

    forged = FORGERIES[name](headers, claims, secret)

    assert forged != honest
    problem(await read_me(http, forged), 401, "not_authenticated")


async def test_a_token_of_the_secret_before_counts_until_that_is_forgotten(
    sara: Person, settings: Settings
) -> None:
    old = settings.jwt_secret.get_secret_value()
    async with serving(turned(settings, f"{'x' * 32}, {old}")) as http:
        assert (await read_me(http, sara.token)).status_code == 200
        body = {"refresh_token": sara.refresh_token}
        new = (await http.post("/api/v1/auth/refresh/", json=body)).json()["access_token"]
        assert jwt.get_unverified_header(new)["kid"] != jwt.get_unverified_header(sara.token)["kid"]
        jwt.decode(new, OTHER, algorithms=["HS256"], audience="assets-api")  # the new one signs
    async with serving(turned(settings, "")) as http:
        problem(await read_me(http, sara.token), 401, "not_authenticated")
        assert (await read_me(http, new)).status_code == 200


def turned(settings: Settings, previous: str) -> Settings:
    """The same settings with another secret that signs."""
    secrets = {"jwt_secret": SecretStr(OTHER), "jwt_previous_secrets": SecretStr(previous)}
    return settings.model_copy(update=secrets)


async def test_the_name_of_a_key_chooses_it_and_no_other_is_tried(sara: Person) -> None:
    ours = AccessTokens("s" * 32, LIFETIME, previous=("p" * 32,))
    earlier, _ = AccessTokens("p" * 32, LIFETIME).issue(Access(uuid4(), uuid4()))
    headers = jwt.get_unverified_header(earlier)
    claims = jwt.decode(earlier, options={"verify_signature": False})
    ours.read(earlier)

    with pytest.raises(NotAuthenticated):
        ours.read(signed(headers, claims, "s" * 32))  # ours, but it says that it is the other's


@pytest.mark.parametrize("token", ["", "a.b.c", "....", "\u0661.\u0662.\u0663", "e30.e30.e30"])
def test_what_is_no_token_at_all_is_refused_without_an_error(token: str) -> None:
    with pytest.raises(NotAuthenticated):
        AccessTokens("s" * 32, LIFETIME).read(token)


def test_an_access_token_carries_no_personal_data() -> None:
    tokens = AccessTokens("s" * 32, LIFETIME)
    access = Access(uuid4(), uuid4())

    token, expires_at = tokens.issue(access)

    claims = jwt.decode(token, options={"verify_signature": False})
    assert set(claims) == set(CLAIMS)
    assert claims["exp"] == expires_at.timestamp()
    assert tokens.read(token) == (access, expires_at)


def test_a_token_that_was_good_before_is_refused_once_it_expires(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    tokens = AccessTokens("s" * 32, LIFETIME)
    token, expires_at = tokens.issue(Access(uuid4(), uuid4()))

    class Later(datetime):
        @classmethod
        def now(cls, tz: tzinfo | None = None) -> Self:
            return cls.fromtimestamp(at.timestamp(), tz)

    at = expires_at + timedelta(seconds=4)  # clocks of two machines differ a little
    tokens.read(token)
    monkeypatch.setattr("api.accounts.tokens.datetime", Later)
    tokens.read(token)
    at = expires_at + timedelta(seconds=5)
    with pytest.raises(NotAuthenticated, match="expired"):
        tokens.read(token)
