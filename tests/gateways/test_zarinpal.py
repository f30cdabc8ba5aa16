"""What the Zarinpal client sends, and what it makes of the answers it understands."""

import asyncio
from collections.abc import AsyncIterator
from decimal import Decimal
from uuid import UUID

import httpx
import pytest

from gateways.errors import OutcomeUnknown
from gateways.payment import InquiryStatus, OpenedPayment, PaymentRequest, UnverifiedPayment
from gateways.zarinpal import ZarinpalGateway
from tests.gateways.wire import Impatient, Wire

AUTHORITY = "A00000000000000000000000000217885159"
PAYMENT = PaymentRequest(
    payment_id=UUID("01890a5d-ac96-774b-bcce-b302099a8057"),
    amount=Decimal("150000.00"),
    description="شارژ کیف پول",
    callback_url="https://shop.test/api/v1/payments/verify/",
    mobile="",
)


async def test_a_payment_is_opened_in_whole_rials_without_empty_members(
    gateway: ZarinpalGateway, wire: Wire
) -> None:
    data = {"code": 100, "message": "Success", "authority": AUTHORITY, "fee_type": "Merchant"}
    wire.answer = {"data": data | {"fee": 100}, "errors": []}

    opened = await gateway.request(PAYMENT)

    assert opened == OpenedPayment(AUTHORITY, Decimal(100), "Merchant")
    assert str(wire.asked[0].url) == "https://gateway.test/pg/v4/payment/request.json"
    assert wire.asked[0].headers["accept"] == "application/json"
    assert wire.body == {
        "merchant_id": gateway.merchant_id,
        "amount": 150_000,
        "currency": "IRR",
        "description": "شارژ کیف پول",
        "callback_url": "https://shop.test/api/v1/payments/verify/",
        "metadata": {"order_id": "01890a5d-ac96-774b-bcce-b302099a8057", "auto_verify": False},
    }


@pytest.mark.parametrize("authority", [None, "", "A123", "B" + AUTHORITY[1:], AUTHORITY + "\n"])
async def test_a_payment_opened_without_a_usable_authority_is_unknown(
    gateway: ZarinpalGateway, wire: Wire, authority: object
) -> None:
    wire.answer = {"data": {"code": 100, "authority": authority}, "errors": []}

    with pytest.raises(OutcomeUnknown, match="authority"):
        await gateway.request(PAYMENT)


@pytest.mark.parametrize("amount", ["150000.50", "NaN", "Infinity"])
async def test_parts_of_a_rial_never_leave_the_house(
    gateway: ZarinpalGateway, wire: Wire, amount: str
) -> None:
    with pytest.raises(ValueError, match="whole number"):
        await gateway.verify(Decimal(amount), AUTHORITY)

    assert wire.asked == []


async def test_verify_sends_our_amount_and_our_authority(
    gateway: ZarinpalGateway, wire: Wire
) -> None:
    wire.answer = {"data": {"code": 100}, "errors": []}

    await gateway.verify(Decimal(150_000), AUTHORITY)

    assert wire.body == {
        "merchant_id": gateway.merchant_id,
        "amount": 150_000,
        "authority": AUTHORITY,
    }


def test_the_payment_page_is_built_from_a_checked_authority(gateway: ZarinpalGateway) -> None:
    assert gateway.payment_page(AUTHORITY) == f"https://gateway.test/pg/StartPay/{AUTHORITY}"

    with pytest.raises(ValueError, match="authority"):
        gateway.payment_page("A/../../evil" + "0" * 24)


@pytest.mark.parametrize("status", list(InquiryStatus))
async def test_inquiry_tells_the_state(
    gateway: ZarinpalGateway, wire: Wire, status: InquiryStatus
) -> None:
    wire.answer = {"data": {"status": status, "code": 100, "message": "Success"}, "errors": []}

    assert await gateway.inquire(AUTHORITY) is status


@pytest.mark.parametrize("status", [None, "", "ELSEWHERE", 100])
async def test_a_state_that_is_not_documented_is_unknown(
    gateway: ZarinpalGateway, wire: Wire, status: object
) -> None:
    wire.answer = {"data": {"status": status, "code": 100}, "errors": []}

    with pytest.raises(OutcomeUnknown, match="status"):
        await gateway.inquire(AUTHORITY)


async def test_unverified_payments_are_listed_in_spite_of_an_unreadable_one(
    gateway: ZarinpalGateway, wire: Wire
) -> None:
    entry = {
        "authority": AUTHORITY,
        "amount": 50_500,
        "callback_url": "https://shop.test/",
        "referer": "https://shop.test/",
        "date": "2023-11-18 19:16:58",
    }
    listed = [{"authority": "?", "amount": 1}, entry, None, entry | {"amount": "20000"}]
    # The documented sample has its code as text and no `errors` at all.
    wire.answer = {"data": {"code": "100", "message": "Success", "authorities": listed}}

    assert await gateway.unverified() == (
        UnverifiedPayment(AUTHORITY, Decimal(50_500), "2023-11-18 19:16:58"),
        UnverifiedPayment(AUTHORITY, Decimal(20_000), "2023-11-18 19:16:58"),
    )


@pytest.mark.parametrize("empty", [[], {}, None])
async def test_there_may_be_no_unverified_payments(
    gateway: ZarinpalGateway, wire: Wire, empty: object
) -> None:
    wire.answer = {"data": {"code": 100, "authorities": empty}, "errors": []}

    assert await gateway.unverified() == ()


async def test_a_reversal_names_the_authority_only(gateway: ZarinpalGateway, wire: Wire) -> None:
    wire.answer = {"data": {"code": 100, "message": "Reversed"}, "errors": []}

    await gateway.reverse(AUTHORITY)

    assert wire.body == {"merchant_id": gateway.merchant_id, "authority": AUTHORITY}


class Dripping(httpx.AsyncByteStream):
    """A body that never ends, though each byte comes in time."""

    async def __aiter__(self) -> AsyncIterator[bytes]:
        while True:
            yield b" "
            await asyncio.sleep(0.005)


class Silent(httpx.AsyncBaseTransport):
    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        await asyncio.Event().wait()
        return httpx.Response(200)


@pytest.mark.parametrize(
    "transport", [Silent(), httpx.MockTransport(lambda _: httpx.Response(200, stream=Dripping()))]
)
async def test_an_answer_that_does_not_end_in_time_is_unknown(
    impatient: Impatient, transport: httpx.AsyncBaseTransport
) -> None:
    with pytest.raises(OutcomeUnknown, match="TimeoutError"):
        await impatient(transport).verify(Decimal(10_000), AUTHORITY)
