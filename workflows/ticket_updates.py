"""What callers may ask of a running loan. A validator refuses cheaply; the step decides."""

from abc import abstractmethod

from temporalio import workflow

with workflow.unsafe.imports_passed_through():
    from domain.ticket import Action, Ticket
    from workflows.messages import TicketCommand


class TicketUpdates:
    """One update for each action that people take, under the action's name."""

    @abstractmethod
    async def _act(self, action: Action, command: TicketCommand) -> Ticket:
        """Take the action and return the ticket after it."""

    @abstractmethod
    def _check(self, action: Action, command: TicketCommand) -> None:
        """Refuse what no rule allows, before it becomes a part of the history."""

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

    @workflow.update(description="Borrower: offer to borrow for longer.")
    async def extend(self, command: TicketCommand) -> Ticket:
        return await self._act(Action.EXTEND, command)

    @workflow.update(description="Lender: lend for longer; the fee is taken at once.")
    async def accept_extension(self, command: TicketCommand) -> Ticket:
        return await self._act(Action.ACCEPT_EXTENSION, command)

    @workflow.update(description="Lender: turn the offer down.")
    async def decline_extension(self, command: TicketCommand) -> Ticket:
        return await self._act(Action.DECLINE_EXTENSION, command)

    @workflow.update(description="Borrower or lender: claim a part of the escrow.")
    async def dispute(self, command: TicketCommand) -> Ticket:
        return await self._act(Action.DISPUTE, command)

    @workflow.update(description="The other party: give what was claimed.")
    async def accept_claim(self, command: TicketCommand) -> Ticket:
        return await self._act(Action.ACCEPT_CLAIM, command)

    @workflow.update(description="The other party: leave it to an operator.")
    async def contest_claim(self, command: TicketCommand) -> Ticket:
        return await self._act(Action.CONTEST_CLAIM, command)

    @workflow.update(description="Operator: divide the escrow of a contested claim.")
    async def resolve(self, command: TicketCommand) -> Ticket:
        return await self._act(Action.RESOLVE, command)

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

    @extend.validator
    def _may_extend(self, command: TicketCommand) -> None:
        self._check(Action.EXTEND, command)

    @accept_extension.validator
    def _may_accept_extension(self, command: TicketCommand) -> None:
        self._check(Action.ACCEPT_EXTENSION, command)

    @decline_extension.validator
    def _may_decline_extension(self, command: TicketCommand) -> None:
        self._check(Action.DECLINE_EXTENSION, command)

    @dispute.validator
    def _may_dispute(self, command: TicketCommand) -> None:
        self._check(Action.DISPUTE, command)

    @accept_claim.validator
    def _may_accept_claim(self, command: TicketCommand) -> None:
        self._check(Action.ACCEPT_CLAIM, command)

    @contest_claim.validator
    def _may_contest_claim(self, command: TicketCommand) -> None:
        self._check(Action.CONTEST_CLAIM, command)

    @resolve.validator
    def _may_resolve(self, command: TicketCommand) -> None:
        self._check(Action.RESOLVE, command)
