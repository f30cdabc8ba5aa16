"""Steps that tell operators which workflow needs them, and write down what they decided."""

from dataclasses import dataclass
from typing import Protocol
from uuid import UUID

from temporalio import activity

from domain.attention import Need, Outcome
from domain.audit import BY_ITSELF, Origin


@dataclass(frozen=True)
class Decided:
    """An operator's decision about a parked workflow.

    Attributes:
        line_id: Of the audit line that tells of it.
        actor: As they called themselves; free text, unless `by` is there.
        by: The operator's account, if they were logged in to the API.
    """

    need: Need
    outcome: Outcome
    line_id: UUID
    actor: str
    note: str
    by: UUID | None = None
    origin: Origin = BY_ITSELF


class AttentionSteps(Protocol):
    @activity.defn
    async def list_need(self, need: Need) -> None: ...

    @activity.defn
    async def clear_need(self, need: Need) -> None: ...

    @activity.defn
    async def record_decision(self, decided: Decided) -> None: ...
