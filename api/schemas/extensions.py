"""Wire forms of an offer to borrow for longer, and of its answer."""

from enum import StrEnum
from typing import Any, Final, Self

from pydantic import BaseModel, ConfigDict, Field

from api.schemas.common import LATER, NOW, AmountOut, Body, TimeIn, TimeOut
from domain.extension import Extension, ExtensionStatus

LONGER: Final = "2026-11-27T09:30:00Z"
OFFERED: Final[dict[str, Any]] = {
    "number": 1,
    "status": "offered",
    "ends_at": LONGER,
    "fee": "300000.00",
    "offered_at": NOW,
    "expires_at": "2026-11-23T09:30:00Z",
}


class NewExtension(Body):
    """Ask to keep it until `ends_at`. The answer says what that costs."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"ends_at": LONGER}]})
    ends_at: TimeIn = Field(
        description=f"The new end; later than the present one, such as {LATER}."
    )


class OfferAnswer(StrEnum):
    ACCEPT = "accept"
    DECLINE = "decline"


class ExtensionAnswer(Body):
    model_config = ConfigDict(json_schema_extra={"examples": [{"answer": "accept"}]})
    answer: OfferAnswer


class ExtensionOut(BaseModel):
    """The latest offer of a ticket."""

    model_config = ConfigDict(json_schema_extra={"examples": [OFFERED]})
    number: int = Field(description="Counts the offers of one ticket, from 1.")
    status: ExtensionStatus
    ends_at: TimeOut = Field(description="The end that is asked for.")
    fee: AmountOut = Field(description="What it costs beyond the fee so far.")
    offered_at: TimeOut
    expires_at: TimeOut = Field(description="When it lapses if nobody answers.")

    @classmethod
    def of(cls, extension: Extension) -> Self:
        return cls.model_validate(vars(extension))
