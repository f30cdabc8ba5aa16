"""E-mail by SendGrid: what it is asked, and what each of its answers means to us."""

from dataclasses import replace
from typing import Final
from uuid import uuid4

import httpx
import pytest

from gateways.errors import Declined, GatewayError, OutcomeUnknown, Unavailable
from gateways.message import Outgoing
from gateways.sendgrid import ERRORS, SendGrid
from tests.gateways.wire import Wire

KEY: Final = "SG.c0ffee.secret"
MESSAGE: Final = Outgoing(
    uuid4(), 1, "leila@example.test", "Hello", subject="Hi", html="<p>Hello</p>"
)
REFUSED: Final = {"errors": [{"message": "leila@example.test is bad", "field": None, "help": None}]}
TAKEN: Final = {"X-Message-Id": "EPmDW8sORmWTtBa9rAmzHQ"}


def sendgrid(wire: Wire, sender: str = "assets@example.com") -> SendGrid:
    client = httpx.AsyncClient(transport=httpx.MockTransport(wire))
    return SendGrid(client, "https://sendgrid.test/", KEY, sender)


@pytest.fixture
def taken(wire: Wire) -> Wire:
    wire.answer, wire.status, wire.headers = b"", 202, TAKEN
    return wire


async def test_an_email_is_sent_in_the_providers_form(taken: Wire) -> None:
    assert await sendgrid(taken).send(MESSAGE) == TAKEN["X-Message-Id"]

    (request,) = taken.asked
    assert str(request.url) == "https://sendgrid.test/v3/mail/send"
    assert request.headers["Authorization"] == f"Bearer {KEY}"
    assert taken.body == {
        "personalizations": [
            {
                "to": [{"email": "leila@example.test"}],
                "custom_args": {"message": str(MESSAGE.message_id)},
            }
        ],
        "from": {"email": "assets@example.com"},
        "subject": "Hi",
        "content": [
            {"type": "text/plain", "value": "Hello"},
            {"type": "text/html", "value": "<p>Hello</p>"},
        ],
        "tracking_settings": {
            "click_tracking": {"enable": False, "enable_text": False},
            "open_tracking": {"enable": False},
            "subscription_tracking": {"enable": False},
            "ganalytics": {"enable": False},
        },
    }


async def test_a_sender_may_have_a_name_and_a_letter_no_page(taken: Wire) -> None:
    await sendgrid(taken, "Assets <assets@example.com>").send(replace(MESSAGE, html=""))

    assert taken.body["from"] == {"email": "assets@example.com", "name": "Assets"}
    assert taken.body["content"] == [{"type": "text/plain", "value": "Hello"}]


@pytest.mark.parametrize("status", sorted(ERRORS))
async def test_a_refusal_has_its_class_and_quotes_no_address(wire: Wire, status: int) -> None:
    wire.answer, wire.status = REFUSED, status

    with pytest.raises(Declined) as declined:
        await sendgrid(wire).send(MESSAGE)

    assert (declined.value.code, declined.value.result_class) == (status, ERRORS[status][0])
    assert "leila" not in str(declined.value)


@pytest.mark.parametrize("body", [b"", b"<html>", REFUSED])
async def test_too_many_is_not_handed_over(wire: Wire, body: object) -> None:
    wire.answer, wire.status = body, 429

    with pytest.raises(Unavailable):
        await sendgrid(wire).send(MESSAGE)


@pytest.mark.parametrize("body", [b"", b"<html>502</html>", [], {}, {"errors": None}, b"\xff"])
@pytest.mark.parametrize("status", [200, 202, 302, 400, 401, 500, 503])
async def test_what_cannot_be_recognised_is_unknown(wire: Wire, status: int, body: object) -> None:
    wire.answer, wire.status = body, status

    with pytest.raises(OutcomeUnknown):
        await sendgrid(wire).send(MESSAGE)

    assert len(wire.asked) == 1  # and no redirect was followed


@pytest.mark.parametrize("status", [409, 500, 503])
async def test_a_refusal_that_is_not_documented_is_unknown(wire: Wire, status: int) -> None:
    wire.answer, wire.status = REFUSED, status

    with pytest.raises(OutcomeUnknown):
        await sendgrid(wire).send(MESSAGE)


async def test_a_name_counts_only_where_the_email_was_taken(taken: Wire) -> None:
    taken.status = 500

    with pytest.raises(OutcomeUnknown):
        await sendgrid(taken).send(MESSAGE)


@pytest.mark.parametrize("error", [httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout])
async def test_what_never_left_is_unavailable(wire: Wire, error: type[Exception]) -> None:
    wire.answer = error("cannot reach leila@example.test")

    with pytest.raises(Unavailable) as unavailable:
        await sendgrid(wire).send(MESSAGE)

    assert "leila" not in str(unavailable.value)


@pytest.mark.parametrize("error", [httpx.ReadTimeout, httpx.ReadError, httpx.RemoteProtocolError])
async def test_what_broke_on_the_way_is_unknown(wire: Wire, error: type[Exception]) -> None:
    wire.answer = error("cut")

    with pytest.raises(OutcomeUnknown):
        await sendgrid(wire).send(MESSAGE)


@pytest.mark.parametrize("error", [httpx.ConnectError, httpx.ReadTimeout])
async def test_nothing_secret_is_shown(
    wire: Wire, error: type[Exception], caplog: pytest.LogCaptureFixture
) -> None:
    wire.answer = error(KEY)
    gateway = sendgrid(wire)

    with pytest.raises(GatewayError) as failed:
        await gateway.send(MESSAGE)

    cause = f"{failed.value.__cause__!r}"
    assert KEY not in f"{gateway!r} {failed.value!r} {cause} {caplog.text}"
    assert await gateway.find(MESSAGE.message_id, 1) is None
