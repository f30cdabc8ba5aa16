"""Where a workflow waits for an operator, when no retry can mend what is wrong."""

from typing import Final

from temporalio import workflow
from temporalio.exceptions import ApplicationError

from activities.contracts.attention import AttentionSteps, Decided
from domain.attention import Need, Outcome, Trouble
from workflows.attention import attention
from workflows.messages import Decision, Verb
from workflows.steps import take

_LONGEST: Final = 2000
_SEND: Final = "Mend the cause, then send the update `operator_decide`: "


class Desk:
    """Found in the UI by ``NeedsAttention = true``; the current details say why and what to do.

    Args:
        can_abort: Whether there is anything to give up; a loan only goes on.
    """

    def __init__(self, *, can_abort: bool = True) -> None:
        self._can_abort = can_abort
        self._need: Need | None = None
        self._decision: Decision | None = None

    async def park(self, why: str, verbs: str) -> Decision:
        """Wait for an operator's decision on `why`; `verbs` says what each decision does.

        Both are sentences for people.
        """
        need = attention().add(Trouble.PARKED, why, _SEND + verbs)
        self._need, self._decision = need, None
        workflow.logger.error("parked: %s", why)
        if workflow.patched("parked-in-the-list"):
            await take(AttentionSteps.list_need, need, "List it for operators")
        await workflow.wait_condition(lambda: self._decision is not None)
        decision = self._decision
        attention().remove(need)
        if decision is None:
            raise AssertionError("woken without a decision")
        return decision

    def check(self, decision: Decision) -> None:
        """Refuse a decision that nobody waits for, that nobody signed, or that means nothing."""
        if self._need is None:
            raise _not_parked()
        for name, value in (("actor", decision.actor), ("note", decision.note)):
            if not value.strip():
                raise _invalid(name, "A decision names its actor and its reason.")
            # It is typed by hand into a dialog, and has to be stored.
            if "\x00" in value or len(value) > _LONGEST:
                raise _invalid(name, f"At most {_LONGEST} characters of text.")
        if decision.action is Verb.ABORT and not self._can_abort:
            raise _invalid("action", "There is nothing to give up here: mend the cause and retry.")

    async def receive(self, decision: Decision) -> str:
        """Take a decision up. What follows from it follows once it is in the audit log."""
        need, self._need = self._need, None  # the first one counts
        if need is None:
            raise _not_parked()
        if workflow.patched("decision-in-the-log"):
            await take(AttentionSteps.record_decision, _decided(need, decision), "Log the decision")
        self._decision = decision
        return f"{decision.action} by {decision.actor}: taken up"


def _decided(need: Need, decision: Decision) -> Decided:
    return Decided(
        need=need,
        outcome=Outcome(decision.action),
        line_id=decision.line_id or workflow.uuid4(),
        actor=decision.actor,
        note=decision.note,
        by=decision.by,
        origin=decision.origin,
    )


def _not_parked() -> ApplicationError:
    facts = {"status": "not parked"}
    message = "This workflow is not parked: nobody waits for a decision."
    return ApplicationError(message, facts, type="illegal_transition", non_retryable=True)


def _invalid(field: str, message: str) -> ApplicationError:
    facts = {"pointer": f"/{field}"}
    return ApplicationError(message, facts, type="validation_error", non_retryable=True)
