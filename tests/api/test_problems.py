"""Whatever goes wrong is a problem+json with a code, a status and the request's id."""

from collections.abc import AsyncIterator

import httpx
import pytest

from api.openapi import surface
from api.perimeter.catch_all import CatchAll
from api.perimeter.request_id import RequestId
from api.problems import STATUS
from domain import errors
from tests.api.people import Person, problem


def subclasses(kind: type[errors.DomainError]) -> set[type[errors.DomainError]]:
    return {kind}.union(*map(subclasses, kind.__subclasses__()))


def test_every_refusal_of_the_domain_has_a_status() -> None:
    codes = {kind.code for kind in subclasses(errors.DomainError) if kind is not errors.DomainError}

    assert codes <= set(STATUS)


async def test_an_unknown_path_is_404_and_says_how_paths_end(http: httpx.AsyncClient) -> None:
    for path in ("/api/v1/assets", "/nowhere", "/api/v1/"):
        body = problem(await http.get(path), 404, "not_found")
        assert "slash" in body["detail"]


@pytest.mark.parametrize(
    ("path", "allowed"),
    [
        ("/assets/", "GET, POST"),
        ("/assets/01980a5e-6d3f-7cc2-9b1e-4f0d6a2b7c11/", "GET, PATCH, DELETE"),
        ("/auth/login/", "POST"),
    ],
)
async def test_another_method_is_405_and_told_which_there_are(
    http: httpx.AsyncClient, path: str, allowed: str
) -> None:
    answer = await http.put(f"/api/v1{path}", json={})

    problem(answer, 405, "method_not_allowed")
    assert answer.headers["allow"] == allowed


@pytest.mark.parametrize(
    "raw",
    [
        b"", b"{", b"not json", b"[]", b'"text"', b"null", b"\xff\xfe", b"\x00",
        b'{"title": "\\ud800"}', b'{"\\ud800": 1}', b"[" * 100_000,
        b'{"deposit": ' + b"9" * 5000 + b"}",
        b'{"title": "\\u0000"}', "{\"title\": \"\u200f\"".encode(),
    ],
)  # fmt: skip
async def test_a_body_that_makes_no_sense_is_422(sara: Person, raw: bytes) -> None:
    headers = {"Authorization": f"Bearer {sara.token}", "Content-Type": "application/json"}

    answer = await sara.http.post("/api/v1/assets/", content=raw, headers=headers)

    problem(answer, 422, "validation_error")


@pytest.mark.parametrize("kind", ["text/plain", "application/x-www-form-urlencoded", ""])
async def test_a_body_that_is_not_called_json_is_415(sara: Person, kind: str) -> None:
    headers = {"Authorization": f"Bearer {sara.token}", "Content-Type": kind}

    answer = await sara.http.post("/api/v1/assets/", content=b'{"title": "x"}', headers=headers)

    problem(answer, 415, "unsupported_media_type")


async def test_a_body_that_is_too_large_is_413_announced_or_not(sara: Person) -> None:
    async def drip() -> AsyncIterator[bytes]:
        for _ in range(300):
            yield b" " * 1000

    headers = {"Authorization": f"Bearer {sara.token}", "Content-Type": "application/json"}
    answers = [
        await sara.call("POST", "/assets/", {"title": "x" * 300_000}),
        await sara.http.post("/api/v1/assets/", content=drip(), headers=headers),
    ]

    for answer in answers:
        problem(answer, 413, "payload_too_large")
        assert answer.headers["x-request-id"]


async def test_a_surprise_is_500_and_keeps_its_secrets(capsys: pytest.CaptureFixture[str]) -> None:
    app = surface()

    @app.get("/surprise")
    async def surprise() -> None:
        raise ZeroDivisionError("the secret is 42")

    app.add_middleware(CatchAll)
    app.add_middleware(RequestId)
    transport = httpx.ASGITransport(app)
    async with httpx.AsyncClient(transport=transport, base_url="http://localhost") as http:
        answer = await http.get("/surprise", headers={"X-Request-ID": "made-by-me"})

    body = problem(answer, 500, "internal_error")
    assert "42" not in answer.text
    assert body["request_id"] == answer.headers["x-request-id"] == "made-by-me"
    assert "the secret is 42" in capsys.readouterr().out


async def test_every_answer_carries_a_request_id_and_a_wild_one_is_replaced(
    http: httpx.AsyncClient,
) -> None:
    for given, kept in (
        ("abc-12345", True),
        ("short", False),
        ("x" * 200, False),
        ("a b c d e", False),
    ):
        answer = await http.get("/healthz", headers={"X-Request-ID": given})
        assert (answer.headers["x-request-id"] == given) is kept

    answer = await http.get("/nowhere")
    assert answer.json()["request_id"] == answer.headers["x-request-id"]


async def test_a_request_is_logged_without_what_was_in_it(
    http: httpx.AsyncClient, sara: Person, capsys: pytest.CaptureFixture[str]
) -> None:
    capsys.readouterr()

    await sara.call("GET", "/payments/00000000-0000-0000-0000-000000000000/", q="private")

    [line] = capsys.readouterr().out.splitlines()
    assert '"route": "/api/v1/payments/{payment_id}/"' in line
    assert '"status": 404' in line
    assert "private" not in line
    assert sara.token not in line


async def test_a_host_we_do_not_serve_is_refused(http: httpx.AsyncClient) -> None:
    answer = await http.get("/healthz", headers={"Host": "evil.example"})

    assert answer.status_code == 400
    assert answer.headers["x-request-id"]
