"""The payer's side of the gateway: its page is left to the demo, this pays without a browser."""

from typing import Any

import httpx

from tests.api.people import Person


async def pay_at(gateway: httpx.AsyncClient, authority: str, *, callback: bool) -> None:
    """Pay at the gateway; without `callback` the payer's browser never comes back to us."""
    wish = {"outcome": "pay", "callback": callback}
    answer = await gateway.post(f"/control/pay/{authority}", json=wish)
    assert answer.status_code == 200, answer.text


async def begin(who: Person, rials: int, ticket_id: str | None = None) -> Any:
    return await who.post("/payments/initiate/", {"amount": rials, "ticket_id": ticket_id})


async def top_up(gateway: httpx.AsyncClient, who: Person, rials: int) -> None:
    payment = await begin(who, rials)
    await pay_at(gateway, payment["authority"], callback=True)
    assert (await who.get("/wallet/"))["balance"] == f"{rials}.00"


async def call_back(who: Person, authority: str) -> Any:
    """Visit the callback as the gateway would send a payer who paid."""
    answer = await who.http.get(
        "/api/v1/payments/verify/",
        params={"Authority": authority, "Status": "OK"},
        headers={"Accept": "application/json"},
    )
    assert answer.status_code == 200, answer.text
    return answer.json()
