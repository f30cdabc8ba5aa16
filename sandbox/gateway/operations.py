"""What the six calls of the protocol do to the simulator's payments when nothing is scripted."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone
from enum import StrEnum
from hashlib import sha256
from typing import Final

from sandbox.gateway.calls import AuthorityCall, Call, FeeCall, RequestCall, VerifyCall, read
from sandbox.gateway.envelope import CARD_NUMBER, Envelope, Refused, refusal, success
from sandbox.gateway.store import (
    SUCCESSFUL,
    Payment,
    Status,
    Store,
    fee_of,
    new_authority,
    now,
)

MIN_AMOUNT: Final = 10_000
MAX_AMOUNT: Final = 1_000_000_000
MIN_FEE_AMOUNT: Final = 1_000
REVERSAL_WINDOW: Final = timedelta(minutes=30)
TEHRAN: Final = timezone(timedelta(hours=3, minutes=30))
CARD_PAN: Final = f"{CARD_NUMBER[:6]}******{CARD_NUMBER[-4:]}"
CARD_HASH: Final = sha256(CARD_NUMBER.encode()).hexdigest().upper()


class Operation(StrEnum):
    REQUEST = "request"
    VERIFY = "verify"
    INQUIRY = "inquiry"
    UNVERIFIED = "unVerified"
    REVERSE = "reverse"
    FEE_CALCULATION = "feeCalculation"


def perform(operation: Operation, store: Store, body: object) -> Envelope:
    """Do what a call asks for, or answer why not."""
    try:
        return _OPERATIONS[operation](store, body)
    except Refused as refused:
        return refusal(refused.code, validations=refused.validations)


def _request(store: Store, body: object) -> Envelope:
    call = read(RequestCall, body)
    if call.rials < MIN_AMOUNT:
        raise Refused(-9, [{"amount": f"The amount must be at least {MIN_AMOUNT} rials."}])
    if call.rials > MAX_AMOUNT:
        raise Refused(-41)
    if call.wages:
        raise Refused(-30)  # split payments are not simulated, and such terminals exist
    payment = Payment(
        authority=new_authority(),
        merchant_id=call.merchant_id.lower(),
        amount=call.rials,
        description=call.description,
        callback_url=call.callback_url,
        order_id=call.metadata.order_id or None,
        auto_verify=call.metadata.auto_verify,
        created_at=now(),
    )
    store.save(payment)
    return success(
        100, "Success", authority=payment.authority, fee_type="Merchant", fee=payment.fee
    )


def _verify(store: Store, body: object) -> Envelope:
    call = read(VerifyCall, body)
    payment = _own(store, call)
    if payment.status not in SUCCESSFUL:
        raise Refused(-51)
    if call.amount != payment.amount:
        raise Refused(-50)
    store.save(replace(payment, status=Status.VERIFIED))
    return success(
        100 if payment.status is Status.PAID else 101,
        "Paid" if payment.status is Status.PAID else "Verified",
        card_hash=CARD_HASH,
        card_pan=CARD_PAN,
        ref_id=payment.ref_id,
        fee_type="Merchant",
        fee=payment.fee,
        shaparak_fee="1200",
        order_id=payment.order_id,
        wages=None,
    )


def _inquiry(store: Store, body: object) -> Envelope:
    payment = _own(store, read(AuthorityCall, body))
    return success(100, "Success", status=payment.status)


def _unverified(store: Store, body: object) -> Envelope:
    call = read(Call, body)
    listed = [
        {
            "authority": payment.authority,
            "amount": payment.amount,
            "callback_url": payment.callback_url,
            "referer": payment.callback_url,
            "date": _tehran(payment.paid_at or payment.created_at),
        }
        for payment in store.unverified(call.merchant_id.lower())
    ]
    # The official sample has the code as text and no `errors`, so that is how it is answered.
    return {"data": {"code": "100", "message": "Success", "authorities": listed}}


def _reverse(store: Store, body: object) -> Envelope:
    payment = _own(store, read(AuthorityCall, body))
    if payment.status not in SUCCESSFUL or not payment.paid_at:
        raise Refused(-61)
    if datetime.now(UTC) - datetime.fromisoformat(payment.paid_at) > REVERSAL_WINDOW:
        raise Refused(-63)
    store.save(replace(payment, status=Status.REVERSED))
    return success(100, "Reversed")


def _fee_calculation(_: Store, body: object) -> Envelope:
    call = read(FeeCall, body)
    if call.rials < MIN_FEE_AMOUNT:
        raise Refused(-9, [{"amount": f"The amount must be at least {MIN_FEE_AMOUNT} rials."}])
    fee = fee_of(call.rials)
    return success(
        100,
        "Success",
        amount=call.rials,
        fee=fee,
        fee_type="Merchant",
        suggested_amount=call.rials + fee,
    )


def _own(store: Store, call: AuthorityCall) -> Payment:
    payment = store.find(call.authority)
    if payment is None:
        raise Refused(-54)
    if payment.merchant_id != call.merchant_id.lower():
        raise Refused(-53)
    return payment


def _tehran(instant: str) -> str:
    return datetime.fromisoformat(instant).astimezone(TEHRAN).strftime("%Y-%m-%d %H:%M:%S")


_OPERATIONS: Final[dict[Operation, Callable[[Store, object], Envelope]]] = {
    Operation.REQUEST: _request,
    Operation.VERIFY: _verify,
    Operation.INQUIRY: _inquiry,
    Operation.UNVERIFIED: _unverified,
    Operation.REVERSE: _reverse,
    Operation.FEE_CALCULATION: _fee_calculation,
}
