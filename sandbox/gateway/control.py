"""/control/: scripts misbehaviour, and pays without a browser. Nothing of this exists for real."""

from typing import Annotated, Literal

from fastapi import APIRouter, Body
from pydantic import BaseModel, ConfigDict

from sandbox.gateway.misbehaviour import Duplicate, Lost, Misbehaviour
from sandbox.gateway.payment_page import Opened
from sandbox.gateway.simulator import Desk, Simulator, call_back, callback_url
from sandbox.gateway.store import Payment, Status

router = APIRouter(prefix="/control", tags=["control"])


class Queue(BaseModel):
    queued: list[Misbehaviour]
    calls: dict[str, int]


class PaymentOut(BaseModel):
    """A payment, for who needs its page or its state without a browser."""

    authority: str
    amount: int
    description: str
    order_id: str | None
    status: Status
    callback_url: str
    payment_page: str


class Pay(BaseModel):
    """What a payer would do.

    Attributes:
        callback: Whether the simulator visits the callback url itself, in the browser's place.
        auto_verified: As if the gateway had verified by itself, so that verify answers 101 first.
    """

    model_config = ConfigDict(extra="forbid")

    outcome: Literal["pay", "cancel"]
    callback: bool = False
    auto_verified: bool = False


class Paid(BaseModel):
    """`callback_answers`: the HTTP status of each visit, null where nobody answered."""

    payment: PaymentOut
    callback_url: str
    callback_answers: list[int | None]


@router.post("/", status_code=201)
async def add(fault: Annotated[Misbehaviour, Body()], desk: Desk) -> Misbehaviour:
    """Queue a misbehaviour. The first one queued for an operation spoils its next call."""
    desk.script.add(fault)
    return fault


@router.get("/")
async def show(desk: Desk) -> Queue:
    """Show what is queued, and how often each operation was called."""
    return Queue(queued=desk.script.queued, calls=dict(desk.script.calls))


@router.delete("/", status_code=204)
async def clear(desk: Desk) -> None:
    """Forget what is queued, and count from zero."""
    desk.script.clear()


@router.get("/payments/")
async def payments(desk: Desk) -> list[PaymentOut]:
    """The latest hundred payments, newest first."""
    return [_shown(desk, payment) for payment in desk.store.latest(100)]


@router.post("/pay/{authority}")
async def pay(payment: Opened, wish: Pay, desk: Desk) -> Paid:
    """Pay or cancel without a browser, and tell where a browser would have been sent."""
    if wish.outcome == "pay":
        payment = desk.store.save(payment.paid(verified=wish.auto_verified))
    else:
        payment = desk.store.save(payment.cancelled())
    url = callback_url(payment)
    visits = _visits(desk) if wish.callback else 0
    return Paid(
        payment=_shown(desk, payment),
        callback_url=url,
        callback_answers=await call_back(url, visits),
    )


def _visits(desk: Simulator) -> int:
    match desk.script.next_callback():
        case Lost():
            return 0
        case Duplicate(extra=extra):
            return 1 + extra
        case _:
            return 1


def _shown(desk: Simulator, payment: Payment) -> PaymentOut:
    return PaymentOut(
        **{
            name: getattr(payment, name)
            for name in PaymentOut.model_fields
            if name != "payment_page"
        },
        payment_page=desk.payment_page(payment),
    )
