"""Everybody who may call a route, and what the routes of the API are about, made when asked for."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID, uuid4

import httpx
from fastapi import FastAPI

from api.app import create_app
from domain import ledger
from domain.messages.notice import MessageStatus
from models.database import Sessions
from models.user import UserRole
from settings import Settings
from tests import given
from tests.api.conftest import promote
from tests.api.people import PASSWORD, Person, join

RICH = Decimal(1_000_000_000)


@asynccontextmanager
async def an_api(settings: Settings) -> AsyncIterator[FastAPI]:
    app = create_app(settings)
    async with app.router.lifespan_context(app):
        yield app


@dataclass(frozen=True)
class World:
    """One of each, for one route; nothing is made that nobody asks for."""

    sessions: Sessions
    http: httpx.AsyncClient
    people: dict[str, Person]
    made: dict[str, str] = field(default_factory=dict)

    @classmethod
    async def of(cls, sessions: Sessions, http: httpx.AsyncClient) -> "World":
        names = ("stranger", "party", "operator", "admin", "lender", "colleague")
        people = {name: await join(http) for name in names}
        await promote(sessions, people["operator"])
        await promote(sessions, people["colleague"])
        await promote(sessions, people["admin"], UserRole.ADMIN)
        await given.money_in_wallet(sessions, UUID(people["party"].id), RICH)
        return cls(sessions, http, people)

    async def name(self, thing: str) -> str:
        """Return what stands for `{thing}`; made once."""
        if thing == "new_email":
            return f"{uuid4().hex}@example.test"
        if thing not in self.made:
            self.made[thing] = await getattr(self, f"_{thing}")()
        return self.made[thing]

    async def filled(self, template: Any) -> Any:
        if isinstance(template, dict):
            return {name: await self.filled(value) for name, value in template.items()}
        if isinstance(template, str):
            while "{" in template:
                before, _, rest = template.partition("{")
                thing, _, after = rest.partition("}")
                template = before + await self.name(thing) + after
        return template

    @property
    def party(self) -> Person:
        return self.people["party"]

    async def _ticket_id(self) -> str:
        wish = {"asset_id": await self.name("their_asset_id"), "days": 3}
        return str((await self.party.post("/tickets/", wish))["id"])

    async def _asset_id(self) -> str:
        return str((await self.party.lists())["id"])

    async def _their_asset_id(self) -> str:
        return str((await self.people["lender"].lists())["id"])

    async def _lender_id(self) -> str:
        return self.people["lender"].id

    async def _later(self) -> str:
        return (datetime.now(UTC) + timedelta(days=9)).isoformat()

    async def _action(self) -> str:
        return "cancel"

    async def _provider(self) -> str:
        return "github"

    async def _session_id(self) -> str:
        credentials = {"email": self.party.email, "password": PASSWORD}
        await self.http.post("/api/v1/auth/token/", json=credentials)
        return str((await self.party.get("/auth/sessions/"))["items"][0]["id"])

    async def _transfer_id(self) -> str:
        wish = {"to": self.people["lender"].id, "amount": "1000"}
        sent = await self.party.post("/wallet/transfer/", wish)
        # Its own name is told to those alone who have to ask for its outcome; its entries have it.
        entries = (await self.party.get("/wallet/entries/"))["items"]
        [ref] = {
            entry["ref"] for entry in entries if entry["transaction_id"] == sent["transaction_id"]
        }
        return str(ref).partition(":")[2]

    async def _withdrawal_id(self) -> str:
        wish = {"amount": "10000", "iban": "IR062960000000100324200001"}
        return str((await self.party.post("/wallet/withdrawals/", wish))["id"])

    async def _payment_id(self) -> str:
        return str((await self.party.post("/payments/initiate/", {"amount": 10_000}))["id"])

    async def _workflow_id(self) -> str:
        return f"payment:{await self.name('payment_id')}"

    async def _transaction_id(self) -> str:
        sender, receiver = UUID(self.party.id), UUID(self.people["lender"].id)
        rent = ledger.transfer(uuid4(), sender, receiver, Decimal(500), "rent")
        return str(await given.a_posting(self.sessions, rent))

    async def _reversal_id(self) -> str:
        wish = {"transaction_id": await self.name("transaction_id"), "reason": "Sent twice"}
        return str((await self.people["colleague"].post("/ops/ledger/reversals/", wish))["id"])

    async def _notification_id(self) -> str:
        return str(await given.a_message(self.sessions, UUID(self.party.id)))

    async def _message_id(self) -> str:
        failed = {"status": MessageStatus.FAILED, "last_error": "the address bounced"}
        return str(await given.a_message(self.sessions, UUID(self.party.id), **failed))

    async def _user_id(self) -> str:
        return (await join(self.http)).id
