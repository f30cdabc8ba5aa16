"""Loans to count, and what the counters say of them."""

from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID, uuid4

from activities.contracts.tickets import MoveTicket
from activities.tickets import PostgresTicketSteps
from domain.asset import Asset
from domain.deadlines import Windows
from domain.ticket import Action
from models.database import Sessions
from models.queries import reports
from tests import given

ZONE = "Asia/Tehran"
FEE, DEPOSIT = Decimal(300_000), Decimal(500_000)
WRITERS = 16


WHOLE = (Action.ACCEPT, Action.PAY, Action.COMPLETE)


async def differences(sessions: Sessions) -> list[reports.Difference]:
    async with sessions() as session:
        return await reports.differences(session)


async def counts(sessions: Sessions) -> Any:
    async with sessions() as session:
        return await reports.counts(session)


async def own(sessions: Sessions, user_id: UUID) -> Any:
    async with sessions() as session:
        return await reports.own(session, user_id)


class Lending:
    """Loans by the steps that do them for real."""

    def __init__(self, sessions: Sessions) -> None:
        self.sessions = sessions
        self.steps = PostgresTicketSteps(sessions, Windows(), 500)

    async def loan(self, *actions: Action, at: datetime = given.NOW) -> tuple[Asset, UUID]:
        asset = await given.a_stored_asset(self.sessions)
        borrower = await given.a_user(self.sessions)
        await given.money_in_wallet(self.sessions, borrower, Decimal(10_000_000))
        wish = given.a_wish(
            asset, borrower, starts_at=at + given.DAY, ends_at=at + 4 * given.DAY, at=at
        )
        await self.steps.open_ticket(wish)
        for number, action in enumerate(actions, start=1):
            by = borrower if action in {Action.PAY, Action.CANCEL} else asset.owner_id
            when = at + number * timedelta(seconds=1)
            command = MoveTicket(wish.ticket_id, action, by, str(uuid4()), when)
            await self.steps.move_ticket(command)
        return asset, borrower
