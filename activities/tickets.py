"""The steps of a loan, each one database transaction. Money moves with the status or not at all."""

from dataclasses import dataclass

from sqlalchemy.ext.asyncio import AsyncSession
from temporalio import activity

from activities.contracts import MovedTicket, MoveTicket, TicketSteps
from activities.refusals import refusals
from domain.deadlines import Windows, reminder_at
from domain.errors import AssetUnavailable
from domain.plan import LoanRequest, Plan, act, request
from domain.ticket import HOLDS_ASSET, Action, Ticket
from models.database import Sessions
from models.queries import assets, ledger, tickets


@dataclass(frozen=True)
class PostgresTicketSteps(TicketSteps):
    sessions: Sessions
    windows: Windows
    commission_bps: int

    @activity.defn
    async def open_ticket(self, request: LoanRequest) -> MovedTicket:
        """Store a pending ticket; a repeat finds the stored one."""
        with refusals():
            async with self.sessions.begin() as session:
                stored = await tickets.find(session, request.ticket_id)
                return await self._moved(session, stored or await self._open(session, request))

    async def _open(self, session: AsyncSession, wish: LoanRequest) -> Ticket:
        asset = await assets.terms(session, wish.asset_id)
        plan = request(wish, asset, self.commission_bps, self.windows)
        if await tickets.is_taken(session, wish.asset_id, wish.starts_at, wish.ends_at):
            raise AssetUnavailable
        await tickets.insert_new(session, plan, Action.REQUEST)
        return plan.ticket

    @activity.defn
    async def move_ticket(self, command: MoveTicket) -> MovedTicket:
        """Take one action, and move its money; a repeat of the command finds it done."""
        with refusals():
            async with self.sessions.begin() as session:
                ticket = await tickets.lock(session, command.ticket_id)
                if not await tickets.was_done(session, ticket.id, command.command_id):
                    plan = act(ticket, command.action, command.by, command.at, self.windows)
                    await self._carry_out(session, plan, command)
                    ticket = plan.ticket
                return await self._moved(session, ticket, command.action)

    async def _carry_out(self, session: AsyncSession, plan: Plan, command: MoveTicket) -> None:
        if command.action is Action.ACCEPT:
            await assets.lock(session, plan.ticket.asset_id)
        if plan.posting:
            await ledger.post(session, plan.posting)
        await tickets.save(session, plan, command.command_id, command.note)

    async def _moved(
        self, session: AsyncSession, ticket: Ticket, action: Action | None = None
    ) -> MovedTicket:
        takes_asset = action is Action.ACCEPT and ticket.status in HOLDS_ASSET
        return MovedTicket(
            ticket=ticket,
            remind_at=reminder_at(ticket, self.windows.reminder),
            rivals=await tickets.rivals(session, ticket) if takes_asset else (),
        )
