"""Twilio signs our address, as it knows it, and every parameter of the form."""

from datetime import UTC, datetime
from typing import Any

import pytest
from starlette.datastructures import Headers

from api.webhooks.call import Call
from api.webhooks.twilio import Twilio, sign
from domain.errors import NotAuthenticated
from tests.api.people import problem
from tests.api.webhooks.callers import PUBLIC_URL, TOKEN, Asked, twilio, twilio_json
from tests.api.webhooks.conftest import Send, Sent, Taken

SIGNATURE = "X-Twilio-Signature"
NOW = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)


@pytest.fixture
async def sent(taken_by: Taken) -> Sent:
    return await taken_by("twilio")


def form(sent: Sent, status: str, **more: str) -> dict[str, str]:
    return {
        "MessageSid": sent.name,
        "MessageStatus": status,
        "To": "+15551234567",
        "AccountSid": "AC0",
        "Empty": "",
        "سلام": "a b&c=d",
        **more,
    }


@pytest.mark.parametrize(
    ("status", "more", "told"),
    [
        ("queued", {}, ("accepted", "sent", None)),
        ("sent", {}, ("accepted", "sent", None)),
        ("delivered", {}, ("delivered", "sent", None)),
        ("read", {}, ("read", "sent", None)),
        (
            "undelivered",
            {"ErrorCode": "30003", "ErrorMessage": "no +15551234567"},
            ("undelivered", "failed", "twilio: the phone cannot be reached (30003)"),
        ),
        (
            "failed",
            {"ErrorCode": "39999"},
            ("undelivered", "failed", "twilio: it was failed (39999)"),
        ),
        ("canceled", {"ErrorCode": ""}, ("undelivered", "failed", "twilio: it was canceled")),
        ("receiving", {}, (None, "sent", None)),
        ("", {}, (None, "sent", None)),
    ],
)
async def test_a_status_moves_its_message(
    post: Send, sent: Sent, status: str, more: dict[str, str], told: tuple[Any, ...]
) -> None:
    answer = await post(twilio(form(sent, status, **more)))

    assert (answer.status_code, answer.content) == (200, b"")
    assert await sent.told() == told


@pytest.mark.parametrize("query", ["?message=0199", "?a=%20b&c=&a=2", "?%D8%B3"])
async def test_the_query_is_signed_as_it_was_written(post: Send, sent: Sent, query: str) -> None:
    assert (await post(twilio(form(sent, "delivered"), query=query))).status_code == 200
    assert (await sent.told())[0] == "delivered"


async def test_a_standard_port_may_be_named(post: Send, sent: Sent) -> None:
    asked = twilio(form(sent, "delivered"), site=f"{PUBLIC_URL}:443")

    assert (await post(asked)).status_code == 200
    assert (await sent.told())[0] == "delivered"


async def test_a_body_of_json_is_proven_by_its_hash(post: Send, sent: Sent) -> None:
    body = f'{{"MessageSid": "{sent.name}", "MessageStatus": "read", "ErrorCode": null}}'

    assert (await post(twilio_json(body))).status_code == 200
    assert (await sent.told())[0] == "read"


async def test_another_body_than_the_hashed_one_moves_nothing(post: Send, sent: Sent) -> None:
    body = f'{{"MessageSid": "{sent.name}", "MessageStatus": "read"}}'

    problem(await post(twilio_json(body, hashed=body + " ")), 401, "not_authenticated")

    assert await sent.told() == (None, "sent", None)


def changed_body(asked: Asked) -> None:
    asked["content"] = asked["content"].replace("delivered", "failed")


def a_parameter_more(asked: Asked) -> None:
    asked["content"] += "&ErrorCode=30003"


def another_url(asked: Asked) -> None:
    asked["url"] += "?message=0199"


def a_hash_of_the_forgers(asked: Asked) -> None:
    asked["url"] += "?bodySHA256="


def no_signature(asked: Asked) -> None:
    del asked["headers"][SIGNATURE]


def nonsense(asked: Asked) -> None:
    asked["headers"][SIGNATURE] = "é".encode()


@pytest.mark.parametrize(
    "forge",
    [changed_body, a_parameter_more, another_url, a_hash_of_the_forgers, no_signature, nonsense],
)
async def test_a_forged_call_moves_nothing(post: Send, sent: Sent, forge: Any) -> None:
    asked = twilio(form(sent, "delivered"))
    forge(asked)

    problem(await post(asked), 401, "not_authenticated")

    assert await sent.told() == (None, "sent", None)


@pytest.mark.parametrize(
    "wrong",
    [
        {"token": "another-token"},
        {"token": ""},
        {"site": "http://localhost"},  # what the Host header says, which anybody may
        {"site": "https://api.example.com:8443"},
        {"site": "http://api.example.com"},
    ],
)
async def test_another_key_or_address_moves_nothing(
    post: Send, sent: Sent, wrong: dict[str, str]
) -> None:
    problem(await post(twilio(form(sent, "delivered"), **wrong)), 401, "not_authenticated")

    assert await sent.told() == (None, "sent", None)


@pytest.mark.parametrize(
    "asked",
    [
        twilio({}),
        twilio({"MessageStatus": "sent"}),
        twilio({"MessageSid": "SM 1", "MessageStatus": "sent"}),
        twilio({"MessageSid": "SM1", "MessageStatus": "sent", "ErrorCode": "many"}),
        twilio_json("[]"),
        twilio_json("MessageSid=SM1"),
    ],
)
async def test_what_nobody_can_read_is_refused(post: Send, asked: Asked) -> None:
    problem(await post(asked), 400, "malformed_report")


FORM = (
    b"To=%2B18005551212&Digits=1234&CallSid=CA1234567890ABCDE&Caller=%2B14158675309"
    b"&From=%2B14158675309"
)
JSON = b'{"property": "value", "boolean": true}'
HASH = "0a1ff7634d9ab3b95db5c9a2dfe9416e41502b283a80c7cf19632632f96e6620"


@pytest.mark.parametrize(
    ("query", "body", "signature"),
    [
        ("foo=1&bar=2", FORM, "RSOYDt4T1cUTdK1PDd93/VVr8B8="),
        (f"foo=1&bar=2&bodySHA256={HASH}", JSON, "a9nBmqA0ju/hNViExpshrM61xv4="),
    ],
)
def test_signatures_are_those_of_twilios_own_libraries(
    query: str, body: bytes, signature: str
) -> None:
    webhook = Twilio("12345", "https://mycompany.com/myapp.php")
    unreadable = "could not be read"  # these are calls, not messages: past the signature

    with pytest.raises(Exception, match=unreadable):
        webhook.reports(Call(Headers({SIGNATURE: signature}), query, body, NOW))
    with pytest.raises(NotAuthenticated):
        webhook.reports(Call(Headers({SIGNATURE: signature}), f"{query}&", body, NOW))


def test_a_parameter_that_comes_twice_is_signed_once_for_each_value() -> None:
    webhook = Twilio(TOKEN, f"{PUBLIC_URL}/")
    signature = sign(TOKEN, f"{PUBLIC_URL}/MediaUrlaMediaUrlbMessageSidSM1MessageStatussent")
    body = b"MediaUrl=b&MessageSid=SM1&MediaUrl=a&MediaUrl=b&MessageStatus=sent"

    (report,) = webhook.reports(Call(Headers({SIGNATURE: signature}), "", body, NOW))

    assert (report.provider_id, report.at) == ("SM1", NOW)
