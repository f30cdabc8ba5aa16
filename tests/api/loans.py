"""Loans in any stage, taken there over HTTP by those who may, and all that is stored of them."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

import httpx
from sqlalchemy import text, update
from temporalio.api.enums.v1 import EventType

from engine.client import connect
from models.database import Sessions
from models.idempotency import IdempotentRequest
from settings import Settings
from tests.api.people import Person
from tests.conftest import KEYS

DAY = timedelta(days=1)
CLAIM = {"claim": "400000.00", "reason": "It came back scratched."}
SPLIT = {"to_lender": "250000.01", "to_borrower": "549999.99"}
# How each action is called: method, path below the ticket, and what it is told. The claim, the
# split and the end that are asked for fit a loan of three days at 100,000 rials.
Told = Callable[[Any], dict[str, Any]]
CALLS: Final[dict[str, tuple[str, str, Told]]] = {
    "accept": ("PATCH", "accept", lambda _: {}),
    "decline": ("PATCH", "decline", lambda _: {}),
    "cancel": ("PATCH", "cancel", lambda _: {}),
    "pay": ("PATCH", "pay", lambda _: {}),
    "handover": ("PATCH", "handover", lambda _: {}),
    "complete": ("PATCH", "complete", lambda _: {}),
    "extend": ("POST", "extension", lambda ticket: {"ends_at": later(ticket, 2 * DAY)}),
    "accept_extension": ("PATCH", "extension/answer", lambda _: {"answer": "accept"}),
    "decline_extension": ("PATCH", "extension/answer", lambda _: {"answer": "decline"}),
    "dispute": ("POST", "dispute", lambda _: CLAIM),
    "accept_claim": ("PATCH", "dispute/answer", lambda _: {"answer": "accept"}),
    "contest_claim": ("PATCH", "dispute/answer", lambda _: {"answer": "contest"}),
    "resolve": ("PATCH", "dispute/resolve", lambda _: SPLIT | {"note": "It is small."}),
}
# Which of these a preview is told, too.
TERMS: Final = {
    "extend": {"ends_at"},
    "dispute": {"claim", "reason"},
    "resolve": {"to_lender", "to_borrower"},
}
# Who does what to a pending loan to bring it where it should be.
Way = tuple[tuple[str, str], ...]
_TO_ACTIVE: Final[Way] = (("lender", "accept"), ("borrower", "pay"))
_TO_CLAIMED: Final[Way] = (*_TO_ACTIVE, ("lender", "dispute"))
WAYS: Final[dict[str, Way]] = {
    "pending": (),
    "accepted": (("lender", "accept"),),
    "escrow": _TO_ACTIVE,  # of an asset whose hand-over is confirmed
    "active": _TO_ACTIVE,
    "offered": (*_TO_ACTIVE, ("borrower", "extend")),
    "claimed": _TO_CLAIMED,
    "claimed by the borrower": (*_TO_ACTIVE, ("borrower", "dispute")),
    "contested": (*_TO_CLAIMED, ("borrower", "contest_claim")),
    "completed": (*_TO_ACTIVE, ("lender", "complete")),
    "cancelled": (("lender", "decline"),),
}


def later(ticket: Any, by: timedelta) -> str:
    """Return a moment after the end of a loan."""
    return (datetime.fromisoformat(ticket["ends_at"]) + by).isoformat()


@dataclass(frozen=True)
class Cast:
    """Everybody who may call, by what they are to a loan; `anonymous` is nobody."""

    http: httpx.AsyncClient
    sessions: Sessions
    people: dict[str, Person]

    async def call(
        self, who: str, method: str, path: str, body: object = None, **query: Any
    ) -> httpx.Response:
        if who == "anonymous":
            return await self.http.request(method, f"/api/v1{path}", json=body, params=query)
        return await self.people[who].call(method, path, body, **query)

    def at(self, http: httpx.AsyncClient) -> "Cast":
        """The same people, calling another API."""
        people = {who: replace(person, http=http) for who, person in self.people.items()}
        return Cast(http, self.sessions, people)

    async def loan_at(self, stage: str, *, asset: Any = None, **period: Any) -> "Loan":
        """Borrow something of its own, for three days from now if nothing else is said."""
        terms = {"handover": "confirmed" if stage == "escrow" else "instant"} | (asset or {})
        listed = await self.people["lender"].lists(**terms)
        wish = {"asset_id": listed["id"], **(period or {"days": 3})}
        ticket = await self.people["borrower"].post("/tickets/", wish)
        loan = Loan(self, ticket)
        for who, action in WAYS[stage]:
            answer = await loan.take(who, action)
            assert answer.status_code in {200, 201}, answer.text
        return loan


@dataclass(frozen=True)
class Loan:
    """One loan; `asked` is its ticket as it was asked for."""

    cast: Cast
    asked: Any

    @property
    def id(self) -> UUID:
        return UUID(self.asked["id"])

    @property
    def path(self) -> str:
        return f"/tickets/{self.id}"

    async def take(self, who: str, action: str, **changes: Any) -> httpx.Response:
        method, path, told = CALLS[action]
        body = told(self.asked) | changes
        return await self.cast.call(who, method, f"{self.path}/{path}/", body)

    async def preview(self, who: str, action: str, **changes: Any) -> httpx.Response:
        told = CALLS[action][2](self.asked) | changes
        asked = {name: told[name] for name in TERMS.get(action, ()) if name in told}
        return await self.cast.call(who, "GET", f"{self.path}/preview/{action}/", **asked)

    async def seen_by(self, who: str) -> Any:
        return await self.cast.people[who].get(f"{self.path}/")

    async def timeline(self) -> list[Any]:
        answer = await self.cast.people["borrower"].get(f"{self.path}/timeline/")
        return list(answer["items"])

    async def postings(self) -> list[dict[str, Any]]:
        """Return the ledger entries of this loan, in the order in which they were written."""
        statement = text("""
            SELECT a.kind AS account, a.owner_id, e.type, e.amount
            FROM ledger_entries e JOIN ledger_accounts a ON a.id = e.account_id
            WHERE e.ref = :ref ORDER BY e.seq
        """)
        async with self.cast.sessions() as session:
            rows = await session.execute(statement, {"ref": f"ticket:{self.id}"})
            return [_as_json(row) for row in rows.mappings()]

    async def updates(self, settings: Settings) -> int:
        """Count what the history of its workflow holds of what people asked for."""
        client = await connect(settings.temporal_address, namespace="default", keys=KEYS)
        history = client.get_workflow_handle(f"ticket:{self.id}").fetch_history_events()
        accepted = EventType.EVENT_TYPE_WORKFLOW_EXECUTION_UPDATE_ACCEPTED
        return len([event async for event in history if event.event_type == accepted])

    async def everything(self) -> list[Any]:
        """Return all that is stored of this loan, and of the money of those who are cast."""
        people = [UUID(person.id) for person in self.cast.people.values()]
        values = {"id": self.id, "owners": [*people, self.id], "ref": f"ticket:{self.id}"}
        async with self.cast.sessions() as session:
            return [(await session.execute(text(statement), values)).all() for statement in _STORED]


async def forget_outcomes(sessions: Sessions, keys: Iterable[str]) -> None:
    """Leave requests as a crash leaves them: done, but nobody wrote down how they went."""
    async with sessions.begin() as session:
        for key in keys:
            await session.execute(
                update(IdempotentRequest)
                .where(IdempotentRequest.key == key)
                .values(status=None, body=None)
            )


_STORED: Final = (
    "SELECT * FROM tickets WHERE id = :id",
    "SELECT * FROM ticket_transitions WHERE ticket_id = :id ORDER BY id",
    "SELECT * FROM dispute_notes WHERE ticket_id = :id ORDER BY id",
    "SELECT * FROM ledger_entries WHERE ref = :ref ORDER BY seq",
    "SELECT owner_id, balance FROM ledger_accounts WHERE owner_id = ANY(:owners) ORDER BY id",
)


def _as_json(row: Any) -> dict[str, Any]:
    owner_id = str(row["owner_id"]) if row["owner_id"] else None
    return {**row, "owner_id": owner_id, "amount": f"{row['amount']:.2f}"}
