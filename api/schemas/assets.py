"""Wire forms of assets."""

from typing import Annotated, Any, Self
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, model_validator
from sqlalchemy import Row

from api.schemas.common import (
    ID,
    ID_2,
    LATER,
    NOW,
    AmountIn,
    AmountOut,
    Body,
    PeriodOut,
    Prose,
    TimeOut,
    Title,
    Word,
)
from domain.asset import Handover
from domain.cancellation import CancellationPolicy
from models.asset import AssetRow

Days = Annotated[int, Field(strict=True, ge=1, le=3650)]
Flag = Annotated[bool, Field(strict=True)]
_TERMS: dict[str, Any] = {
    "title": "Cordless drill",
    "description": "18 V, two batteries, with a case.",
    "category": "tools",
    "daily_fee": "150000.00",
    "deposit": "2000000.00",
    "max_days": 14,
    "handover": "instant",
    "cancellation_policy": "flexible",
    "is_listed": True,
}


class NewAsset(Body):
    model_config = ConfigDict(json_schema_extra={"examples": [_TERMS]})
    title: Title
    description: Prose = ""
    category: Word = "other"
    daily_fee: AmountIn
    deposit: AmountIn
    max_days: Days = 30
    handover: Handover = Handover.INSTANT
    cancellation_policy: CancellationPolicy = CancellationPolicy.FLEXIBLE
    is_listed: Flag = True


class AssetChange(Body):
    """Fields that are absent stay as they are. Loans that were asked for keep their old terms."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"daily_fee": "180000.00"}]})
    title: Title | None = None
    description: Prose | None = None
    category: Word | None = None
    daily_fee: AmountIn | None = None
    deposit: AmountIn | None = None
    max_days: Days | None = None
    handover: Handover | None = None
    cancellation_policy: CancellationPolicy | None = None
    is_listed: Flag | None = None

    @model_validator(mode="after")
    def _nothing_can_go(self) -> Self:
        for name in sorted(self.model_fields_set):
            if getattr(self, name) is None:
                raise ValueError(f"`{name}` cannot be null.")
        return self


class AssetOut(BaseModel):
    model_config = ConfigDict(
        json_schema_extra={"examples": [{"id": ID, "owner_id": ID_2, **_TERMS, "created_at": NOW}]}
    )
    id: UUID
    owner_id: UUID
    title: str
    description: str
    category: str
    daily_fee: AmountOut
    deposit: AmountOut
    max_days: int
    handover: Handover
    cancellation_policy: CancellationPolicy
    is_listed: bool
    created_at: TimeOut

    @classmethod
    def of(cls, row: AssetRow | Row[Any]) -> Self:
        return cls.model_validate(row, from_attributes=True)


class Availability(BaseModel):
    """When an asset is taken, in order. By whom is nobody's business."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"busy": [{"from": NOW, "to": LATER}]}]}
    )
    busy: list[PeriodOut]
