"""Wire forms of a dispute: the claim, its answer, the decision, and what people say about it."""

from enum import StrEnum
from typing import Any, Final, Self
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from api.schemas.common import (
    ID,
    ID_2,
    ID_3,
    NOW,
    AmountIn,
    AmountOut,
    Body,
    Note,
    ShareIn,
    TimeOut,
    Words,
)
from domain.dispute import Dispute, DisputeStatus
from domain.evidence import DisputeNote

_REASON: Final = "The lens came back scratched."
OPENED: Final[dict[str, Any]] = {
    "status": "open",
    "opened_by": ID_2,
    "reason": _REASON,
    "claim": "950000.00",
    "opened_at": NOW,
    "to_lender": None,
    "to_borrower": None,
}


class NewDispute(Body):
    """Claim a part of the escrow, which holds `total`; the rest is for the other party."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"reason": _REASON, "claim": "950000.00"}]}
    )
    reason: Words = Field(description="Read by the other party, and by operators.")
    claim: AmountIn = Field(description="What the caller wants to receive, in rials.")


class ClaimAnswer(StrEnum):
    ACCEPT = "accept"
    CONTEST = "contest"


class DisputeAnswer(Body):
    model_config = ConfigDict(
        json_schema_extra={"examples": [{"answer": "contest", "note": "It was scratched before."}]}
    )
    answer: ClaimAnswer
    note: Note | None = Field(None, description="Shown in the timeline.")


class Resolution(Body):
    """The two parts make up the whole escrow, to the rial; one of them may be nothing."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "to_lender": "600000.00",
                    "to_borrower": "1850000.00",
                    "note": "The scratch is new, but small.",
                }
            ]
        }
    )
    to_lender: ShareIn
    to_borrower: ShareIn
    note: Words = Field(description="Why; both parties read it in the timeline.")


class DisputeOut(BaseModel):
    model_config = ConfigDict(json_schema_extra={"examples": [OPENED]})
    status: DisputeStatus
    opened_by: UUID
    reason: str
    claim: AmountOut = Field(description="What the opener wants to receive of the escrow.")
    opened_at: TimeOut
    to_lender: AmountOut | None = Field(description="What the lender received in the end.")
    to_borrower: AmountOut | None = Field(description="What the borrower received in the end.")

    @classmethod
    def of(cls, dispute: Dispute) -> Self:
        return cls.model_validate(vars(dispute))


class NewDisputeNote(Body):
    model_config = ConfigDict(
        json_schema_extra={"examples": [{"note": "Here is how I packed it: ..."}]}
    )
    note: Words


class DisputeNoteOut(BaseModel):
    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {"id": ID, "author_id": ID_3, "at": NOW, "note": "Here is how I packed it: ..."}
            ]
        }
    )
    id: UUID
    author_id: UUID = Field(description="A party, or else an operator.")
    at: TimeOut
    note: str

    @classmethod
    def of(cls, note: DisputeNote) -> Self:
        return cls(id=note.id, author_id=note.author_id, at=note.at, note=note.note)
