"""/pg/StartPay/: the page where a payer pays or gives up, and the way back."""

from typing import Annotated

from fastapi import APIRouter, Depends, HTTPException
from starlette.background import BackgroundTask
from starlette.responses import HTMLResponse, RedirectResponse, Response

from sandbox.gateway import pages
from sandbox.gateway.misbehaviour import Duplicate, Lost
from sandbox.gateway.simulator import Desk, Simulator, call_back, callback_url
from sandbox.gateway.store import PAYABLE, Payment

router = APIRouter(prefix="/pg/StartPay/{authority}", tags=["payment page"])


def opened(authority: str, desk: Desk) -> Payment:
    payment = desk.store.find(authority)
    if payment is None:
        raise HTTPException(404)
    return payment


Opened = Annotated[Payment, Depends(opened)]


@router.get("")
async def show(payment: Opened) -> HTMLResponse:
    page = pages.payment(payment) if payment.status in PAYABLE else pages.finished(payment)
    return HTMLResponse(page, headers={"Cache-Control": "no-store"})


@router.post("/pay")
async def pay(payment: Opened, desk: Desk) -> Response:
    return _send_back(desk, desk.store.save(payment.paid(verified=False)))


@router.post("/cancel")
async def cancel(payment: Opened, desk: Desk) -> Response:
    return _send_back(desk, desk.store.save(payment.cancelled()))


def _send_back(desk: Simulator, payment: Payment) -> Response:
    url = callback_url(payment)
    match desk.script.next_callback():
        case Lost():
            return HTMLResponse(pages.closed(payment))
        case Duplicate(extra=extra):
            # It runs once the browser has its redirect, so the two meet at the payee.
            return RedirectResponse(url, 303, background=BackgroundTask(call_back, url, extra))
        case _:
            return RedirectResponse(url, 303)
