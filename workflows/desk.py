"""Where a workflow waits for an operator, when no retry can mend what is wrong."""

from temporalio import workflow
from temporalio.exceptions import ApplicationError

from workflows.attributes import NEEDS_ATTENTION
from workflows.messages import Decision


class Desk:
    """Found in the UI by ``NeedsAttention = true``; the current details say why and what to do."""

    def __init__(self) -> None:
        self._why: str | None = None
        self._decision: Decision | None = None

    async def park(self, why: str) -> Decision:
        """Wait for an operator's decision on `why`, a sentence for people."""
        self._why, self._decision = why, None
        before = workflow.get_current_details()
        workflow.upsert_search_attributes([NEEDS_ATTENTION.value_set(True)])
        workflow.set_current_details(
            f"### Needs attention\n\n{why}\n\nMend the cause, then send the update "
            "`operator_decide` with `retry`, or `abort` to give up."
        )
        workflow.logger.error("parked: %s", why)
        await workflow.wait_condition(lambda: self._decision is not None)
        decision, self._why = self._decision, None
        workflow.upsert_search_attributes([NEEDS_ATTENTION.value_set(False)])
        workflow.set_current_details(before)
        if decision is None:
            raise AssertionError("woken without a decision")
        return decision

    def check(self, decision: Decision) -> None:
        """Refuse a decision that nobody waits for, or that nobody signed."""
        if self._why is None:
            raise ApplicationError("This workflow is not parked.", type="not_parked")
        if not decision.actor.strip() or not decision.note.strip():
            raise ApplicationError("A decision names its actor and its reason.", type="unsigned")

    def receive(self, decision: Decision) -> str:
        self._decision = decision
        return f"{decision.action} by {decision.actor}: taken up"
