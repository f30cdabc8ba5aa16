"""The codec endpoint of the Temporal UI."""

import base64
from typing import Any

import httpx
import pytest

from sandbox.temporal import TemporalServer
from settings import Settings
from tests.api.conftest import serving, settings_of
from tests.api.people import Person, join, problem

PLAIN = {"payloads": [{"metadata": {"encoding": "anNvbi9wbGFpbg=="}, "data": "IkhpIg=="}]}


async def call(person: Person, name: str, body: object) -> httpx.Response:
    headers = {"Authorization": f"Bearer {person.token}", "X-Namespace": "default"}
    return await person.http.post(f"/codec/{name}", json=body, headers=headers)


async def test_operators_read_what_workflows_hold(operator: Person) -> None:
    sealed: Any = (await call(operator, "encode", PLAIN)).json()

    encoding = sealed["payloads"][0]["metadata"]["encoding"]
    assert base64.b64decode(encoding) == b"binary/encrypted"
    assert "SGk" not in str(sealed)
    assert (await call(operator, "decode", sealed)).json() == PLAIN
    assert (await call(operator, "decode", PLAIN)).json() == PLAIN
    assert (await call(operator, "decode", {})).json() == {"payloads": []}


async def test_others_do_not(http: httpx.AsyncClient, sara: Person) -> None:
    problem(await call(sara, "decode", PLAIN), 403, "forbidden")
    problem(await http.post("/codec/decode", json=PLAIN), 401, "not_authenticated")


@pytest.mark.parametrize("change", [{"data": "AAAA"}, {"data": "no base64!"}, {"metadata": {}}])
async def test_what_was_tampered_with_is_refused(operator: Person, change: dict[str, Any]) -> None:
    sealed: Any = (await call(operator, "encode", PLAIN)).json()
    if "metadata" in change:
        change = {"metadata": sealed["payloads"][0]["metadata"] | {"encryption-key-id": "eHg="}}

    answer = await call(operator, "decode", {"payloads": [sealed["payloads"][0] | change]})

    problem(answer, 422, "validation_error")


@pytest.mark.parametrize("data", ["no base64!", "é", "\x00", "A"])
@pytest.mark.parametrize("route", ["encode", "decode"])
async def test_what_is_no_base64_is_refused(operator: Person, route: str, data: str) -> None:
    for payload in ({"metadata": {}, "data": data}, {"metadata": {data: data}, "data": ""}):
        answer = await call(operator, route, {"payloads": [payload]})

        problem(answer, 422, "validation_error")


async def test_in_a_sandbox_this_machine_may_read(
    database_url: str, temporal: TemporalServer
) -> None:
    settings = settings_of(database_url, temporal.address, codec_open_to_loopback=True)
    async with serving(settings) as http:
        assert (await http.post("/codec/encode", json=PLAIN)).status_code == 200
        elsewhere = httpx.ASGITransport(http._transport.app, client=("192.0.2.7", 1))  # type: ignore[attr-defined]
        async with httpx.AsyncClient(transport=elsewhere, base_url="http://localhost") as far:
            problem(await far.post("/codec/encode", json=PLAIN), 401, "not_authenticated")


@pytest.mark.parametrize("origin", ["http://localhost:8233", "http://127.0.0.1:8233"])
async def test_the_temporal_ui_may_call_the_codec_and_nothing_else(
    http: httpx.AsyncClient, origin: str
) -> None:
    ask = {"Origin": origin, "Access-Control-Request-Method": "POST"}
    ask |= {"Access-Control-Request-Headers": "content-type,x-namespace"}

    allowed = await http.options("/codec/decode", headers=ask)
    refused = await http.post("/codec/decode", json=PLAIN, headers={"Origin": origin})
    other = await http.get("/api/v1/assets/", headers={"Origin": origin})
    stranger = await http.options("/codec/decode", headers=ask | {"Origin": "http://evil.example"})

    assert allowed.status_code == 200
    assert allowed.headers["access-control-allow-origin"] == origin
    # A refusal, too, has to be readable by the page.
    assert refused.headers["access-control-allow-origin"] == origin
    assert "access-control-allow-origin" not in other.headers
    assert "access-control-allow-origin" not in stranger.headers


async def test_without_a_temporal_ui_no_origin_is_allowed(settings: Settings) -> None:
    async with serving(settings.model_copy(update={"temporal_ui_url": None})) as http:
        person = await join(http)
        answer = await call(person, "decode", PLAIN)

    assert "access-control-allow-origin" not in answer.headers
