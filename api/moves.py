"""Takes an action on a ticket: refuse early, ask the engine, read the row if that is too late."""

from dataclasses import dataclass
from typing import Annotated
from uuid import UUID

from fastapi import Depends, Response
from sqlalchemy.ext.asyncio import AsyncSession

from api import paths
from api.deps import Caller, CurrentUser, Held, Idempotent, Services
from api.engine_failures import Closed
from api.idempotency import Attempt, Idempotency
from api.problems import engine_unavailable
from api.schemas.tickets import TicketOut
from domain.errors import NotFound
from domain.ticket import Action, Ticket
from domain.transitions import check
from models.queries import tickets
from workflows.messages import TicketCommand


async def seen_by(session: AsyncSession, ticket_id: UUID, caller: Caller) -> Ticket:
    """Return a ticket to those who may know of it: its parties and operators."""
    ticket = await tickets.find(session, ticket_id)
    if ticket is None or not (caller.is_operator or ticket.role_of(caller.id)):
        raise NotFound("There is no such ticket.")
    return ticket


@dataclass(frozen=True)
class Mover:
    """Takes one action on the ticket of the path for the caller."""

    ticket_id: UUID
    caller: Caller
    services: Services
    idempotency: Idempotency

    async def take(self, action: Action, note: str | None = None) -> Response:
        async def move(attempt: Attempt) -> TicketOut:
            async with self.services.turns.of(self.ticket_id):
                ticket = await self._moved(action, note, attempt)
            return TicketOut.of(ticket, self.caller.id)

        return await self.idempotency.run(move, poll=lambda _: paths.ticket(self.ticket_id))

    async def _moved(self, action: Action, note: str | None, attempt: Attempt) -> Ticket:
        await self._refuse_early(action, attempt)
        command = TicketCommand(self.caller.id, note)
        try:
            return await self.services.commands.act(
                self.ticket_id, action, command, attempt.command_id
            )
        except Closed:
            return await self._after_the_end(action, attempt)

    async def _refuse_early(self, action: Action, attempt: Attempt) -> None:
        async with self.services.reads() as session:
            ticket = await seen_by(session, self.ticket_id, self.caller)
        if attempt.is_first:
            check(ticket, action, ticket.role_of(self.caller.id))

    async def _after_the_end(self, action: Action, attempt: Attempt) -> Ticket:
        """Answer from the row: the command was the last one, or it came too late."""
        async with self.services.reads() as session:
            ticket = await tickets.get(session, self.ticket_id)
            if await tickets.was_done(session, self.ticket_id, attempt.command_id):
                return ticket
        check(ticket, action, ticket.role_of(self.caller.id))
        raise engine_unavailable()  # the row is open, but its workflow is not there


def _mover(ticket_id: UUID, caller: CurrentUser, services: Held, idempotency: Idempotent) -> Mover:
    return Mover(ticket_id, caller, services, idempotency)


Moving = Annotated[Mover, Depends(_mover)]
