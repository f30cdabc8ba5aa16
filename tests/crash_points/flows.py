"""What people do on the platform, each to its end, however often a process dies meanwhile."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import httpx

from tests import given
from tests.api.people import Person
from tests.e2e import loans
from tests.e2e.loans import Loan

PATIENCE_S = 400.0
PATIENCE = timedelta(seconds=PATIENCE_S)
RIALS = 250_000
IBAN = "IR062960000000100324200001"


@dataclass(frozen=True)
class Cast:
    """Attributes.

    lender, borrower: Who do business with each other; the borrower has the money.
    first, second: Two operators.
    """

    gateway: httpx.AsyncClient
    lender: Person
    borrower: Person
    first: Person
    second: Person


async def insist(who: Person, method: str, path: str, body: object) -> Any:
    """Repeat a request under one key until it is answered; a refusal may be the first answer."""
    key = str(uuid4())
    async with asyncio.timeout(PATIENCE_S):
        while True:
            with_key = await heard(who, method, path, body, key)
            if with_key is not None and with_key.status_code not in loans.NOT_NOW:
                assert with_key.status_code in {200, 201}, (path, with_key.text)
                return with_key.json()
            await asyncio.sleep(loans.PAUSE_S)


async def heard(
    who: Person, method: str, path: str, body: object = None, key: str | None = None, **query: str
) -> httpx.Response | None:
    """Return the answer, or None if there is nobody who could give one."""
    try:
        return await who.call(method, path, body, key=key, **query)
    except httpx.TransportError:
        return None


async def until(who: Person, path: str, holds: Callable[[Any], bool]) -> None:
    async def is_so() -> bool:
        answer = await heard(who, "GET", path)
        return answer is not None and answer.status_code == 200 and holds(answer.json())

    await given.eventually(is_so, PATIENCE)


async def begun(who: Person, ticket_id: str | None = None, rials: int = RIALS) -> Any:
    """Open a payment; one whose page could not be opened has failed, and another one is begun."""
    async with asyncio.timeout(PATIENCE_S):
        while True:
            key, body = str(uuid4()), {"amount": rials, "ticket_id": ticket_id}
            for _ in range(100):
                answer = await heard(who, "POST", "/payments/initiate/", body, key)
                if answer is not None and answer.status_code == 201:
                    return answer.json()
                if answer is not None and "gateway_unavailable" in answer.text:
                    break
                await asyncio.sleep(loans.PAUSE_S)


async def at_gateway(cast: Cast, payment: Any, outcome: str) -> None:
    """Pay or cancel there; the browser does not come back to us."""
    wish = {"outcome": outcome, "callback": False}
    answer = await cast.gateway.post(f"/control/pay/{payment['authority']}", json=wish)
    assert answer.status_code == 200, answer.text


async def is_marked(cast: Cast, payment: Any, status: str) -> None:
    path = f"/payments/{payment['id']}/"
    await until(cast.borrower, path, lambda found: bool(found["status"] == status))


async def top_up(cast: Cast) -> int:
    payment = await begun(cast.borrower)
    await at_gateway(cast, payment, "pay")
    await come_back(cast, payment, "OK")
    await is_marked(cast, payment, "paid")
    return RIALS


async def come_back(cast: Cast, payment: Any, status: str) -> None:
    """Follow the gateway's link, again and again until there is an answer."""
    link = {"Authority": payment["authority"], "Status": status}

    async def is_back() -> bool:
        answer = await heard(cast.borrower, "GET", "/payments/verify/", **link)
        return answer is not None and "unknown" not in answer.headers["location"]

    await given.eventually(is_back, PATIENCE)


async def lost_callback(cast: Cast) -> int:
    payment = await begun(cast.borrower)
    await at_gateway(cast, payment, "pay")
    await is_marked(cast, payment, "paid")
    return RIALS


async def cancelled_payment(cast: Cast) -> int:
    payment = await begun(cast.borrower)
    await at_gateway(cast, payment, "cancel")
    await come_back(cast, payment, "NOK")
    await is_marked(cast, payment, "cancelled")
    return 0


async def back_to_the_card(cast: Cast) -> int:
    payment = await begun(cast.borrower)
    await at_gateway(cast, payment, "pay")
    await is_marked(cast, payment, "paid")
    what = f"/ops/payments/{payment['id']}"
    await insist(cast.first, "POST", f"{what}/reconcile/", {})
    await insist(cast.first, "POST", f"{what}/reverse/", {"reason": "Paid twice"})
    await is_marked(cast, payment, "reversed")
    return 0


async def paid_too_late(cast: Cast) -> int:
    loan = await asked(cast)
    await insist(cast.lender, "PATCH", f"/tickets/{loan.id}/accept/", {})
    payment = await begun(cast.borrower, loan.id, 600_000)
    await insist(cast.borrower, "PATCH", f"/tickets/{loan.id}/cancel/", {})
    await at_gateway(cast, payment, "pay")
    path = f"/payments/{payment['id']}/"
    await until(cast.borrower, path, lambda found: bool(found["notice"] == "kept_in_wallet"))
    return 600_000


async def another_amount(cast: Cast) -> int:
    """The gateway's word differs from ours, and an operator looks at it."""
    payment = await begun(cast.borrower)
    fault = {"operation": "verify", "behaviour": "wrong_amount"}
    (await cast.gateway.post("/control/", json=fault)).raise_for_status()
    await at_gateway(cast, payment, "pay")
    await is_marked(cast, payment, "paid")
    return RIALS


async def clerk(cast: Cast) -> None:
    """Decide whatever is parked, for as long as there is something."""
    while True:
        answer = await heard(cast.first, "GET", "/ops/attention/")
        found = answer.json()["items"] if answer is not None and answer.is_success else []
        for one in found:
            path = f"/ops/workflows/{one['workflow_id']}/decide/"
            word = {"action": "retry", "note": "The bank agrees."}
            await heard(cast.first, "POST", path, word, str(uuid4()))
        await asyncio.sleep(1)


async def asked(cast: Cast, handover: str = "instant") -> Loan:
    terms = {"title": "Drill", "daily_fee": 100_000, "deposit": 500_000, "max_days": 30}
    asset = await insist(cast.lender, "POST", "/assets/", terms | {"handover": handover})
    body = {"asset_id": asset["id"], "days": 1}
    ticket = await insist(cast.borrower, "POST", "/tickets/", body)
    return Loan(cast.lender, cast.borrower, ticket["id"])


async def loan(cast: Cast) -> int:
    """A loan with a handover and an extension; 200,000 of fees leave the borrower."""
    ticket = f"/tickets/{(await asked(cast, 'confirmed')).id}"
    await insist(cast.lender, "PATCH", f"{ticket}/accept/", {})
    await insist(cast.borrower, "PATCH", f"{ticket}/pay/", {})
    await insist(cast.borrower, "PATCH", f"{ticket}/handover/", {})
    ends_at = (datetime.now(UTC) + timedelta(days=1, hours=12)).isoformat()
    await insist(cast.borrower, "POST", f"{ticket}/extension/", {"ends_at": ends_at})
    await insist(cast.lender, "PATCH", f"{ticket}/extension/answer/", {"answer": "accept"})
    await insist(cast.lender, "PATCH", f"{ticket}/complete/", {})
    return -200_000


async def dispute(cast: Cast) -> int:
    ticket = f"/tickets/{(await asked(cast)).id}"
    await insist(cast.lender, "PATCH", f"{ticket}/accept/", {})
    await insist(cast.borrower, "PATCH", f"{ticket}/pay/", {})
    claim = {"reason": "The lens came back scratched.", "claim": "400000.00"}
    await insist(cast.lender, "POST", f"{ticket}/dispute/", claim)
    await insist(cast.borrower, "PATCH", f"{ticket}/dispute/answer/", {"answer": "contest"})
    split = {"to_lender": "250000.00", "to_borrower": "350000.00", "note": "Half."}
    await insist(cast.first, "PATCH", f"{ticket}/dispute/resolve/", split)
    return -250_000


async def declined(cast: Cast) -> int:
    await insist(cast.lender, "PATCH", f"/tickets/{(await asked(cast)).id}/decline/", {})
    return 0


async def transfer_taken_back(cast: Cast) -> int:
    wish = {"to": cast.lender.id, "amount": "1000"}
    sent = await insist(cast.borrower, "POST", "/wallet/transfer/", wish)
    body = {"transaction_id": sent["transaction_id"], "reason": "Sent twice"}
    asked = await insist(cast.first, "POST", "/ops/ledger/reversals/", body)
    await insist(cast.second, "PATCH", f"/ops/ledger/reversals/{asked['id']}/approve/", {})
    return 0


async def transfer(cast: Cast) -> int:
    wish = {"to": cast.lender.id, "amount": "1000"}
    await insist(cast.borrower, "POST", "/wallet/transfer/", wish)
    return -1000


async def withdrawal(cast: Cast) -> int:
    wish = {"amount": "50000", "iban": IBAN}
    asked = await insist(cast.borrower, "POST", "/wallet/withdrawals/", wish)
    path = f"/ops/withdrawals/{asked['id']}"
    await insist(cast.first, "PATCH", f"{path}/approve/", {})
    await insist(cast.first, "PATCH", f"{path}/paid/", {"bank_reference": "R1"})
    return -50_000


async def letters(cast: Cast) -> int:
    """Ask for the link that proves an address: of these letters each has a workflow."""
    async with asyncio.timeout(PATIENCE_S):
        for who in (cast.lender, cast.borrower, cast.first, cast.second):
            key, answer = str(uuid4()), None
            while answer is None or answer.status_code != 202:
                answer = await heard(who, "POST", "/auth/email/verify/", key=key)
                await asyncio.sleep(loans.PAUSE_S)
    return 0


# Each returns what it leaves the borrower with.
FLOWS: tuple[Callable[[Cast], Awaitable[int]], ...] = (
    top_up,
    lost_callback,
    cancelled_payment,
    back_to_the_card,
    paid_too_late,
    another_amount,
    loan,
    dispute,
    declined,
    transfer,
    transfer_taken_back,
    withdrawal,
    letters,
)
