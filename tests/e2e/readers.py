"""People who can be reached by every channel, and what they were sent by each."""

import random
from typing import Any, Final

import httpx

from tests.api.people import Person
from tests.outbox import Outbox

CHANNELS: Final = ("email", "sms", "whatsapp")


async def reach(gateway: httpx.AsyncClient, person: Person) -> tuple[str, ...]:
    """Give somebody a phone, and the wish for all channels; return what they are reached at."""
    phone = f"0935{random.randrange(10**7):07}"
    await person.patch("/auth/me/", {"phone": phone, "locale": "en"})
    assert (await person.call("POST", "/auth/phone/verify/")).status_code == 202
    code = await Outbox(gateway).code(phone)
    taken = await person.call("POST", "/auth/phone/verify/confirm/", {"code": code})
    assert taken.status_code == 204, taken.text
    wanted = [
        {"kind": "ticket_ended", "channel": channel, "is_wanted": True} for channel in CHANNELS
    ]
    chosen = await person.call("PUT", "/notifications/preferences/", {"preferences": wanted})
    assert chosen.status_code == 200, chosen.text
    return person.email, phone, f"+98{phone[1:]}", f"98{phone[1:]}"


async def sent_to(gateway: httpx.AsyncClient, address: str) -> list[dict[str, Any]]:
    answer = await gateway.get(
        "/outbox",
        params={"to": address, "limit": 1000},
        headers={"Accept": "application/json"},
    )
    letters: list[dict[str, Any]] = answer.json()
    return letters
