"""Accounts and logins."""

from uuid import UUID, uuid4

import httpx
import pytest

from models.database import Sessions
from models.user import User
from settings import Settings
from tests.api.conftest import serving
from tests.api.people import PASSWORD, Person, join, problem


def an_account(**changes: object) -> dict[str, object]:
    email = f"{uuid4().hex}@Example.test"
    return {"email": email, "password": PASSWORD, "full_name": " Sara Ahmadi "} | changes


async def test_a_new_account_is_told_back_without_its_password(http: httpx.AsyncClient) -> None:
    body = an_account(phone="+989121234567", locale="en")

    answer = await http.post("/api/v1/auth/register/", json=body)

    user = answer.json()
    assert answer.status_code == 201
    assert UUID(user.pop("id")).version == 7
    assert user.pop("created_at").endswith("Z")
    assert user == {
        "email": str(body["email"]).lower(),
        "email_verified": False,
        "full_name": "Sara Ahmadi",
        "phone": "+989121234567",
        "phone_verified": False,
        "national_id_end": None,
        "role": "user",
        "locale": "en",
    }


async def test_an_address_belongs_to_one_account_however_it_is_written(
    http: httpx.AsyncClient, sara: Person
) -> None:
    body = an_account(email=sara.email.upper())

    problem(await http.post("/api/v1/auth/register/", json=body), 409, "email_taken")


@pytest.mark.parametrize(
    ("changes", "pointer"),
    [
        ({"email": "no address"}, "/email"),
        ({"email": "a@b"}, "/email"),
        ({"email": "x\x00@example.test"}, "/email"),
        ({"password": "elevenchars"}, "/password"),
        ({"password": "x" * 129}, "/password"),
        ({"full_name": "   "}, "/full_name"),
        ({"full_name": "Sa\x00ra"}, "/full_name"),
        ({"full_name": 5}, "/full_name"),
        ({"phone": "call me"}, "/phone"),
        ({"locale": "../etc"}, "/locale"),
        ({"role": "admin"}, "/role"),
    ],
)
async def test_a_bad_field_is_named(
    http: httpx.AsyncClient, changes: dict[str, object], pointer: str
) -> None:
    answer = await http.post("/api/v1/auth/register/", json=an_account(**changes))

    errors = problem(answer, 422, "validation_error")["errors"]
    assert [error["pointer"] for error in errors] == [pointer]
    assert PASSWORD not in answer.text


async def test_an_unknown_account_is_refused_like_a_wrong_password(
    http: httpx.AsyncClient, sara: Person
) -> None:
    wrong = {"email": sara.email, "password": "not the password"}
    unknown = {"email": "nobody@example.test", "password": PASSWORD}

    first = problem(await http.post("/api/v1/auth/token/", json=wrong), 401, "invalid_credentials")
    second = problem(
        await http.post("/api/v1/auth/login/", json=unknown), 401, "invalid_credentials"
    )
    assert first["detail"] == second["detail"]


async def test_a_bearer_token_says_who_one_is(sara: Person) -> None:
    assert (await sara.get("/auth/me/"))["email"] == sara.email


async def test_ones_own_fields_can_be_changed_and_the_phone_removed(sara: Person) -> None:
    await sara.patch("/auth/me/", {"phone": "09121234567", "full_name": "Sara A."})

    user = await sara.patch("/auth/me/", {"phone": None, "locale": "en"})

    assert (user["full_name"], user["phone"], user["locale"]) == ("Sara A.", None, "en")
    refused = await sara.call("PATCH", "/auth/me/", {"full_name": None})
    problem(refused, 422, "validation_error")


@pytest.mark.parametrize(
    "header", ["", "Bearer", "Bearer x", "Basic YTpi", "Bearer a.b.c", "Bearer \xff"]
)
async def test_a_bad_authorization_header_is_401(http: httpx.AsyncClient, header: str) -> None:
    headers = [(b"Authorization", header.encode("latin-1"))]

    answer = await http.get("/api/v1/auth/me/", headers=headers)

    problem(answer, 401, "not_authenticated")
    assert answer.headers["www-authenticate"] == "Bearer"


async def test_a_closed_account_is_out_at_once(
    http: httpx.AsyncClient, sara: Person, sessions: Sessions
) -> None:
    async with sessions.begin() as session:
        (await session.get_one(User, UUID(sara.id))).is_active = False

    problem(await sara.call("GET", "/auth/me/"), 401, "not_authenticated")
    credentials = {"email": sara.email, "password": PASSWORD}
    answer = await http.post("/api/v1/auth/login/", json=credentials)
    problem(answer, 401, "invalid_credentials")


async def test_logging_out_ends_one_login_and_logging_out_everywhere_all(
    http: httpx.AsyncClient, sara: Person
) -> None:
    credentials = {"email": sara.email, "password": PASSWORD}
    logins = []
    for _ in range(2):
        tokens = (await http.post("/api/v1/auth/token/", json=credentials)).json()
        logins.append({"Authorization": f"Bearer {tokens['access_token']}"})

    assert (await sara.call("POST", "/auth/logout/")).status_code == 204

    problem(await sara.call("GET", "/auth/me/"), 401, "not_authenticated")
    gone = {"refresh_token": sara.refresh_token}
    problem(await http.post("/api/v1/auth/refresh/", json=gone), 401, "not_authenticated")
    answer = await http.post("/api/v1/auth/logout-all/", headers=logins[0])
    assert answer.status_code == 204
    for login in logins:
        problem(await http.get("/api/v1/auth/me/", headers=login), 401, "not_authenticated")


async def test_outside_of_development_cookies_are_secure(
    settings: Settings, http: httpx.AsyncClient
) -> None:
    person = await join(http)
    async with serving(settings.model_copy(update={"debug": False})) as strict:
        credentials = {"email": person.email, "password": PASSWORD}
        answer = await strict.post("/api/v1/auth/login/", json=credentials)

    cookies = {line.split("=")[0]: line for line in answer.headers.get_list("set-cookie")}
    assert set(cookies) == {"__Host-at", "__Secure-rt", "__Host-csrf"}
    assert all("Secure" in line and "Domain" not in line for line in cookies.values())
    assert "HttpOnly; Max-Age=600; Path=/; SameSite=lax" in cookies["__Host-at"]
    assert "Path=/api/v1/auth/; SameSite=strict" in cookies["__Secure-rt"]
    assert "HttpOnly" not in cookies["__Host-csrf"]
