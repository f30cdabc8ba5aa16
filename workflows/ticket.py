"""The life of one loan: it waits for people and for time, and takes one step for each."""

import asyncio
from datetime import datetime
from uuid import UUID

from temporalio import workflow
from temporalio.exceptions import ApplicationError, FailureError

with workflow.unsafe.imports_passed_through():
    from activities.contracts import MovedTicket, MoveTicket, PaymentSteps, TicketSteps, refuse
    from domain import ids
    from domain.errors import DomainError
    from domain.plan import LoanRequest
    from domain.ticket import AT_DEADLINE, Action, Ticket, check
    from workflows import attributes
    from workflows.desk import Desk
    from workflows.details import describe_ticket
    from workflows.messages import Decision, TicketCommand
    from workflows.steps import take


@workflow.defn
class TicketLoan:
    """Lives as long as its ticket. All state is in the row; what is here is its latest copy."""

    @workflow.init
    def __init__(self, request: LoanRequest) -> None:
        # An update may run before the first line of `run`: whatever it reads is set here.
        self._request = request
        self._ticket: Ticket | None = None
        self._refused: ApplicationError | None = None
        self._remind_at: datetime | None = None
        self._rivals: list[UUID] = []
        self._lock = asyncio.Lock()
        self._desk = Desk()

    @workflow.run
    async def run(self, request: LoanRequest) -> str:
        """Return the status in which the ticket closed, or why it was never opened."""
        try:
            self._adopt(await take(TicketSteps.open_ticket, request, "Store the request"))
        except ApplicationError as refusal:
            self._refused = refusal
        while self._ticket and not self._ticket.is_closed:
            await self._until_moved_or_due(self._ticket)
            await self._warn_rivals()
        await workflow.wait_condition(workflow.all_handlers_finished)
        return self._ticket.status if self._ticket else f"refused: {self._refusal_type()}"

    def _refusal_type(self) -> str:
        return (self._refused and self._refused.type) or "unknown"

    # What callers may ask. A validator refuses cheaply; the step decides.

    @workflow.update(description="Wait until the request is stored, then return the ticket.")
    async def requested(self) -> Ticket:
        await workflow.wait_condition(lambda: bool(self._ticket or self._refused))
        return self._known()

    @workflow.update(description="Lender: promise the asset for the period.")
    async def accept(self, command: TicketCommand) -> Ticket:
        return await self._act(Action.ACCEPT, command)

    @workflow.update(description="Lender: turn the request down.")
    async def decline(self, command: TicketCommand) -> Ticket:
        return await self._act(Action.DECLINE, command)

    @workflow.update(description="Borrower or lender: withdraw before the hand-over.")
    async def cancel(self, command: TicketCommand) -> Ticket:
        return await self._act(Action.CANCEL, command)

    @workflow.update(description="Borrower: put fee and deposit into escrow.")
    async def pay(self, command: TicketCommand) -> Ticket:
        return await self._act(Action.PAY, command)

    @workflow.update(description="Borrower: confirm that the asset was received.")
    async def handover(self, command: TicketCommand) -> Ticket:
        return await self._act(Action.HANDOVER, command)

    @workflow.update(description="Lender: confirm that the asset came back.")
    async def complete(self, command: TicketCommand) -> Ticket:
        return await self._act(Action.COMPLETE, command)

    @accept.validator
    def _may_accept(self, command: TicketCommand) -> None:
        self._check(Action.ACCEPT, command)

    @decline.validator
    def _may_decline(self, command: TicketCommand) -> None:
        self._check(Action.DECLINE, command)

    @cancel.validator
    def _may_cancel(self, command: TicketCommand) -> None:
        self._check(Action.CANCEL, command)

    @pay.validator
    def _may_pay(self, command: TicketCommand) -> None:
        self._check(Action.PAY, command)

    @handover.validator
    def _may_handover(self, command: TicketCommand) -> None:
        self._check(Action.HANDOVER, command)

    @complete.validator
    def _may_complete(self, command: TicketCommand) -> None:
        self._check(Action.COMPLETE, command)

    @workflow.update(description="Operator: `retry` the step that this workflow is parked on.")
    async def operator_decide(self, decision: Decision) -> str:
        return self._desk.receive(decision)

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
            check(self._ticket, action, self._ticket.role_of(command.by))
        except DomainError as refusal:
            raise refuse(refusal) from refusal

    async def _act(self, action: Action, command: TicketCommand) -> Ticket:
        await workflow.wait_condition(lambda: bool(self._ticket or self._refused))
        update = workflow.current_update_info()
        command_id = update.id if update else action
        return await self._move(action, command.by, command_id, command.note)

    async def _move(
        self, action: Action, by: UUID | None, command_id: str, note: str | None = None
    ) -> Ticket:
        async with self._lock:  # two steps of one ticket never run side by side
            now = workflow.now()
            await self._step(MoveTicket(self._known().id, action, by, command_id, now, note))
        return self._known()

    async def _step(self, command: MoveTicket) -> None:
        self._adopt(await take(TicketSteps.move_ticket, command, f"Ticket: {command.action}"))

    def _adopt(self, moved: MovedTicket) -> None:
        before, self._ticket = self._ticket, moved.ticket
        reminded = before is not None and before.status is moved.ticket.status
        self._remind_at = None if reminded else moved.remind_at
        self._rivals += moved.rivals
        # At the start the attribute came with the request; each change of it is one event.
        if before is not None and not reminded:
            status = attributes.TICKET_STATUS.value_set(moved.ticket.status)
            workflow.upsert_search_attributes([status])
        workflow.set_current_details(describe_ticket(moved.ticket))

    # What happens by itself.

    async def _until_moved_or_due(self, seen: Ticket) -> None:
        due, action = self._next_due(seen)
        try:
            await workflow.wait_condition(
                lambda: self._ticket is not seen,
                timeout=max((due - workflow.now()).total_seconds(), 0),
                timeout_summary=f"{action} at {due:%Y-%m-%d %H:%M} UTC",
            )
        except TimeoutError:
            await self._fall_due(seen, action, due)

    def _next_due(self, seen: Ticket) -> tuple[datetime, Action]:
        if self._remind_at and self._remind_at > workflow.now():
            return self._remind_at, Action.REMIND
        return seen.deadline_at or workflow.now(), AT_DEADLINE[seen.status]

    async def _fall_due(self, seen: Ticket, action: Action, due: datetime) -> None:
        async with self._lock:
            # A step that began before the deadline had its turn: if it moved the ticket, it won.
            if self._ticket is not seen:
                return
            try:
                # Never before the deadline, even if the server's timer is a moment early.
                at = max(workflow.now(), due)
                name = f"{action}:{due.isoformat()}"
                await self._step(MoveTicket(seen.id, action, None, name, at))
            except ApplicationError as refusal:
                await self._doubt(seen, f"`{action}` was refused: {refusal.message}")

    async def _doubt(self, seen: Ticket, why: str) -> None:
        """Read the row again: no rule refuses the clock, so it is not what we believe it is.

        If that does not explain it, a person has to look; trying again would go on for ever.
        """
        self._adopt(await take(TicketSteps.open_ticket, self._request, "Read the ticket"))
        if self._known() == seen:
            await self._desk.park(why)

    async def _warn_rivals(self) -> None:
        while self._rivals:
            name = ids.ticket_workflow(self._rivals.pop())
            try:
                await workflow.get_external_workflow_handle(name).signal(TicketLoan.asset_taken)
            except FailureError as failure:
                workflow.logger.info("rival %s is closed already: %s", name, failure)
