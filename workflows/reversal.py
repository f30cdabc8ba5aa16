"""The life of a wish to reverse a ledger transaction: it waits for another operator, or lapses."""

import asyncio
from datetime import timedelta

from temporalio import workflow
from temporalio.exceptions import ApplicationError

with workflow.unsafe.imports_passed_through():
    from activities.contracts.refusal import refuse
    from activities.contracts.reversals import ReversalSteps
    from domain.errors import DomainError
    from domain.reversal import NewReversal, Reversal, ReversalDecision, decided
    from workflows.attention import attention, finished
    from workflows.details import describe_reversal, describe_reversal_wish
    from workflows.messages import DecideReversal, Ending, Refused
    from workflows.steadfast import steadfast
    from workflows.steps import take


@workflow.defn
class LedgerReversal:
    """Lives until its wish is granted, rejected or expired. All state is in the row."""

    @workflow.init
    def __init__(self, new: NewReversal) -> None:
        self._new = new
        self._wish: Reversal | None = None
        self._refused: ApplicationError | None = None
        self._lock = asyncio.Lock()

    @workflow.run
    @steadfast
    async def run(self, new: NewReversal) -> Ending:
        """Return what became of the wish, or why there is none."""
        attention().tell(describe_reversal_wish(new))
        try:
            self._adopt(await take(ReversalSteps.ask_reversal, new, "Store the wish"))
        except ApplicationError as refusal:
            self._refused = refusal
        while self._wish and self._wish.is_open:
            await self._until_decided_or_due(self._wish)
        await finished()
        if self._refused:
            return Ending("refused", Refused.of(self._refused))
        return Ending((await self._known()).status)

    # What callers may ask. A validator refuses cheaply; the step decides.

    @workflow.update(description="Wait until the wish is stored, then return it.")
    async def requested(self) -> Reversal:
        return await self._known()

    @workflow.update(description="Another operator: approve, which moves the money, or reject.")
    async def decide(self, decision: DecideReversal) -> Reversal:
        await self._known()
        async with self._lock:
            await self._decide(self._command(decision))
        return await self._known()

    @decide.validator
    def _may_decide(self, decision: DecideReversal) -> None:
        if self._wish is None:
            return  # not stored yet: the handler waits for it
        try:
            decided(self._wish, self._command(decision))
        except DomainError as refusal:
            raise refuse(refusal) from refusal

    # How one step is taken.

    async def _known(self) -> Reversal:
        await workflow.wait_condition(lambda: bool(self._wish or self._refused))
        if self._wish is None:
            raise self._refused or ApplicationError("not stored yet", type="engine_unavailable")
        return self._wish

    def _command(self, word: DecideReversal) -> ReversalDecision:
        wish_id, now = self._new.reversal_id, workflow.now()
        return ReversalDecision(wish_id, word.by, word.approved, word.note, now, word.origin)

    async def _decide(self, decision: ReversalDecision) -> None:
        verb = "expire" if decision.by is None else "approve" if decision.approved else "reject"
        step = ReversalSteps.decide_reversal
        self._adopt(await take(step, decision, f"Reversal: {verb}"))

    def _adopt(self, wish: Reversal) -> None:
        self._wish = wish
        changes = attention().has_business(wish.is_open)
        if changes:
            workflow.upsert_search_attributes(changes)
        attention().tell(describe_reversal(wish), wish.amount)

    # What happens by itself.

    async def _until_decided_or_due(self, seen: Reversal) -> None:
        left = seen.expires_at - workflow.now()
        try:
            await workflow.wait_condition(
                lambda: self._wish is not seen,
                timeout=max(left, timedelta(0)),
                timeout_summary=f"expire at {seen.expires_at:%Y-%m-%d %H:%M} UTC",
            )
        except TimeoutError:
            async with self._lock:  # a decision that is under way has its turn first
                if self._wish is seen:
                    due = max(workflow.now(), seen.expires_at)
                    await self._decide(ReversalDecision(seen.id, None, False, None, due))
