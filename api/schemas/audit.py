"""Wire form of the audit log."""

from typing import Any, Final, Self
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from api.schemas.common import ID, ID_2, ID_3, NOW, TimeOut
from domain.audit import AuditAction
from models.audit import AuditRow

_LINE: Final[dict[str, Any]] = {
    "id": ID,
    "at": NOW,
    "action": "withdrawal_approved",
    "actor_id": ID_2,
    "object": f"withdrawal:{ID_3}",
    "address": "203.0.113.7",
    "request_id": ID,
    "session_id": ID_2,
    "details": {"amount": "1500000.00"},
}


class AuditLineOut(BaseModel):
    model_config = ConfigDict(json_schema_extra={"examples": [_LINE]})
    id: UUID
    at: TimeOut
    action: AuditAction
    actor_id: UUID | None = Field(
        description="Who did it; null for the system, and for somebody who was not known yet."
    )
    object: str = Field(description="What it was done to: `user:{id}`, `withdrawal:{id}`, ...")
    address: str | None = Field(description="Where the request came from.")
    request_id: str | None = Field(description="The `X-Request-ID` of its answer.")
    session_id: UUID | None = Field(description="The login that was used.")
    details: dict[str, str]

    @classmethod
    def of(cls, row: AuditRow) -> Self:
        return cls.model_validate(row, from_attributes=True)
