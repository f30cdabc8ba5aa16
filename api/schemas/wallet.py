"""Wire forms of a wallet and its entries."""

from typing import Self
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from api.schemas.common import ID, ID_2, ID_3, NOW, AmountOut, TimeOut
from domain.ledger import Side
from models.ledger import LedgerEntry


class WalletOut(BaseModel):
    model_config = ConfigDict(
        json_schema_extra={
            "examples": [{"balance": "1250000.00", "held": "2450000.00", "currency": "IRR"}]
        }
    )
    balance: AmountOut = Field(description="What can be spent, now or at the moment asked for.")
    held: AmountOut = Field(description="The caller's money in escrow, likewise.")
    currency: str


class EntryOut(BaseModel):
    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "id": ID,
                    "transaction_id": ID_2,
                    "type": "debit",
                    "amount": "2450000.00",
                    "balance_after": "1250000.00",
                    "ref": f"ticket:{ID_3}",
                    "description": "Fee and deposit into escrow",
                    "created_at": NOW,
                }
            ]
        }
    )
    id: UUID
    transaction_id: UUID
    type: Side
    amount: AmountOut
    balance_after: AmountOut
    ref: str
    description: str
    created_at: TimeOut

    @classmethod
    def of(cls, row: LedgerEntry) -> Self:
        return cls.model_validate(row, from_attributes=True)
