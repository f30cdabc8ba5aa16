"""WhatsApp by the Cloud API: what it is asked, and what each of its answers means to us."""

from typing import Any, Final
from uuid import uuid4

import httpx
import pytest

from gateways.errors import Declined, GatewayError, OutcomeUnknown, ResultClass, Unavailable
from gateways.message import Outgoing
from gateways.whatsapp_cloud import ERRORS, WhatsAppCloud
from tests.gateways.wire import Wire

TOKEN: Final = "EAAc0ffee"
MESSAGE: Final = Outgoing(uuid4(), 1, "+4915112345678", "سلام،\n\nکد شما:\t123456", language="fa")
TAKEN: Final = {
    "messaging_product": "whatsapp",
    "contacts": [{"input": "+4915112345678", "wa_id": "4915112345678"}],
    "messages": [{"id": "wamid.HBgLMTY1MDM4Nzk0MzkVAgARGBI="}],
}


def whatsapp(wire: Wire) -> WhatsAppCloud:
    client = httpx.AsyncClient(transport=httpx.MockTransport(wire))
    return WhatsAppCloud(client, "https://graph.test/", TOKEN, "106540352242922", "notice", "v24.0")


def refusal(code: object) -> dict[str, object]:
    said = "(#1) 4915112345678 is bad"
    return {"error": {"message": said, "type": "OAuthException", "code": code, "fbtrace_id": "A"}}


async def test_a_message_is_sent_in_an_approved_template(wire: Wire) -> None:
    wire.answer = TAKEN

    assert await whatsapp(wire).send(MESSAGE) == "wamid.HBgLMTY1MDM4Nzk0MzkVAgARGBI="

    (request,) = wire.asked
    assert str(request.url) == "https://graph.test/v24.0/106540352242922/messages"
    assert request.headers["Authorization"] == f"Bearer {TOKEN}"
    text = {"type": "text", "text": "سلام، کد شما: 123456"}
    assert wire.body == {
        "messaging_product": "whatsapp",
        "recipient_type": "individual",
        "to": "+4915112345678",
        "type": "template",
        "template": {
            "name": "notice",
            "language": {"code": "fa"},
            "components": [{"type": "body", "parameters": [text]}],
        },
        "biz_opaque_callback_data": str(MESSAGE.message_id),
    }


@pytest.mark.parametrize("status", [400, 500, 200])
@pytest.mark.parametrize("code", sorted(ERRORS))
async def test_a_refusal_has_its_class_whichever_status_it_comes_with(
    wire: Wire, code: int, status: int
) -> None:
    wire.answer, wire.status = refusal(code), status

    with pytest.raises(Declined) as declined:
        await whatsapp(wire).send(MESSAGE)

    assert (declined.value.code, declined.value.result_class) == (code, ERRORS[code][0])
    assert "4915" not in str(declined.value)


@pytest.mark.parametrize(
    ("code", "result_class"),
    [
        (200, ResultClass.CONFIGURATION),
        (299, ResultClass.CONFIGURATION),
        (132999, ResultClass.CONFIGURATION),
        (777, ResultClass.AMBIGUOUS),
    ],
)
async def test_codes_that_are_not_listed_are_known_by_their_kind(
    wire: Wire, code: int, result_class: ResultClass
) -> None:
    wire.answer, wire.status = refusal(code), 400

    with pytest.raises(Declined) as declined:
        await whatsapp(wire).send(MESSAGE)

    assert declined.value.result_class is result_class


@pytest.mark.parametrize("body", [b"", b"<html>", {}])
async def test_too_many_is_not_handed_over(wire: Wire, body: object) -> None:
    wire.answer, wire.status = body, 429

    with pytest.raises(Unavailable):
        await whatsapp(wire).send(MESSAGE)


@pytest.mark.parametrize("status", [200, 302, 404, 500, 503])
@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"<html>502</html>",
        b"\xff",
        [],
        {},
        {"messages": []},
        {"messages": [{}]},
        {"messages": [{"id": ""}]},
        {"messages": "wamid"},
        {"error": "no object"},
        refusal("190"),
        refusal(True),
    ],
)
async def test_what_cannot_be_recognised_is_unknown(wire: Wire, status: int, body: Any) -> None:
    wire.answer, wire.status = body, status

    with pytest.raises(OutcomeUnknown):
        await whatsapp(wire).send(MESSAGE)

    assert len(wire.asked) == 1  # and no redirect was followed


async def test_a_name_counts_only_with_success(wire: Wire) -> None:
    wire.answer, wire.status = TAKEN, 502

    with pytest.raises(OutcomeUnknown):
        await whatsapp(wire).send(MESSAGE)


@pytest.mark.parametrize("error", [httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout])
async def test_what_never_left_is_unavailable(wire: Wire, error: type[Exception]) -> None:
    wire.answer = error(f"cannot reach {MESSAGE.to}")

    with pytest.raises(Unavailable) as unavailable:
        await whatsapp(wire).send(MESSAGE)

    assert "4915" not in str(unavailable.value)


@pytest.mark.parametrize("error", [httpx.ReadTimeout, httpx.ReadError, httpx.RemoteProtocolError])
async def test_what_broke_on_the_way_is_unknown(wire: Wire, error: type[Exception]) -> None:
    wire.answer = error("cut")

    with pytest.raises(OutcomeUnknown):
        await whatsapp(wire).send(MESSAGE)


@pytest.mark.parametrize("error", [httpx.ConnectError, httpx.ReadTimeout])
async def test_nothing_secret_is_shown(
    wire: Wire, error: type[Exception], caplog: pytest.LogCaptureFixture
) -> None:
    wire.answer = error(TOKEN)
    gateway = whatsapp(wire)

    with pytest.raises(GatewayError) as failed:
        await gateway.send(MESSAGE)

    cause = f"{failed.value.__cause__!r}"
    assert TOKEN not in f"{gateway!r} {failed.value!r} {cause} {caplog.text}"
    assert await gateway.find(MESSAGE.message_id, 1) is None
