"""Steps that take a posted transaction back."""

from typing import Protocol

from temporalio import activity

from domain.reversal import NewReversal, Reversal, ReversalDecision


class ReversalSteps(Protocol):
    @activity.defn
    async def ask_reversal(self, new: NewReversal) -> Reversal: ...

    @activity.defn
    async def decide_reversal(self, decision: ReversalDecision) -> Reversal: ...
