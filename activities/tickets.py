"""The steps of a loan, each one database transaction. Money moves with the status or not at all."""

from dataclasses import dataclass
from typing import Final
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession
from temporalio import activity

from activities.contracts.tickets import MovedTicket, MoveTicket, TicketSteps
from activities.refusals import refusals
from domain import ids
from domain.actions import Move, act
from domain.audit import AuditAction, AuditLine
from domain.deadlines import Windows, reminder_at
from domain.errors import AssetUnavailable, DomainError, Forbidden
from domain.messages.loan_notices import told
from domain.plan import LoanRequest, Plan, request
from domain.ticket import HOLDS_ASSET, Action, Ticket
from models.database import Sessions
from models.queries import assets, audit, ledger, notices, tickets, users

# These take a part of the asset's calendar.
_TAKING: Final = frozenset({Action.ACCEPT, Action.ACCEPT_EXTENSION})


@dataclass(frozen=True)
class PostgresTicketSteps(TicketSteps):
    sessions: Sessions
    windows: Windows
    commission_bps: int

    @activity.defn
    async def open_ticket(self, request: LoanRequest) -> MovedTicket:
        """Store a pending ticket; a repeat finds the stored one, whatever became of it."""
        with refusals():
            try:
                async with self.sessions.begin() as session:
                    return self._moved(await self._open(session, request))
            except (DomainError, tickets.AlreadyDone):
                async with self.sessions.begin() as session:
                    stored = await tickets.find(session, request.ticket_id)
                if stored is None:
                    raise
                return self._moved(stored)

    async def _open(self, session: AsyncSession, wish: LoanRequest) -> Ticket:
        asset = await assets.terms(session, wish.asset_id, queued=True)
        plan = request(wish, asset, self.commission_bps, self.windows)
        if await tickets.is_taken(session, wish.asset_id, wish.starts_at, wish.ends_at):
            raise AssetUnavailable
        await tickets.insert_new(session, plan, Action.REQUEST)
        await notices.tell(session, told(plan))
        return plan.ticket

    @activity.defn
    async def move_ticket(self, command: MoveTicket) -> MovedTicket:
        """Take one action, and move its money; a repeat of the command finds it done."""
        with refusals():
            try:
                async with self.sessions.begin() as session:
                    return await self._move(session, command)
            except (DomainError, tickets.AlreadyDone):
                # What was done already is mostly refused the second time, by the new status.
                async with self.sessions.begin() as session:
                    if not await tickets.was_done(session, command.ticket_id, command.command_id):
                        raise
                    ticket = await tickets.get(session, command.ticket_id)
                    return self._moved(ticket, await self._rivals(session, ticket, command.action))

    async def _move(self, session: AsyncSession, command: MoveTicket) -> MovedTicket:
        ticket = await tickets.lock(session, command.ticket_id)
        move = Move(command.action, command.by, command.at, command.terms)
        plan = act(ticket, move, self.windows)
        await _permit(session, move)
        rivals = await self._taken(session, ticket, plan, move)
        if plan.posting:
            await ledger.post(session, plan.posting)
        await tickets.save(session, plan, command.command_id, command.note)
        if command.action is Action.RESOLVE:
            await audit.record(session, _resolved(plan.ticket, command))
        await notices.tell(session, told(plan))
        return self._moved(plan.ticket, rivals)

    async def _taken(
        self, session: AsyncSession, before: Ticket, plan: Plan, move: Move
    ) -> tuple[UUID, ...]:
        """Return the pending tickets whose time this move takes; refuse what is another's."""
        after = plan.ticket
        if move.action is Action.EXTEND and after.extension:
            wanted = (before.ends_at, after.extension.ends_at)
            if await tickets.is_taken(session, before.asset_id, *wanted):
                raise AssetUnavailable
        return await self._rivals(session, after, move.action)

    async def _rivals(
        self, session: AsyncSession, ticket: Ticket, action: Action
    ) -> tuple[UUID, ...]:
        if action not in _TAKING or ticket.status not in HOLDS_ASSET:
            return ()
        await assets.lock(session, ticket.asset_id)
        return await tickets.rivals(session, ticket)

    def _moved(self, ticket: Ticket, rivals: tuple[UUID, ...] = ()) -> MovedTicket:
        return MovedTicket(ticket, reminder_at(ticket, self.windows.reminder), rivals)


def _resolved(ticket: Ticket, command: MoveTicket) -> AuditLine:
    division = ticket.dispute
    facts = (
        {"to_lender": f"{division.to_lender:.2f}", "to_borrower": f"{division.to_borrower:.2f}"}
        if division
        else {}
    )
    what = ids.ticket_workflow(ticket.id)
    return AuditLine(AuditAction.DISPUTE_RESOLVED, command.by, what, command.origin, facts)


async def _permit(session: AsyncSession, move: Move) -> None:
    """Let operators alone divide an escrow, whichever way the command came."""
    if move.action is Action.RESOLVE and not (
        move.by and await users.is_operator(session, move.by)
    ):
        raise Forbidden("An operator decides this.")
