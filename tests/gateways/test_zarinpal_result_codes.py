"""Each documented code leads to exactly one kind of outcome."""

from collections.abc import Awaitable, Callable
from decimal import Decimal
from uuid import uuid4

import pytest

from gateways.errors import Declined, OutcomeUnknown, ResultClass
from gateways.payment import PaymentRequest
from gateways.result_codes import RESULTS
from gateways.zarinpal import ZarinpalGateway
from tests.gateways.wire import Wire

AUTHORITY = "A00000000000000000000000000217885159"
TOP_UP = PaymentRequest(uuid4(), Decimal(10_000), "Wallet top-up", "http://shop.test/back")

# Written out a second time, from Zarinpal's documentation, so that a slip in either one shows.
DOCUMENTED = {
    ResultClass.CONFIGURATION: {
        *(-10, -11, -13, -14, -15, -16, -17, -18, -19),
        *(-30, -31, -37, -38, -39, -53, -62),
    },
    ResultClass.INPUT: {
        *(-9, 429, 430, 431, 432),
        *(-32, -33, -34, -35, -36, -40, -41, -50, -54, -55),
    },
    ResultClass.PENDING: {-51},
    ResultClass.RETRY: {-12, -52},
    ResultClass.FINAL: {-60, -63},
    ResultClass.AMBIGUOUS: {-61},
}
Call = Callable[[ZarinpalGateway], Awaitable[object]]
CALLS: dict[str, Call] = {
    "request": lambda gateway: gateway.request(TOP_UP),
    "verify": lambda gateway: gateway.verify(TOP_UP.amount, AUTHORITY),
    "inquiry": lambda gateway: gateway.inquire(AUTHORITY),
    "unVerified": lambda gateway: gateway.unverified(),
    "reverse": lambda gateway: gateway.reverse(AUTHORITY),
}
CASES = [(code, result_class) for result_class, codes in DOCUMENTED.items() for code in codes]


def test_the_table_holds_every_documented_code_and_no_other() -> None:
    codes = [code for code, _ in CASES]

    assert len(codes) == len(set(codes)) == 37
    assert set(codes) == set(RESULTS)


@pytest.mark.parametrize("written", [int, str], ids=["number", "text"])
@pytest.mark.parametrize("call", CALLS.values(), ids=CALLS)
@pytest.mark.parametrize(("code", "result_class"), CASES)
async def test_a_refusal_is_declined_with_its_class(
    gateway: ZarinpalGateway,
    wire: Wire,
    call: Call,
    code: int,
    result_class: ResultClass,
    written: type[int] | type[str],
) -> None:
    """Through each call: nobody promised that a code keeps to the one it is listed at."""
    wire.answer = {"data": [], "errors": {"code": written(code), "message": "their words"}}

    with pytest.raises(Declined, match="their words") as declined:
        await call(gateway)

    assert declined.value.code == code
    assert declined.value.result_class is result_class


async def test_a_code_nobody_documented_is_ambiguous(gateway: ZarinpalGateway, wire: Wire) -> None:
    wire.answer = {"data": [], "errors": {"code": -777}}

    with pytest.raises(Declined, match="not documented") as declined:
        await gateway.inquire(AUTHORITY)

    assert declined.value.result_class is ResultClass.AMBIGUOUS


@pytest.mark.parametrize(("code", "repeated"), [(100, False), (101, True), ("101", True)])
async def test_verified_now_and_verified_earlier_are_both_success(
    gateway: ZarinpalGateway, wire: Wire, code: int | str, repeated: bool
) -> None:
    wire.answer = {"data": {"code": code, "message": "Verified", "ref_id": 201}, "errors": []}

    verification = await gateway.verify(Decimal(10_000), AUTHORITY)

    assert verification.repeated is repeated
    assert verification.ref_id == "201"


async def test_verified_earlier_means_nothing_outside_verify(
    gateway: ZarinpalGateway, wire: Wire
) -> None:
    wire.answer = {"data": {"code": 101, "status": "VERIFIED"}, "errors": []}

    with pytest.raises(OutcomeUnknown):
        await gateway.inquire(AUTHORITY)
