"""SMS and WhatsApp by Twilio: what it is asked, and what each of its answers means to us."""

import json
from base64 import b64encode
from dataclasses import replace
from typing import Final
from urllib.parse import parse_qs
from uuid import uuid4

import httpx
import pytest

from gateways.errors import Declined, GatewayError, OutcomeUnknown, ResultClass, Unavailable
from gateways.message import Outgoing
from gateways.twilio import ERRORS, Account, Twilio, TwilioWhatsApp
from tests.gateways.wire import Wire

SID: Final = "AC00000000000000000000000000000001"
TOKEN: Final = "c0ffee-auth-token"
ACCOUNT: Final = Account(SID, TOKEN, "https://api.example.com/api/v1/webhooks/twilio/")
MESSAGE: Final = Outgoing(uuid4(), 1, "+4915112345678", "Hello,\n\tLeila", language="fa")
TAKEN: Final = {"sid": "SM29f4f980778e4621b72df75ac82f5000", "status": "queued", "error_code": None}
TEMPLATES: Final = {"fa": "HX" + "a" * 32}


def client(wire: Wire) -> httpx.AsyncClient:
    return httpx.AsyncClient(transport=httpx.MockTransport(wire))


def twilio(wire: Wire, account: Account = ACCOUNT, sender: str = "+15005550006") -> Twilio:
    return Twilio(client(wire), "https://twilio.test/", account, sender)


def whatsapp(wire: Wire) -> TwilioWhatsApp:
    return TwilioWhatsApp(client(wire), "https://twilio.test", ACCOUNT, "+15005550006", TEMPLATES)


def refusal(code: int, status: int = 400) -> dict[str, object]:
    return {"code": code, "message": f"{MESSAGE.to} is bad", "more_info": "", "status": status}


def form(wire: Wire) -> dict[str, str]:
    (request,) = wire.asked
    return {name: value for name, (value,) in parse_qs(request.content.decode()).items()}


@pytest.fixture
def taken(wire: Wire) -> Wire:
    wire.answer, wire.status = TAKEN, 201
    return wire


async def test_an_sms_is_sent_in_the_providers_form(taken: Wire) -> None:
    assert await twilio(taken).send(MESSAGE) == TAKEN["sid"]

    (request,) = taken.asked
    assert str(request.url) == f"https://twilio.test/2010-04-01/Accounts/{SID}/Messages.json"
    credentials = b64encode(f"{SID}:{TOKEN}".encode()).decode()
    assert request.headers["Authorization"] == f"Basic {credentials}"
    assert form(taken) == {
        "To": "+4915112345678",
        "From": "+15005550006",
        "Body": "Hello,\n\tLeila",
        "StatusCallback": f"{ACCOUNT.callback_url}?message={MESSAGE.message_id}",
    }


async def test_who_cannot_be_reached_asks_for_no_reports(taken: Wire) -> None:
    await twilio(taken, replace(ACCOUNT, callback_url=None)).send(MESSAGE)

    assert "StatusCallback" not in form(taken)


async def test_a_messaging_service_takes_the_place_of_a_number(taken: Wire) -> None:
    service = "MG" + "b" * 32

    await twilio(taken, sender=service).send(MESSAGE)

    assert form(taken)["MessagingServiceSid"] == service
    assert "From" not in form(taken)


async def test_whatsapp_has_a_template_for_each_language_with_the_text_in_one_line(
    taken: Wire,
) -> None:
    await whatsapp(taken).send(MESSAGE)

    sent = form(taken)
    assert (sent["To"], sent["From"]) == ("whatsapp:+4915112345678", "whatsapp:+15005550006")
    assert sent["ContentSid"] == TEMPLATES["fa"]
    assert json.loads(sent["ContentVariables"]) == {"1": "Hello, Leila"}
    assert "Body" not in sent
    assert str(MESSAGE.message_id) in sent["StatusCallback"]


async def test_whatsapp_without_a_template_is_free_text(taken: Wire) -> None:
    await whatsapp(taken).send(replace(MESSAGE, language="en"))

    assert form(taken)["Body"] == "Hello,\n\tLeila"
    assert "ContentSid" not in form(taken)


@pytest.mark.parametrize("code", sorted(ERRORS))
async def test_a_refusal_has_its_class_and_quotes_no_number(wire: Wire, code: int) -> None:
    wire.answer, wire.status = refusal(code), 400

    with pytest.raises(Declined) as declined:
        await twilio(wire).send(MESSAGE)

    assert (declined.value.code, declined.value.result_class) == (code, ERRORS[code][0])
    assert "1511" not in str(declined.value)


async def test_a_message_that_failed_while_it_was_made_is_a_refusal(wire: Wire) -> None:
    wire.answer, wire.status = TAKEN | {"status": "failed", "error_code": 21610}, 201

    with pytest.raises(Declined) as declined:
        await twilio(wire).send(MESSAGE)

    assert declined.value.result_class is ResultClass.FINAL


async def test_a_code_of_which_nothing_is_known_is_ambiguous(wire: Wire) -> None:
    wire.answer, wire.status = refusal(99999), 400

    with pytest.raises(Declined) as declined:
        await twilio(wire).send(MESSAGE)

    assert declined.value.result_class is ResultClass.AMBIGUOUS


async def test_too_many_is_a_refusal_that_passes(wire: Wire) -> None:
    wire.answer, wire.status = refusal(20429, 429), 429

    with pytest.raises(Declined) as declined:
        await twilio(wire).send(MESSAGE)

    assert declined.value.result_class is ResultClass.RETRY


@pytest.mark.parametrize("body", [b"", b"<html>", {}, refusal(99999, 429)])
async def test_too_many_in_other_words_is_not_handed_over(wire: Wire, body: object) -> None:
    wire.answer, wire.status = body, 429

    with pytest.raises(Unavailable):
        await twilio(wire).send(MESSAGE)


@pytest.mark.parametrize("status", [200, 201, 302, 404, 500, 503])
@pytest.mark.parametrize("body", [b"", b"<html>502</html>", [], {}, {"sid": None}, b"\xff"])
async def test_what_cannot_be_recognised_is_unknown(wire: Wire, status: int, body: object) -> None:
    wire.answer, wire.status = body, status

    with pytest.raises(OutcomeUnknown):
        await twilio(wire).send(MESSAGE)

    assert len(wire.asked) == 1  # and no redirect was followed


@pytest.mark.parametrize("code", [20500, 21211])
async def test_an_error_of_theirs_is_unknown_whatever_its_code(wire: Wire, code: int) -> None:
    wire.answer, wire.status = refusal(code, 500), 500

    with pytest.raises(OutcomeUnknown):
        await twilio(wire).send(MESSAGE)


@pytest.mark.parametrize("error", [httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout])
async def test_what_never_left_is_unavailable(wire: Wire, error: type[Exception]) -> None:
    wire.answer = error(f"cannot reach {MESSAGE.to}")

    with pytest.raises(Unavailable) as unavailable:
        await twilio(wire).send(MESSAGE)

    assert "1511" not in str(unavailable.value)


@pytest.mark.parametrize("error", [httpx.ReadTimeout, httpx.ReadError, httpx.RemoteProtocolError])
async def test_what_broke_on_the_way_is_unknown(wire: Wire, error: type[Exception]) -> None:
    wire.answer = error("cut")

    with pytest.raises(OutcomeUnknown):
        await twilio(wire).send(MESSAGE)


@pytest.mark.parametrize("error", [httpx.ConnectError, httpx.ReadTimeout])
async def test_nothing_secret_is_shown(
    wire: Wire, error: type[Exception], caplog: pytest.LogCaptureFixture
) -> None:
    wire.answer = error(TOKEN)

    for gateway in (twilio(wire), whatsapp(wire)):
        with pytest.raises(GatewayError) as failed:
            await gateway.send(MESSAGE)
        cause = f"{failed.value.__cause__!r}"
        assert TOKEN not in f"{gateway!r} {failed.value!r} {cause} {caplog.text}"
        assert await gateway.find(MESSAGE.message_id, 1) is None
