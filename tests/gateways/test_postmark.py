"""E-mail by Postmark: what it is asked, and what each of its answers means to us."""

from typing import Final
from uuid import uuid4

import httpx
import pytest

from gateways.errors import Declined, OutcomeUnknown, ResultClass, Unavailable
from gateways.message import Outgoing
from gateways.postmark import ERRORS, Postmark
from tests.gateways.wire import Wire

TOKEN: Final = "c0ffee00-server-token"
MESSAGE: Final = Outgoing(
    uuid4(), 1, "leila@example.test", "Hello", subject="Hi", html="<p>Hello</p>"
)
TAKEN: Final = {
    "To": "leila@example.test",
    "SubmittedAt": "2026-11-22T09:30:00Z",
    "MessageID": "b7bc2f4a-e38e-4336-af7d-e6c392c2f817",
    "ErrorCode": 0,
    "Message": "OK",
}


def postmark(wire: Wire) -> Postmark:
    client = httpx.AsyncClient(transport=httpx.MockTransport(wire))
    return Postmark(client, "https://postmark.test/", TOKEN, "assets@example.com")


async def test_an_email_is_sent_in_the_providers_form(wire: Wire) -> None:
    wire.answer = TAKEN

    assert await postmark(wire).send(MESSAGE) == TAKEN["MessageID"]

    (request,) = wire.asked
    assert str(request.url) == "https://postmark.test/email"
    assert request.headers["X-Postmark-Server-Token"] == TOKEN
    assert wire.body == {
        "From": "assets@example.com",
        "To": "leila@example.test",
        "Subject": "Hi",
        "TextBody": "Hello",
        "HtmlBody": "<p>Hello</p>",
        "MessageStream": "outbound",
        "Metadata": {"message": str(MESSAGE.message_id)},
        "TrackOpens": False,
        "TrackLinks": "None",
    }


@pytest.mark.parametrize(("code", "status"), [(code, 422) for code in sorted(ERRORS)] + [(10, 401)])
async def test_a_refusal_has_its_class_and_quotes_no_address(
    wire: Wire, code: int, status: int
) -> None:
    wire.answer, wire.status = {"ErrorCode": code, "Message": "leila@example.test is bad"}, status

    with pytest.raises(Declined) as declined:
        await postmark(wire).send(MESSAGE)

    assert declined.value.result_class is ERRORS[code][0]
    assert "leila" not in str(declined.value)


async def test_a_code_that_nobody_documented_is_final_and_a_refusal_may_come_with_200(
    wire: Wire,
) -> None:
    wire.answer = {"ErrorCode": 777, "Message": "?"}

    with pytest.raises(Declined) as declined:
        await postmark(wire).send(MESSAGE)

    assert declined.value.result_class is ResultClass.INPUT


@pytest.mark.parametrize("status", [429, 503])
@pytest.mark.parametrize("body", [b"", b"<html>", {"ErrorCode": 100, "Message": "Maintenance"}])
async def test_later_is_not_handed_over(wire: Wire, status: int, body: object) -> None:
    wire.answer, wire.status = body, status

    with pytest.raises(Unavailable):
        await postmark(wire).send(MESSAGE)


@pytest.mark.parametrize("status", [200, 302, 404, 500, 502])
@pytest.mark.parametrize("body", [b"", b"<html>502</html>", [], {}, {"ErrorCode": 0}, b"\xff"])
async def test_what_cannot_be_recognised_is_unknown(wire: Wire, status: int, body: object) -> None:
    wire.answer, wire.status = body, status

    with pytest.raises(OutcomeUnknown):
        await postmark(wire).send(MESSAGE)

    assert len(wire.asked) == 1  # and no redirect was followed


@pytest.mark.parametrize("error", [httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout])
async def test_what_never_left_is_unavailable(wire: Wire, error: type[Exception]) -> None:
    wire.answer = error("cannot reach leila@example.test")

    with pytest.raises(Unavailable) as unavailable:
        await postmark(wire).send(MESSAGE)

    assert "leila" not in str(unavailable.value)


@pytest.mark.parametrize("error", [httpx.ReadTimeout, httpx.ReadError, httpx.RemoteProtocolError])
async def test_what_broke_on_the_way_is_unknown(wire: Wire, error: type[Exception]) -> None:
    wire.answer = error("cut")

    with pytest.raises(OutcomeUnknown):
        await postmark(wire).send(MESSAGE)


async def test_nothing_secret_is_shown(wire: Wire) -> None:
    assert TOKEN not in repr(postmark(wire))
    assert "leila" not in repr(MESSAGE)
    assert "Hello" not in repr(MESSAGE)
    assert await postmark(wire).find(MESSAGE.message_id, 1) is None
