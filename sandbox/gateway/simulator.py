"""What the routes share: the payments, the queue of misbehaviour, and the way back to the payee."""

import asyncio
import logging
from collections import Counter
from dataclasses import dataclass, field
from typing import Annotated, TypeVar
from urllib.parse import urlencode, urlsplit, urlunsplit

import httpx
from fastapi import Depends, Request
from starlette.responses import Response

from sandbox.gateway.misbehaviour import (
    MESSAGE_CALLS,
    CallbackFault,
    CallFault,
    Duplicate,
    Lost,
    Work,
)
from sandbox.gateway.store import SUCCESSFUL, Payment, Store

CALLBACK_TIMEOUT = 30.0
logger = logging.getLogger(__name__)

F = TypeVar("F", bound=CallFault | CallbackFault)


@dataclass
class Script:
    """Misbehaviour in the order in which it will happen. It lives as long as the process."""

    call_faults: list[CallFault] = field(default_factory=list)
    callback_faults: list[CallbackFault] = field(default_factory=list)
    calls: Counter[str] = field(default_factory=Counter)

    @property
    def queued(self) -> list[CallFault | CallbackFault]:
        return [*self.call_faults, *self.callback_faults]

    def add(self, fault: CallFault | CallbackFault) -> None:
        if isinstance(fault, Lost | Duplicate):
            self.callback_faults.append(fault)
        else:
            self.call_faults.append(fault)

    def next_call(self, operation: str) -> CallFault | None:
        """Count a call, and use up the first fault that is meant for it."""
        self.calls[operation] += 1
        names = {operation} if operation in MESSAGE_CALLS else {operation, "any"}
        meant = (fault for fault in self.call_faults if fault.operation in names)
        return _use(next(meant, None), self.call_faults)

    def next_callback(self) -> CallbackFault | None:
        self.calls["callback"] += 1
        return _use(next(iter(self.callback_faults), None), self.callback_faults)

    def clear(self) -> None:
        self.call_faults.clear()
        self.callback_faults.clear()
        self.calls.clear()


def _use(fault: F | None, queue: list[F]) -> F | None:
    if fault is not None and fault.times is not None:
        fault.times -= 1
        if fault.times == 0:
            queue.remove(fault)
    return fault


@dataclass(frozen=True)
class Simulator:
    """`public_url` is where browsers find this process."""

    store: Store
    public_url: str
    script: Script = field(default_factory=Script)

    def payment_page(self, payment: Payment) -> str:
        return f"{self.public_url.rstrip('/')}/pg/StartPay/{payment.authority}"

    async def answer(self, operation: str, work: Work) -> Response:
        """Do the work of a call and answer it, unless something else is scripted."""
        fault = self.script.next_call(operation)
        return await fault.answer(work) if fault else work()


def simulator(request: Request) -> Simulator:
    found: Simulator = request.app.state.simulator
    return found


Desk = Annotated[Simulator, Depends(simulator)]


def callback_url(payment: Payment) -> str:
    """Return where the payer's browser is sent; parameters already there stay as they are."""
    outcome = "OK" if payment.status in SUCCESSFUL else "NOK"
    added = urlencode({"Authority": payment.authority, "Status": outcome})
    address = urlsplit(payment.callback_url)
    query = f"{address.query}&{added}" if address.query else added
    return urlunsplit(address._replace(query=query))


async def call_back(url: str, times: int) -> list[int | None]:
    """Visit a callback as a browser would, `times` at once; None where nobody answered."""
    async with httpx.AsyncClient(timeout=CALLBACK_TIMEOUT) as browser:
        return await asyncio.gather(*(_visit(browser, url) for _ in range(times)))


async def _visit(browser: httpx.AsyncClient, url: str) -> int | None:
    try:
        return (await browser.get(url, headers={"Accept": "text/html"})).status_code
    except httpx.HTTPError as error:
        logger.warning("The callback was not answered: %s", type(error).__name__)
        return None
