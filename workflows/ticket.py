"""The life of one loan: it waits for people and for time, and takes one step for each."""

import asyncio
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from temporalio import workflow
from temporalio.common import SearchAttributeUpdate
from temporalio.exceptions import ApplicationError, FailureError

with workflow.unsafe.imports_passed_through():
    from activities.contracts.payments import PaymentSteps
    from activities.contracts.refusal import refuse
    from activities.contracts.tickets import MovedTicket, MoveTicket, TicketSteps
    from domain import ids
    from domain.errors import DomainError
    from domain.plan import LoanRequest
    from domain.ticket import Action, Stage, Ticket
    from domain.transitions import AT_DEADLINE, acting_as, check
    from workflows import attributes
    from workflows.attention import attention, finished
    from workflows.desk import Desk
    from workflows.details import describe_request, describe_ticket
    from workflows.messages import Decision, TicketCommand
    from workflows.steadfast import steadfast
    from workflows.steps import take
    from workflows.ticket_updates import TicketUpdates


@dataclass(frozen=True)
class Due:
    """What happens by itself, and when."""

    at: datetime
    action: Action


@workflow.defn
class TicketLoan(TicketUpdates):
    """Lives as long as its ticket. All state is in the row; what is here is its latest copy."""

    @workflow.init
    def __init__(self, request: LoanRequest) -> None:
        # An update may run before the first line of `run`: whatever it reads is set here.
        self._request = request
        self._ticket: Ticket | None = None
        self._refused: ApplicationError | None = None
        self._remind_at: datetime | None = None
        self._reminded_of: datetime | None = None  # the end that the borrower was told about
        self._rivals: list[UUID] = []
        self._lock = asyncio.Lock()
        self._desk = Desk(can_abort=False)

    @workflow.run
    @steadfast
    async def run(self, request: LoanRequest) -> str:
        """Return the status in which the ticket closed, or why it was never opened."""
        attention().tell(describe_request(request))
        try:
            self._adopt(await take(TicketSteps.open_ticket, request, "Store the request"))
        except ApplicationError as refusal:
            self._refused = refusal
        while self._ticket and not self._ticket.is_closed:
            await self._until_moved_or_due(self._ticket)
            await self._warn_rivals()
        await finished()
        return self._ticket.status if self._ticket else f"refused: {self._refusal_type()}"

    def _refusal_type(self) -> str:
        return (self._refused and self._refused.type) or "unknown"

    # What is asked of every loan; what people do is in ticket_updates.py.

    @workflow.update(description="Wait until the request is stored, then return the ticket.")
    async def requested(self) -> Ticket:
        await workflow.wait_condition(lambda: bool(self._ticket or self._refused))
        return self._known()

    @workflow.update(description="Operator: `retry` the step that this workflow is parked on.")
    async def operator_decide(self, decision: Decision) -> str:
        return await self._desk.receive(decision)

    @operator_decide.validator
    def _may_decide(self, decision: Decision) -> None:
        self._desk.check(decision)

    # What other workflows tell.

    @workflow.signal(description="Another request for the same time was accepted.")
    async def asset_taken(self) -> None:
        await self._try(Action.YIELD_ASSET, None, Action.YIELD_ASSET)

    @workflow.signal(description="A payment that names this ticket reached the borrower's wallet.")
    async def payment_received(self, payment_id: UUID) -> None:
        command_id = ids.payment_workflow(payment_id)
        is_spent = await self._try(Action.PAY, self._request.borrower_id, command_id)
        # Too little for this ticket, or too late: either way the payer should know where it is.
        if not is_spent and workflow.patched("tell-of-kept-money"):
            await self._tell_payer(payment_id)

    async def _tell_payer(self, payment_id: UUID) -> None:
        try:
            await take(PaymentSteps.keep_in_wallet, payment_id, "Say where the money went")
        except ApplicationError as refusal:  # a loan does not end because a signal was mistaken
            workflow.logger.error("no notice on payment %s: %s", payment_id, refusal.message)

    async def _try(self, action: Action, by: UUID | None, command_id: str) -> bool:
        """Take an action that may have become pointless; the refusal is then the right end."""
        await workflow.wait_condition(lambda: bool(self._ticket or self._refused))
        try:
            await self._move(action, by, command_id)
        except ApplicationError as refusal:
            workflow.logger.info("%s was refused: %s", action, refusal.message)
            return False
        return True

    # How one step is taken.

    def _known(self) -> Ticket:
        if self._ticket is None:
            raise self._refused or ApplicationError("not stored yet", type="engine_unavailable")
        return self._ticket

    def _check(self, action: Action, command: TicketCommand) -> None:
        if self._ticket is None:
            return  # not stored yet: the handler waits for it
        try:
            check(self._ticket, action, acting_as(self._ticket, action, command.by))
        except DomainError as refusal:
            raise refuse(refusal) from refusal

    async def _act(self, action: Action, command: TicketCommand) -> Ticket:
        await workflow.wait_condition(lambda: bool(self._ticket or self._refused))
        update = workflow.current_update_info()
        command_id = update.id if update else action
        await self._move(action, command.by, command_id, command)
        return self._known()

    async def _move(
        self, action: Action, by: UUID | None, command_id: str, said: TicketCommand | None = None
    ) -> None:
        async with self._lock:  # two steps of one ticket never run side by side
            ticket, at = self._known(), workflow.now()
            more = (said.note, said.terms, said.origin) if said else ()
            await self._step(MoveTicket(ticket.id, action, by, command_id, at, *more))

    async def _step(self, command: MoveTicket) -> None:
        self._adopt(await take(TicketSteps.move_ticket, command, f"Ticket: {command.action}"))

    def _adopt(self, moved: MovedTicket) -> None:
        before, self._ticket = self._ticket, moved.ticket
        self._remind_at = moved.remind_at
        self._rivals += moved.rivals
        if before is not None:  # at the start the attributes came with the request
            self._mark(before, moved.ticket)
        elif _is_contested(moved.ticket) and workflow.patched("taken-up-contested"):
            workflow.upsert_search_attributes(attention().has_business(True))
        attention().tell(describe_ticket(moved.ticket), moved.ticket.total)

    def _mark(self, before: Ticket, after: Ticket) -> None:
        """Show in the lists what changed. Each call is one event, so there is one at most."""
        changes: list[SearchAttributeUpdate[Any]] = []
        if before.status is not after.status:
            changes.append(attributes.TICKET_STATUS.value_set(after.status))
        waits = _is_contested(after)
        if waits is not _is_contested(before):
            changes += attention().has_business(waits)
        if changes:
            workflow.upsert_search_attributes(changes)

    # What happens by itself.

    async def _until_moved_or_due(self, seen: Ticket) -> None:
        due = self._next_due(seen)
        if due is None:  # it waits for an operator, for as long as that takes
            await workflow.wait_condition(lambda: self._ticket is not seen)
            return
        try:
            await workflow.wait_condition(
                lambda: self._ticket is not seen,
                timeout=max((due.at - workflow.now()).total_seconds(), 0),
                timeout_summary=f"{due.action} at {due.at:%Y-%m-%d %H:%M} UTC",
            )
        except TimeoutError:
            await self._fall_due(seen, due)

    def _next_due(self, seen: Ticket) -> Due | None:
        """Return what time does next. The end of the state comes before the end of an offer."""
        dues = []
        if seen.deadline_at:
            dues.append(Due(seen.deadline_at, AT_DEADLINE[seen.stage]))
        if seen.stage is Stage.OFFERED and seen.extension:
            dues.append(Due(seen.extension.expires_at, Action.LAPSE_EXTENSION))
        is_told = seen.ends_at == self._reminded_of
        if self._remind_at and not is_told and self._remind_at > workflow.now():
            dues.append(Due(self._remind_at, Action.REMIND))
        return min(dues, key=lambda due: due.at, default=None)

    async def _fall_due(self, seen: Ticket, due: Due) -> None:
        async with self._lock:
            # A step that began before its time had its turn: if it moved the ticket, it won.
            if self._ticket is not seen:
                return
            try:
                # Never before its time, even if the server's timer is a moment early.
                at = max(workflow.now(), due.at)
                name = f"{due.action}:{due.at.isoformat()}"
                await self._step(MoveTicket(seen.id, due.action, None, name, at))
                if due.action is Action.REMIND:
                    self._reminded_of = seen.ends_at
            except ApplicationError as refusal:
                await self._doubt(seen, f"`{due.action}` was refused: {refusal.message}")

    async def _doubt(self, seen: Ticket, why: str) -> None:
        """Read the row again: no rule refuses the clock, so it is not what we believe it is.

        If that does not explain it, a person has to look; trying again would go on for ever.
        """
        self._adopt(await take(TicketSteps.open_ticket, self._request, "Read the ticket"))
        if self._known() == seen:
            await self._desk.park(why, "`retry` reads the ticket again, then goes on from there.")

    async def _warn_rivals(self) -> None:
        while self._rivals:
            name = ids.ticket_workflow(self._rivals.pop())
            try:
                await workflow.get_external_workflow_handle(name).signal(TicketLoan.asset_taken)
            except FailureError as failure:
                workflow.logger.info("rival %s is closed already: %s", name, failure)


def _is_contested(ticket: Ticket) -> bool:
    return ticket.stage is Stage.CONTESTED
