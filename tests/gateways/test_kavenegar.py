"""SMS by Kavenegar: what it is asked, what its answers mean, and what it knows of a try before."""

from typing import Final
from urllib.parse import parse_qs
from uuid import uuid4

import httpx
import pytest

from gateways.errors import Declined, GatewayError, OutcomeUnknown, ResultClass, Unavailable
from gateways.kavenegar import ERRORS, Kavenegar, local_id
from gateways.message import Outgoing
from tests.gateways.wire import Wire

KEY: Final = "4B6F/secret key?"
MESSAGE: Final = Outgoing(uuid4(), 2, "+989121234567", "کد شما: 123456")
# A message id may exceed 32 bits.
ENTRY: Final = {"messageid": 8_792_343_001, "status": 1, "receptor": "09121234567", "cost": 120}


def envelope(status: int = 200, entries: object = None) -> dict[str, object]:
    return {"return": {"status": status, "message": "09121234567"}, "entries": entries}


def kavenegar(wire: Wire, sender: str | None = None) -> Kavenegar:
    client = httpx.AsyncClient(transport=httpx.MockTransport(wire))
    return Kavenegar(client, "https://sms.test/", KEY, sender)


async def test_a_message_is_sent_in_the_providers_form(wire: Wire) -> None:
    wire.answer = envelope(entries=[ENTRY])

    assert await kavenegar(wire, "10004346").send(MESSAGE) == "8792343001"

    (request,) = wire.asked
    assert request.url.raw_path == b"/v1/4B6F%2Fsecret%20key%3F/sms/send.json"
    assert parse_qs(request.content.decode()) == {
        "receptor": ["09121234567"],
        "message": ["کد شما: 123456"],
        "localid": [str(local_id(MESSAGE.message_id, 2))],
        "sender": ["10004346"],
    }


async def test_without_a_line_of_ones_own_none_is_named(wire: Wire) -> None:
    wire.answer = envelope(entries=[ENTRY])
    abroad = Outgoing(uuid4(), 1, "+4915112345678", "code")

    await kavenegar(wire).send(abroad)

    form = parse_qs(wire.asked[0].content.decode())
    assert "sender" not in form
    assert form["receptor"] == ["004915112345678"]


def test_each_try_has_a_name_of_its_own_that_fits() -> None:
    names = {local_id(MESSAGE.message_id, attempt) for attempt in range(1, 100)}

    assert len(names) == 99
    assert all(0 <= name < 2**62 for name in names)
    assert local_id(MESSAGE.message_id, 1) == local_id(MESSAGE.message_id, 1)


@pytest.mark.parametrize("as_status", [True, False], ids=["as HTTP status", "with 200"])
@pytest.mark.parametrize("code", sorted(ERRORS))
async def test_a_refusal_has_its_class_whichever_status_it_comes_with(
    wire: Wire, code: int, as_status: bool
) -> None:
    wire.answer, wire.status = envelope(code), code if as_status else 200

    with pytest.raises(Declined) as declined:
        await kavenegar(wire).send(MESSAGE)

    assert declined.value.result_class is ERRORS[code][0]
    assert "912" not in str(declined.value)


async def test_a_code_that_nobody_documented_is_ambiguous(wire: Wire) -> None:
    wire.answer = envelope(777)

    with pytest.raises(Declined) as declined:
        await kavenegar(wire).send(MESSAGE)

    assert declined.value.result_class is ResultClass.AMBIGUOUS


async def test_a_number_that_takes_no_messages_is_final(wire: Wire) -> None:
    wire.answer = envelope(entries=[ENTRY | {"status": 14}])

    with pytest.raises(Declined) as declined:
        await kavenegar(wire).send(MESSAGE)

    assert declined.value.result_class is ResultClass.FINAL


@pytest.mark.parametrize("status", [200, 409, 500, 503])
@pytest.mark.parametrize(
    "body", [b"", b"<html>", [], {}, {"return": []}, envelope(), envelope(entries=[{}])]
)
async def test_what_cannot_be_recognised_is_unknown(wire: Wire, status: int, body: object) -> None:
    wire.answer, wire.status = body, status

    with pytest.raises(OutcomeUnknown):
        await kavenegar(wire).send(MESSAGE)


async def test_too_many_is_not_handed_over(wire: Wire) -> None:
    wire.answer, wire.status = b"", 429

    with pytest.raises(Unavailable):
        await kavenegar(wire).send(MESSAGE)


@pytest.mark.parametrize("status", [1, 4, 5, 10, 11, 14])
async def test_an_earlier_try_that_was_taken_is_found(wire: Wire, status: int) -> None:
    wire.answer = envelope(entries=[ENTRY | {"status": status}])

    assert await kavenegar(wire).find(MESSAGE.message_id, 1) == "8792343001"

    (request,) = wire.asked
    assert request.url.path.endswith("/sms/statuslocalmessageid.json")
    form = parse_qs(request.content.decode())
    assert form == {"localid": [str(local_id(MESSAGE.message_id, 1))]}


@pytest.mark.parametrize(
    "answer",
    [
        envelope(),
        envelope(entries=[]),
        envelope(entries=[{"messageid": None, "status": 100}]),
        envelope(entries=[ENTRY | {"status": 6}]),
        envelope(400),
    ],
)
async def test_an_earlier_try_that_was_not_taken_is_not_found(wire: Wire, answer: object) -> None:
    wire.answer = answer

    assert await kavenegar(wire).find(MESSAGE.message_id, 1) is None


@pytest.mark.parametrize("answer", [b"<html>", envelope(409), envelope(403), envelope(777)])
async def test_no_answer_about_an_earlier_try_is_no_answer(wire: Wire, answer: object) -> None:
    wire.answer = answer

    with pytest.raises(GatewayError):
        await kavenegar(wire).find(MESSAGE.message_id, 1)


@pytest.mark.parametrize("error", [httpx.ConnectError, httpx.ReadTimeout])
async def test_the_key_is_shown_nowhere(
    wire: Wire, error: type[Exception], caplog: pytest.LogCaptureFixture
) -> None:
    gateway = kavenegar(wire)
    wire.answer = error(f"https://sms.test/v1/{KEY}/sms/send.json")

    with pytest.raises(GatewayError) as failed:
        await gateway.send(MESSAGE)

    cause = f"{failed.value.__cause__!r}"
    assert KEY not in f"{gateway!r} {failed.value!r} {cause} {caplog.text}"
