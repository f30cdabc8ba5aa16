"""Lists the workflows that need a person, and writes down what operators decide about them."""

from dataclasses import dataclass
from typing import Final

from temporalio import activity

from activities.contracts.attention import AttentionSteps, Decided
from domain.attention import Need, Outcome
from domain.audit import AuditAction, AuditLine
from models.database import Sessions
from models.queries import attention, audit

_ACTIONS: Final = {
    Outcome.RETRY: AuditAction.WORKFLOW_RETRIED,
    Outcome.ABORT: AuditAction.WORKFLOW_ABORTED,
}


@dataclass(frozen=True)
class PostgresAttentionSteps(AttentionSteps):
    sessions: Sessions

    @activity.defn
    async def list_need(self, need: Need) -> None:
        """Show it to operators; a repeat changes nothing, and opens nothing that is over."""
        async with self.sessions.begin() as session:
            await attention.keep(session, need)

    @activity.defn
    async def clear_need(self, need: Need) -> None:
        """Close what has mended itself."""
        async with self.sessions.begin() as session:
            await attention.clear(session, need, Outcome.MENDED)

    @activity.defn
    async def record_decision(self, decided: Decided) -> None:
        """Write the line of the log and close what it is about: both, or neither."""
        async with self.sessions.begin() as session:
            await audit.record(session, _line(decided), decided.line_id)
            await attention.clear(session, decided.need, decided.outcome)


def _line(decided: Decided) -> AuditLine:
    need = decided.need
    facts = {"note": decided.note, "cause": need.cause, "amount": f"{need.amount:.2f}"}
    if decided.by is None:  # from the UI or the command line, where nobody is logged in to us
        facts["actor"] = decided.actor
    action = _ACTIONS[decided.outcome]
    return AuditLine(action, decided.by, need.workflow_id, decided.origin, facts)
