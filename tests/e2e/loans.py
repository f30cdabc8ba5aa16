"""People who lend and borrow, and who repeat a request until they hear what became of it."""

import asyncio
from dataclasses import dataclass
from typing import Any
from uuid import uuid4

import httpx

from tests.api.people import Person

# What says "not now": the request is repeated with its key, as the contract tells clients to.
NOT_NOW = {202, 503}
PATIENCE_S = 60.0
PAUSE_S = 0.1


async def insist(who: Person, method: str, path: str, body: object) -> Any:
    """Repeat a request under one key, through restarts and outages, until it is answered."""
    key = str(uuid4())
    async with asyncio.timeout(PATIENCE_S):
        while True:
            try:
                answer = await who.call(method, path, body, key=key)
            except httpx.TransportError:
                await asyncio.sleep(PAUSE_S)  # nobody is there: the server is being restarted
                continue
            if answer.status_code not in NOT_NOW:
                assert answer.status_code in {200, 201}, answer.text
                return answer.json()
            await asyncio.sleep(PAUSE_S)


@dataclass(frozen=True)
class Loan:
    """One ticket between two people; each action insists."""

    lender: Person
    borrower: Person
    id: str

    async def accept(self) -> Any:
        return await self._move(self.lender, "accept")

    async def pay(self) -> Any:
        return await self._move(self.borrower, "pay")

    async def complete(self) -> Any:
        return await self._move(self.lender, "complete")

    async def is_in(self, status: str) -> bool:
        """Tell whether the ticket can be read, and has this status."""
        answer = await self.borrower.call("GET", f"/tickets/{self.id}/")
        return answer.status_code == 200 and answer.json()["status"] == status

    async def _move(self, who: Person, action: str) -> Any:
        return await insist(who, "PATCH", f"/tickets/{self.id}/{action}/", {})


async def requested(lender: Person, borrower: Person) -> Loan:
    """A fresh asset, and a request to borrow it for a day: fee 100,000, deposit 500,000."""
    terms = {"title": "Drill", "daily_fee": 100_000, "deposit": 500_000, "max_days": 30}
    asset = await insist(lender, "POST", "/assets/", terms)
    body = {"asset_id": asset["id"], "days": 1}
    ticket = await insist(borrower, "POST", "/tickets/", body)
    return Loan(lender, borrower, ticket["id"])


async def accepted(lender: Person, borrower: Person) -> Loan:
    loan = await requested(lender, borrower)
    await loan.accept()
    return loan


async def active(lender: Person, borrower: Person) -> Loan:
    loan = await accepted(lender, borrower)
    assert (await loan.pay())["status"] == "active"
    return loan


async def whole(lender: Person, borrower: Person) -> Loan:
    """A loan from request to completion."""
    loan = await active(lender, borrower)
    assert (await loan.complete())["status"] == "completed"
    return loan
