"""The life of one withdrawal: it waits for an operator, then for the bank, and ends once."""

import asyncio
from uuid import UUID

from temporalio import workflow
from temporalio.exceptions import ApplicationError

with workflow.unsafe.imports_passed_through():
    from activities.contracts.refusal import refuse
    from activities.contracts.wallet import PayoutSteps, PayoutVerdict, WithdrawalSteps
    from domain.audit import BY_ITSELF, Origin
    from domain.errors import DomainError
    from domain.withdrawal import (
        NewWithdrawal,
        PayoutResult,
        Withdrawal,
        WithdrawalAction,
        WithdrawalDecision,
        WithdrawalStatus,
        check,
    )
    from workflows import policies
    from workflows.attention import attention, finished
    from workflows.details import describe_withdrawal, describe_withdrawal_wish
    from workflows.messages import DecideWithdrawal, Ending, RecordPayout, Refused
    from workflows.steadfast import steadfast
    from workflows.steps import take


@workflow.defn(name="Withdrawal")
class WalletWithdrawal:
    """Lives until the money is at the bank or back in the wallet. All state is in the row."""

    @workflow.init
    def __init__(self, new: NewWithdrawal) -> None:
        self._new = new
        self._withdrawal: Withdrawal | None = None
        self._refused: ApplicationError | None = None
        # Steps happen one after the other, and an operator's word waits for the gateway's.
        self._lock = asyncio.Lock()

    @workflow.run
    @steadfast
    async def run(self, new: NewWithdrawal) -> Ending:
        """Return the status in which the withdrawal closed, or why there is none."""
        attention().tell(describe_withdrawal_wish(new), new.amount)
        try:
            asked = await take(WithdrawalSteps.ask_withdrawal, new, "Take it out of the wallet")
            self._adopt(asked, needs_operator=True)
        except ApplicationError as refusal:
            self._refused = refusal
        await workflow.wait_condition(lambda: not self._is(WithdrawalStatus.REQUESTED))
        await self._pay_out()
        await workflow.wait_condition(lambda: not self._is(WithdrawalStatus.APPROVED))
        await finished()
        if self._refused:
            return Ending("refused", Refused.of(self._refused))
        return Ending((await self._known()).status)

    # What callers may ask. A validator refuses cheaply; the step decides.

    @workflow.update(description="Wait until the money left the wallet, then return the request.")
    async def requested(self) -> Withdrawal:
        return await self._known()

    @workflow.update(description="Operator: approve or reject.")
    async def decide(self, decision: DecideWithdrawal) -> Withdrawal:
        """With a bank reference both are recorded: that it was approved, and that it is paid."""
        await self._known()
        async with self._lock:
            await self._decide(decision)
            if decision.approved and decision.bank_reference:
                await self._close(
                    decision.by, decision.bank_reference, decision.note, decision.origin
                )
        return await self._known()

    @workflow.update(description="Operator: record what the bank made of an approved withdrawal.")
    async def record(self, payout: RecordPayout) -> Withdrawal:
        await self._known()
        async with self._lock:
            await self._close(payout.by, payout.bank_reference, payout.note, payout.origin)
        return await self._known()

    @decide.validator
    def _may_decide(self, decision: DecideWithdrawal) -> None:
        approved = decision.approved
        action = WithdrawalAction.APPROVE if approved else WithdrawalAction.REJECT
        if self._withdrawal:
            _refuse_unless_allowed(self._withdrawal, action, decision)

    @record.validator
    def _may_record(self, payout: RecordPayout) -> None:
        action = WithdrawalAction.PAY if payout.bank_reference else WithdrawalAction.FAIL
        if self._withdrawal:
            _refuse_unless_allowed(self._withdrawal, action, payout)

    # How one step is taken.

    async def _known(self) -> Withdrawal:
        await workflow.wait_condition(lambda: bool(self._withdrawal or self._refused))
        if self._withdrawal is None:
            raise self._refused or ApplicationError("not stored yet", type="engine_unavailable")
        return self._withdrawal

    def _is(self, status: WithdrawalStatus) -> bool:
        return self._withdrawal is not None and self._withdrawal.status is status

    async def _decide(self, decision: DecideWithdrawal) -> None:
        command = WithdrawalDecision(
            self._new.withdrawal_id,
            decision.by,
            decision.approved,
            decision.note,
            workflow.now(),
            decision.origin,
        )
        step = WithdrawalSteps.decide_withdrawal
        self._adopt(await take(step, command, f"Withdrawal: {command.action}"))

    async def _pay_out(self) -> None:
        async with self._lock:
            if self._withdrawal is None or not self._is(WithdrawalStatus.APPROVED):
                return  # rejected, or paid by the operator who approved it
            answer = await workflow.execute_activity_method(
                PayoutSteps.pay_out,
                self._withdrawal,
                start_to_close_timeout=policies.CALL_LIMIT,
                retry_policy=policies.PURSUE,
                summary="Have the bank pay",
            )
            if answer.verdict is PayoutVerdict.BY_HAND:
                self._adopt(self._withdrawal, needs_operator=True)
            else:
                await self._close(None, answer.bank_reference, answer.note)

    async def _close(
        self,
        by: UUID | None,
        bank_reference: str | None,
        note: str | None,
        origin: Origin = BY_ITSELF,
    ) -> None:
        withdrawal_id, now = self._new.withdrawal_id, workflow.now()
        result = PayoutResult(withdrawal_id, by, bank_reference, note, now, origin)
        step = WithdrawalSteps.close_withdrawal
        self._adopt(await take(step, result, f"Withdrawal: {result.action}"))

    def _adopt(self, withdrawal: Withdrawal, *, needs_operator: bool = False) -> None:
        self._withdrawal = withdrawal
        changes = attention().has_business(needs_operator)
        if changes:
            workflow.upsert_search_attributes(changes)
        details = describe_withdrawal(withdrawal, by_hand=needs_operator)
        attention().tell(details, withdrawal.amount)


def _refuse_unless_allowed(
    withdrawal: Withdrawal, action: WithdrawalAction, command: DecideWithdrawal | RecordPayout
) -> None:
    try:
        check(withdrawal, action, command.by)
    except DomainError as refusal:
        raise refuse(refusal) from refusal
