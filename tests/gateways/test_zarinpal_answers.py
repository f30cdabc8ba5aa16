"""Every form an answer of Zarinpal has been seen in, and every form that is not an answer."""

from decimal import Decimal
from typing import Final

import httpx
import pytest

from gateways.errors import Declined, GatewayError, OutcomeUnknown, Unavailable
from gateways.payment import Verification
from gateways.zarinpal import ZarinpalGateway
from tests.gateways.wire import Wire

AUTHORITY = "S00000000000000000000000000217885159"
ABSENT: Final = object()
EMPTY: Final[dict[str, object]] = {"array": [], "object": {}, "null": None, "missing": ABSENT}
VERIFIED: Final[dict[str, object]] = {
    "code": 100,
    "message": "Verified",
    "card_hash": "1EBE3EBEBE35C7EC0F8D6EE4F2F859107A87822CA179BC9528767EA7B5489B69",
    "card_pan": "502229******5995",
    "ref_id": 90_000_000_201,
    "fee_type": "Merchant",
    "fee": 1200,
    "shaparak_fee": "1200",
    "order_id": None,
    "wages": None,
}


def envelope(**members: object) -> dict[str, object]:
    return {name: value for name, value in members.items() if value is not ABSENT}


async def verify(gateway: ZarinpalGateway) -> Verification:
    return await gateway.verify(Decimal("150000.00"), AUTHORITY)


@pytest.mark.parametrize("empty", EMPTY.values(), ids=EMPTY)
async def test_a_success_is_read_whatever_stands_for_no_errors(
    gateway: ZarinpalGateway, wire: Wire, empty: object
) -> None:
    wire.answer = envelope(data=VERIFIED, errors=empty)

    verification = await verify(gateway)

    assert verification.ref_id == "90000000201"
    assert verification.card_pan == "502229******5995"
    assert verification.fee == Decimal(1200)


@pytest.mark.parametrize("status", [200, 400, 401, 422, 500, 503])
@pytest.mark.parametrize("empty", EMPTY.values(), ids=EMPTY)
async def test_a_refusal_is_read_whatever_stands_for_no_data_and_at_any_status(
    gateway: ZarinpalGateway, wire: Wire, empty: object, status: int
) -> None:
    wire.answer = envelope(data=empty, errors={"code": -51, "message": "Session is not valid"})
    wire.status = status

    with pytest.raises(Declined) as declined:
        await verify(gateway)

    assert declined.value.code == -51


NO_ANSWER: Final[dict[str, object]] = {
    "html": b"<html><body><h1>502 Bad Gateway</h1></body></html>",
    "empty body": b"",
    "not text": b"\xff\xfe\x00",
    "cut off": b'{"data": {"code": 100, "ref',
    "nested without end": b'{"data":' + b"[" * 100_000,
    "an array": [],
    "a number": 100,
    "both empty": {"data": [], "errors": []},
    "errors as a list": {"data": [], "errors": [{"code": -51, "message": "no"}]},
    "errors by field": {"data": [], "errors": {"amount": ["too small"]}},
    "no code": {"data": {"message": "Verified"}, "errors": []},
    "another success code": {"data": {"code": 102}, "errors": []},
    "an error code in data": {"data": {"code": -51}, "errors": []},
    "a code that is true": {"data": {"code": True}, "errors": []},
    "success and refusal at once": {"data": VERIFIED, "errors": {"code": -51}},
}


@pytest.mark.parametrize("status", [200, 403, 429, 500, 502, 503])
@pytest.mark.parametrize("body", NO_ANSWER.values(), ids=NO_ANSWER)
async def test_what_cannot_be_recognised_is_unknown_and_never_a_refusal(
    gateway: ZarinpalGateway, wire: Wire, body: object, status: int
) -> None:
    wire.answer, wire.status = body, status

    with pytest.raises(OutcomeUnknown, match=str(status)):
        await verify(gateway)


async def test_a_redirect_is_not_followed_with_the_merchant_id(
    gateway: ZarinpalGateway, wire: Wire
) -> None:
    wire.answer, wire.status = b"", 307

    with pytest.raises(OutcomeUnknown):
        await verify(gateway)

    assert len(wire.asked) == 1


NEVER_SENT = [httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout]
PERHAPS_SENT = [
    httpx.ReadTimeout,
    httpx.WriteTimeout,
    httpx.ReadError,
    httpx.WriteError,
    httpx.RemoteProtocolError,
    httpx.DecodingError,
]


@pytest.mark.parametrize("error", NEVER_SENT)
async def test_a_gateway_that_cannot_be_reached_is_unavailable(
    gateway: ZarinpalGateway, wire: Wire, error: type[httpx.RequestError]
) -> None:
    wire.answer = error("no route")

    with pytest.raises(Unavailable, match=error.__name__):
        await verify(gateway)


@pytest.mark.parametrize("error", PERHAPS_SENT)
async def test_a_call_that_broke_after_it_was_sent_is_unknown(
    gateway: ZarinpalGateway, wire: Wire, error: type[httpx.RequestError]
) -> None:
    wire.answer = error("cut")

    with pytest.raises(OutcomeUnknown, match=error.__name__):
        await verify(gateway)


@pytest.mark.parametrize("missing", [ABSENT, None, "", 0])
async def test_a_payment_verified_earlier_may_come_without_a_reference(
    gateway: ZarinpalGateway, wire: Wire, missing: object
) -> None:
    wire.answer = {"data": envelope(code=101, message="Verified", ref_id=missing), "errors": []}

    verification = await verify(gateway)

    assert verification.repeated
    assert verification.ref_id is None
    assert verification.card_pan is None
    assert verification.fee is None


async def test_a_reference_in_text_keeps_its_zeros(gateway: ZarinpalGateway, wire: Wire) -> None:
    wire.answer = {"data": VERIFIED | {"ref_id": "000201"}, "errors": []}

    assert (await verify(gateway)).ref_id == "000201"


@pytest.mark.parametrize("card", ["5022291234565995", "5022-2912-3456-5995", 5022291234565995])
async def test_a_card_number_that_is_not_masked_is_not_kept(
    gateway: ZarinpalGateway, wire: Wire, card: object
) -> None:
    wire.answer = {"data": VERIFIED | {"card_pan": card}, "errors": []}

    assert (await verify(gateway)).card_pan is None


async def test_the_card_hash_is_not_kept(gateway: ZarinpalGateway, wire: Wire) -> None:
    wire.answer = {"data": VERIFIED, "errors": []}

    assert str(VERIFIED["card_hash"]) not in repr(await verify(gateway))


async def test_a_refusal_quotes_the_fields_but_never_the_merchant_id(
    gateway: ZarinpalGateway, wire: Wire, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("DEBUG")
    echo = f"terminal {gateway.merchant_id} is unknown"
    wire.answer = {
        "data": [],
        "errors": {"code": -9, "message": echo, "validations": [{"amount": "too small"}]},
    }

    with pytest.raises(GatewayError, match="amount: too small") as error:
        await verify(gateway)

    assert gateway.merchant_id not in f"{error.value!r} {error.value} {gateway!r} {caplog.text}"
