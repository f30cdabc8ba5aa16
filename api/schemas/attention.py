"""Wire forms of workflows that need a person, and of what operators decide about them."""

from datetime import datetime
from typing import Any, Final, Self
from urllib.parse import quote
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from api.schemas.common import ID, ID_2, NOW, AmountOut, Body, TimeOut, Words
from domain.attention import Trouble
from models.attention import AttentionRow
from workflows.messages import Verb

_PARKED: Final[dict[str, Any]] = {
    "id": ID,
    "workflow_id": f"payment:{ID_2}",
    "workflow_type": "TopUp",
    "kind": "parked",
    "cause": f"The gateway refused payment {ID_2} of 250,000 rials: the amount differs (-50).",
    "todo": "Mend the cause, then send the update `operator_decide`: `retry` asks the gateway "
    "again; `abort` gives the payment up: it shows as failed.",
    "amount": "250000.00",
    "since": NOW,
    "age_seconds": 5400,
    "url": f"https://temporal.example.com/namespaces/default/workflows/payment:{ID_2}",
}
_DECISION: Final[dict[str, Any]] = {"action": "retry", "note": "The merchant id is right now."}


class AttentionOut(BaseModel):
    model_config = ConfigDict(json_schema_extra={"examples": [_PARKED]})
    id: UUID
    workflow_id: str
    workflow_type: str = Field(description="`TicketLoan`, `TopUp`, `CardReversal`, ...")
    kind: Trouble = Field(
        description="`parked`: it waits for a decision. `stuck`: a step keeps failing, and goes on "
        "by itself once the cause is mended."
    )
    cause: str
    todo: str = Field(description="What a person can do about it.")
    amount: AmountOut = Field(description="The money that waits with it, in rials.")
    since: TimeOut
    age_seconds: int
    url: str | None = Field(
        description="The workflow in the Temporal UI; null if no TEMPORAL_UI_URL is set."
    )

    @classmethod
    def of(cls, row: AttentionRow, now: datetime, ui: str | None) -> Self:
        """Write a row down; `ui` is where the Temporal UI shows the workflows of the namespace."""
        return cls(
            id=row.id,
            workflow_id=row.workflow_id,
            workflow_type=row.workflow_type,
            kind=row.kind,
            cause=row.cause,
            todo=row.todo,
            amount=row.amount,
            since=row.since,
            age_seconds=max(int((now - row.since).total_seconds()), 0),
            url=f"{ui}/{quote(row.workflow_id, safe=':')}" if ui else None,
        )


class Decide(Body):
    model_config = ConfigDict(json_schema_extra={"examples": [_DECISION]})
    action: Verb
    note: Words = Field(description="Why, for the audit log.")


class DecisionOut(BaseModel):
    model_config = ConfigDict(
        json_schema_extra={"examples": [{"workflow_id": f"payment:{ID_2}", **_DECISION}]}
    )
    workflow_id: str
    action: Verb
    note: str
