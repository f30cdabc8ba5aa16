"""Frontends of other origins read what they asked for, errors as well; strangers read nothing."""

from typing import Final

import httpx
import pytest
from fastapi import FastAPI

from api.metrics import ApiMeasures
from api.openapi import surface
from api.perimeter.stack import Perimeter, surround
from domain.limits import Rate
from settings import Settings
from tests.api.conftest import FRONTEND, serving
from tests.api.people import PASSWORD, Person, problem

EVIL: Final = "http://evil.example"
TOLD: Final = {
    "etag",
    "location",
    "retry-after",
    "ratelimit",
    "ratelimit-policy",
    "idempotency-replayed",
    "x-request-id",
}


def allows(answer: httpx.Response, origin: str = FRONTEND) -> bool:
    headers = answer.headers
    return (
        headers.get("access-control-allow-origin") == origin
        and headers["access-control-allow-credentials"] == "true"
        and "Origin" in headers["vary"]
    )


def names(header: str) -> set[str]:
    return {name.strip().lower() for name in header.split(",")}


async def preflight(
    http: httpx.AsyncClient, origin: str, method: str = "PATCH", asked: str = "content-type"
) -> httpx.Response:
    headers = {
        "Origin": origin,
        "Access-Control-Request-Method": method,
        "Access-Control-Request-Headers": asked,
    }
    return await http.options("/api/v1/auth/me/", headers=headers)


@pytest.mark.parametrize("method", ["GET", "POST", "PUT", "PATCH", "DELETE"])
async def test_the_frontend_may_ask_for_everything(http: httpx.AsyncClient, method: str) -> None:
    asked = "authorization,content-type,idempotency-key,last-event-id,x-csrf-token,x-request-id"

    answer = await preflight(http, FRONTEND, method, asked)

    assert answer.status_code == 200, answer.text
    assert allows(answer)
    assert answer.headers["access-control-max-age"] == "600"
    assert names(asked) <= names(answer.headers["access-control-allow-headers"])


@pytest.mark.parametrize(
    "origin",
    [EVIL, "null", f"{FRONTEND}.evil.example", f"{FRONTEND}:8080", "https://frontend.test", ""],
)
async def test_nobody_else_may(http: httpx.AsyncClient, sara: Person, origin: str) -> None:
    asked = await preflight(http, origin)
    answer = await http.get(
        "/api/v1/auth/me/", headers={"Origin": origin, "Authorization": f"Bearer {sara.token}"}
    )

    assert asked.status_code == 400
    for one in (asked, answer):
        assert "access-control-allow-origin" not in one.headers


async def test_an_answer_lets_the_frontend_read_what_it_is_told(
    http: httpx.AsyncClient, sara: Person
) -> None:
    answer = await http.get(
        "/api/v1/wallet/", headers={"Origin": FRONTEND, "Authorization": f"Bearer {sara.token}"}
    )

    assert answer.status_code == 200
    assert allows(answer)
    assert names(answer.headers["access-control-expose-headers"]) == TOLD
    assert {"ratelimit", "x-request-id"} & set(answer.headers) <= TOLD


async def test_refusals_can_be_read_too(settings: Settings, sara: Person) -> None:
    page = {"Origin": FRONTEND}
    bearer = page | {"Authorization": f"Bearer {sara.token}"}
    few = settings.model_copy(update={"limit_login": Rate.parse("1/hour")})
    async with serving(few) as http:
        credentials = {"email": sara.email, "password": PASSWORD}
        await http.post("/api/v1/auth/login/", json=credentials, headers=page)
        refused = {
            (401, "not_authenticated"): await http.get(
                "/api/v1/wallet/", headers=page | {"Authorization": "Bearer none"}
            ),
            (403, "csrf_failed"): await http.patch("/api/v1/auth/me/", json={}, headers=page),
            (403, "forbidden"): await http.get("/api/v1/ops/audit/", headers=bearer),
            (404, "not_found"): await http.get("/nowhere", headers=page),
            (405, "method_not_allowed"): await http.put("/api/v1/wallet/", headers=bearer),
            (413, "payload_too_large"): await http.post(
                "/api/v1/assets/", json={"title": "x" * 300_000}, headers=bearer
            ),
            (422, "validation_error"): await http.post("/api/v1/assets/", json={}, headers=bearer),
            (429, "rate_limited"): await http.post(
                "/api/v1/auth/login/", json=credentials, headers=page
            ),
        }

    for (status, code), answer in refused.items():
        problem(answer, status, code)
        assert allows(answer), code


async def test_a_surprise_and_plain_http_can_be_read_too(
    capsys: pytest.CaptureFixture[str],
) -> None:
    app = surface()

    @app.get("/surprise")
    async def surprise() -> None:
        raise ZeroDivisionError

    within = Perimeter(("api.test",), frozenset({FRONTEND}), None, https_only=True)
    surround(app, within, ApiMeasures().requests)

    for scheme, method, status, code in (
        ("https", "GET", 500, "internal_error"),
        ("http", "POST", 403, "https_required"),
    ):
        answer = await ask(app, f"{scheme}://api.test", method)
        problem(answer, status, code)
        assert allows(answer)
    assert "ZeroDivisionError" in capsys.readouterr().out


async def ask(app: FastAPI, base_url: str, method: str) -> httpx.Response:
    transport = httpx.ASGITransport(app)
    async with httpx.AsyncClient(transport=transport, base_url=base_url) as http:
        return await http.request(method, "/surprise", headers={"Origin": FRONTEND})


async def test_the_origins_are_those_that_the_settings_name(settings: Settings) -> None:
    named = settings.model_copy(
        update={"cors_origins": ("https://app.example.com", "https://admin.example.com")}
    )
    async with serving(named) as http:
        assert allows(await preflight(http, "https://app.example.com"), "https://app.example.com")
        assert allows(
            await preflight(http, "https://admin.example.com"), "https://admin.example.com"
        )
        assert (await preflight(http, FRONTEND)).status_code == 400


async def test_a_path_in_the_frontends_url_is_no_part_of_its_origin(settings: Settings) -> None:
    deeper = settings.model_copy(update={"frontend_url": f"{FRONTEND}/shop/"})
    async with serving(deeper) as http:
        assert allows(await preflight(http, FRONTEND))


async def test_the_codec_is_for_the_temporal_ui_alone(http: httpx.AsyncClient) -> None:
    async def asked(origin: str) -> httpx.Response:
        headers = {"Origin": origin, "Access-Control-Request-Method": "POST"}
        return await http.options("/codec/decode", headers=headers)

    assert allows(await asked("http://localhost:8233"), "http://localhost:8233")
    assert (await asked(FRONTEND)).status_code == 400
    assert (await preflight(http, "http://localhost:8233")).status_code == 400
