"""Money that comes, goes on to others, and leaves: with every way in which a payer can get lost."""

import asyncio
from decimal import Decimal
from enum import StrEnum
from typing import Final

import httpx

from chaos.journal import Json, now
from chaos.loans import Loan
from chaos.people import API, PATIENCE_S, Person, UnexpectedError, at_once

IBAN: Final = "IR830120010000001387998021"
_LOOK_S: Final = 0.5
_CLOSED: Final = frozenset({"gateway_unavailable"})
_TOO_MUCH: Final = frozenset({"insufficient_funds"})


class WayBack(StrEnum):
    """How a payer who has paid comes back from the gateway's page."""

    VISITED = "the gateway's redirect arrives, or meets an API that is just dead"
    CROWDED = "the redirect is followed three times at once"
    LOST = "the browser is closed: nobody tells us"


async def top_up(who: Person, gateway: httpx.AsyncClient, amount: int, way: WayBack) -> Json:
    """Open a payment, pay it, and wait for the money; return the payment."""
    payment = await _opened(who, {"amount": amount})
    await _pay(who, gateway, payment, way)
    payment = await _settled(who, payment)
    who.journal.balance += amount
    return payment


async def pay_by_gateway(loan: Loan, gateway: httpx.AsyncClient, way: WayBack) -> None:
    """Pay a loan at the gateway: the money goes through the wallet into escrow by itself."""
    who = loan.borrower
    wish = {"amount": str(loan.total), "ticket_id": loan.ticket["id"]}
    payment = await _opened(who, wish)
    await _pay(who, gateway, payment, way)
    await _settled(who, payment)
    since = now()
    while (ticket := await who.get(f"{loan.path}/"))["status"] == "accepted":
        await _wait(f"ticket {ticket['id']} is not paid by payment {payment['id']}", since)
    loan.ticket = ticket
    who.journal.stepped(ticket, "pay")


async def give_up(who: Person, gateway: httpx.AsyncClient, amount: int) -> None:
    """Open a payment and cancel it on the gateway's page."""
    payment = await _opened(who, {"amount": amount})
    wish = {"outcome": "cancel", "callback": False}
    (await gateway.post(f"/control/pay/{payment['authority']}", json=wish)).raise_for_status()
    since = now()
    while (seen := await who.get(f"/payments/{payment['id']}/"))["status"] == "pending":
        await _come_back(who.http, payment, "NOK")
        await _wait(f"payment {payment['id']} was cancelled, and still is pending", since)
    who.journal.paid(seen)


async def send(sender: Person, receiver: Person, amount: int) -> None:
    wish = {"to": str(receiver.id), "amount": amount, "description": "For the tent"}
    answer = await sender.post("/wallet/transfer/", wish)
    sender.journal.transferred(answer, amount)
    sender.journal.balance -= amount
    receiver.journal.balance += amount


async def overdraw(sender: Person, receiver: Person) -> None:
    """Send one rial more than there is; it must be refused."""
    wish = {"to": str(receiver.id), "amount": str(sender.journal.balance + 1)}
    answer = await sender.post("/wallet/transfer/", wish, refusals=_TOO_MUCH)
    if answer.get("code") not in _TOO_MUCH:
        raise UnexpectedError(f"{sender.id} sent more than was there: {answer}")


async def withdraw(who: Person, operator: Person, amount: int, *, is_approved: bool) -> None:
    """Ask for a withdrawal, and have an operator pay it out or return it."""
    asked = await who.post("/wallet/withdrawals/", {"amount": amount, "iban": IBAN})
    who.journal.withdrew(asked)
    who.journal.balance -= amount
    path = f"/ops/withdrawals/{asked['id']}"
    if is_approved:
        done = await operator.patch(f"{path}/approve/", {"bank_reference": asked["id"][-12:]})
    else:
        done = await operator.patch(f"{path}/reject/", {"note": "The account has another name."})
        who.journal.balance += amount
    who.journal.withdrew(done)


async def return_to_card(who: Person, operator: Person, payment: Json) -> None:
    """Have a payment sent back to the card it came from."""
    wish = {"reason": "Paid by mistake"}
    back = await operator.post(f"/ops/payments/{payment['id']}/reverse/", wish)
    who.journal.paid(back)
    if back["status"] != "reversed":
        raise UnexpectedError(f"payment {payment['id']} did not go back: {back}")
    who.journal.balance -= Decimal(payment["amount"])


async def _opened(who: Person, wish: Json) -> Json:
    """Have a payment opened; one that the gateway could not open in time is begun anew."""
    since = now()
    while "code" in (payment := await who.post("/payments/initiate/", wish, refusals=_CLOSED)):
        await _wait(f"the gateway opens no payment for {who.id}: {payment}", since)
    who.journal.paid(payment)
    return payment


async def _pay(who: Person, gateway: httpx.AsyncClient, payment: Json, way: WayBack) -> None:
    wish = {"outcome": "pay", "callback": way is WayBack.VISITED}
    (await gateway.post(f"/control/pay/{payment['authority']}", json=wish)).raise_for_status()
    if way is WayBack.CROWDED:
        await at_once(*(_come_back(who.http, payment, "OK") for _ in range(3)))


async def _settled(who: Person, payment: Json) -> Json:
    since = now()
    while (seen := await who.get(f"/payments/{payment['id']}/"))["status"] == "pending":
        await _wait(f"payment {payment['id']} is paid at the gateway, and not here", since)
    who.journal.paid(seen)
    if seen["status"] != "paid":
        raise UnexpectedError(f"payment {payment['id']} was paid, and is {seen['status']}")
    return seen


async def _come_back(http: httpx.AsyncClient, payment: Json, said: str) -> None:
    """Follow the gateway's redirect, as a browser that shows whatever comes."""
    query = {"Authority": payment["authority"], "Status": said}
    try:
        await http.get(
            f"{API}/payments/verify/", params=query, headers={"Accept": "application/json"}
        )
    except httpx.TransportError:
        return  # the page did not load; the payer looks at the wallet instead


async def _wait(what: str, since: float) -> None:
    if now() - since > PATIENCE_S:
        raise UnexpectedError(f"{what}, after {PATIENCE_S:.0f} s")
    await asyncio.sleep(_LOOK_S)
