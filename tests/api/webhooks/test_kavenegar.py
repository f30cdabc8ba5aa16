"""Kavenegar signs nothing: who knows the secret in the URL is believed."""

import json
from typing import Any
from urllib.parse import urlencode

import httpx
import pytest

from tests.api.people import problem
from tests.api.webhooks.callers import URL_SECRET, kavenegar
from tests.api.webhooks.conftest import Send, Sent, Taken

OTHERS = ["", "another", URL_SECRET[:-1], URL_SECRET + "x", URL_SECRET.upper()]


@pytest.fixture
async def sent(taken_by: Taken) -> Sent:
    return await taken_by("kavenegar", provider_id=str(next(NUMBERS)))


NUMBERS = iter(range(8_792_343_001, 8_792_344_000))  # past 31 bits, as real ones are


@pytest.mark.parametrize(
    ("status", "told"),
    [
        (1, ("accepted", "sent", None)),
        (5, ("accepted", "sent", None)),
        (10, ("delivered", "sent", None)),
        (6, ("undelivered", "failed", "kavenegar: it could not be sent")),
        (11, ("undelivered", "failed", "kavenegar: the phone did not take it")),
        (13, ("undelivered", "failed", "kavenegar: it was cancelled")),
        (14, ("undelivered", "failed", "kavenegar: the reader blocks such messages")),
        (100, (None, "sent", None)),
        (77, (None, "sent", None)),
    ],
)
async def test_a_status_moves_its_message(
    api: httpx.AsyncClient, sent: Sent, status: int, told: tuple[Any, ...]
) -> None:
    fields = {"messageid": sent.name, "status": str(status)}

    answer = await api.request("GET", **kavenegar(fields))

    assert (answer.status_code, answer.content) == (200, b"")
    assert await sent.told() == told


def in_the_query(fields: dict[str, Any]) -> dict[str, Any]:
    return kavenegar(fields)


def as_a_form(fields: dict[str, Any]) -> dict[str, Any]:
    return kavenegar({}) | {"content": urlencode(fields)}


def as_json(fields: dict[str, Any]) -> dict[str, Any]:
    return kavenegar({}) | {"content": json.dumps(fields)}


def with_numbers(fields: dict[str, Any]) -> dict[str, Any]:
    numbers = {"messageId": int(fields["messageid"]), "Status": int(fields["status"])}
    return kavenegar({}) | {"content": json.dumps(numbers)}


@pytest.mark.parametrize("how", [in_the_query, as_a_form, as_json, with_numbers])
async def test_it_is_read_however_it_is_posted(post: Send, sent: Sent, how: Any) -> None:
    answer = await post(how({"messageid": sent.name, "status": "10"}))

    assert answer.status_code == 200
    assert (await sent.told())[0] == "delivered"


@pytest.mark.parametrize("method", ["GET", "POST"])
@pytest.mark.parametrize("secret", OTHERS)
async def test_another_secret_moves_nothing(
    api: httpx.AsyncClient, sent: Sent, secret: str, method: str
) -> None:
    asked = kavenegar({"messageid": sent.name, "status": "10"}, secret=secret)

    problem(await api.request(method, **asked), 401, "not_authenticated")

    assert await sent.told() == (None, "sent", None)


async def test_a_secret_in_the_body_is_none(post: Send, sent: Sent) -> None:
    fields = {"secret": URL_SECRET, "messageid": sent.name, "status": "10"}
    asked = {"url": kavenegar({})["url"].partition("?")[0], "content": urlencode(fields)}

    problem(await post(asked), 401, "not_authenticated")

    assert await sent.told() == (None, "sent", None)


@pytest.mark.parametrize(
    "asked",
    [
        kavenegar({}),
        kavenegar({"messageid": "1"}),
        kavenegar({"messageid": "", "status": "10"}),
        kavenegar({"messageid": "1", "status": "ten"}),
        kavenegar({}) | {"content": '{"messageid": [1], "status": 10}'},
        kavenegar({}) | {"content": "{"},
    ],
)
async def test_what_nobody_can_read_is_refused(post: Send, asked: dict[str, Any]) -> None:
    problem(await post(asked), 400, "malformed_report")


async def test_the_secret_is_written_down_nowhere(
    api: httpx.AsyncClient, sent: Sent, capsys: pytest.CaptureFixture[str]
) -> None:
    taken = await api.request("GET", **kavenegar({"messageid": sent.name, "status": "10"}))
    unreadable = await api.request("GET", **kavenegar({}))

    assert [taken.status_code, unreadable.status_code] == [200, 400]
    written = capsys.readouterr()
    assert '"event": "delivery_reports"' in written.out
    assert URL_SECRET not in written.out + written.err + unreadable.text
