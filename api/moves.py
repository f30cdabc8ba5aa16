"""Takes an action on a ticket: refuse early, ask the engine, read the row if that is too late."""

from dataclasses import dataclass
from http import HTTPStatus
from typing import Annotated, Final
from uuid import UUID

from fastapi import Depends, Response
from sqlalchemy.ext.asyncio import AsyncSession

from api import paths
from api.commands.failures import Closed
from api.deps import Caller, CurrentUser, Held, Idempotent, Services
from api.idempotency import Attempt, Idempotency
from api.preview import foresee
from api.problems import Refusal, engine_unavailable
from api.refusals import LATER, Responses, refusals
from api.schemas.tickets import TicketOut
from domain.actions import Move, Terms
from domain.audit import BY_ITSELF, Origin
from domain.errors import DomainError, InsufficientFunds, NotFound
from domain.ticket import Action, Ticket
from domain.transitions import check
from models.queries import tickets
from workflows.messages import TicketCommand

_WRITE: Final = (
    "not_authenticated",
    "csrf_failed",
    "not_found",
    "validation_error",
    "idempotency_key_reused",
    "payload_too_large",
    "unsupported_media_type",
)
MOVED: Final = ("forbidden", "illegal_transition")


def answers(*codes: str) -> Responses:
    """Document what a route that writes to a ticket answers beside its result."""
    return refusals(*_WRITE, *codes)


def answers_of_engine(*codes: str) -> Responses:
    """Likewise, if the write goes through the ticket's workflow."""
    return LATER | answers("engine_unavailable", *codes)


async def seen_by(session: AsyncSession, ticket_id: UUID, caller: Caller) -> Ticket:
    """Return a ticket to those who may know of it: its parties and operators."""
    ticket = await tickets.find(session, ticket_id)
    if ticket is None or caller.role_in(ticket) is None:
        raise NotFound("There is no such ticket.")
    return ticket


def discreet(refusal: Refusal, action: Action) -> Refusal:
    """Keep what a borrower owns from the lender, who takes up an offer to pay more."""
    if action is Action.ACCEPT_EXTENSION and refusal.code == InsufficientFunds.code:
        return Refusal(refusal.code, "The borrower's wallet does not hold the extra fee.")
    return refusal


@dataclass(frozen=True)
class Mover:
    """Takes one action on the ticket of the path for the caller."""

    ticket_id: UUID
    caller: Caller
    services: Services
    idempotency: Idempotency

    async def take(
        self,
        action: Action,
        note: str | None = None,
        terms: Terms | None = None,
        *,
        status: int = HTTPStatus.OK,
        origin: Origin = BY_ITSELF,
    ) -> Response:
        command = TicketCommand(self.caller.id, note, terms, origin)

        async def move(attempt: Attempt) -> TicketOut:
            async with self.services.turns.of(self.ticket_id):
                ticket = await self._moved(action, command, attempt)
            return TicketOut.of(ticket, self.caller.role_in(ticket))

        return await self.idempotency.run(
            move, status=status, poll=lambda _: paths.ticket(self.ticket_id)
        )

    async def _moved(self, action: Action, command: TicketCommand, attempt: Attempt) -> Ticket:
        try:
            await self._refuse_early(action, command, attempt)
            return await self.services.commands.act(
                self.ticket_id, action, command, attempt.command_id
            )
        except Closed:
            return await self._after_the_end(action, attempt)
        except (DomainError, Refusal) as error:
            raise discreet(Refusal.of(error), action) from error

    async def _refuse_early(self, action: Action, command: TicketCommand, attempt: Attempt) -> None:
        """Refuse what the step would refuse, before the engine hears of it.

        A workflow takes a limited number of commands in its life. Who repeats a refused one would
        else use them up, and the other party could not act any more.
        """
        async with self.services.reads() as session:
            ticket = await seen_by(session, self.ticket_id, self.caller)
            if attempt.is_first:
                move = Move(action, command.by, self.services.clock.now(), command.terms)
                await foresee(session, ticket, move, self.services.windows)

    async def _after_the_end(self, action: Action, attempt: Attempt) -> Ticket:
        """Answer from the row: the command was the last one, or it came too late."""
        async with self.services.reads() as session:
            ticket = await tickets.get(session, self.ticket_id)
            if await tickets.was_done(session, self.ticket_id, attempt.command_id):
                return ticket
        check(ticket, action, self.caller.role_in(ticket))
        raise engine_unavailable()  # the row is open, but its workflow is not there


async def _mover(
    ticket_id: UUID, caller: CurrentUser, services: Held, idempotency: Idempotent
) -> Mover:
    return Mover(ticket_id, caller, services, idempotency)


Moving = Annotated[Mover, Depends(_mover)]
