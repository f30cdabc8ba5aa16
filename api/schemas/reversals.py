"""Wire forms of ledger transactions and of their reversals, for operators."""

from typing import Any, Final, Self
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from api.schemas.common import ID, ID_2, ID_3, LATER, NOW, AmountOut, Body, Note, TimeOut, Title
from domain.ledger import AccountKind, Side, TransactionKind
from domain.reversal import Reversal, ReversalStatus
from models.queries.transactions import PostedEntry, PostedTransaction

_WHY: Final = "Sent twice by mistake"
_REVERSAL: Final[dict[str, Any]] = {
    "id": ID,
    "transaction_id": ID_2,
    "kind": "transfer",
    "amount": "2450000.00",
    "reason": _WHY,
    "status": "requested",
    "requested_by": ID_3,
    "decided_by": None,
    "decided_at": None,
    "note": None,
    "created_at": NOW,
    "expires_at": LATER,
}


class NewReversalIn(Body):
    model_config = ConfigDict(
        json_schema_extra={"examples": [{"transaction_id": ID_2, "reason": _WHY}]}
    )
    transaction_id: UUID
    reason: Title = Field(description="Those whose money moves back read it in their entries.")


class ReversalApproval(Body):
    model_config = ConfigDict(json_schema_extra={"examples": [{"note": "Asked both of them"}]})
    note: Note | None = None


class ReversalRejection(Body):
    model_config = ConfigDict(json_schema_extra={"examples": [{"note": "They meant it"}]})
    note: Title


class ReversalOut(BaseModel):
    model_config = ConfigDict(json_schema_extra={"examples": [_REVERSAL]})
    id: UUID
    transaction_id: UUID
    kind: TransactionKind = Field(description="Of the transaction to take back.")
    amount: AmountOut
    reason: str
    status: ReversalStatus
    requested_by: UUID
    decided_by: UUID | None
    decided_at: TimeOut | None
    note: str | None
    created_at: TimeOut
    expires_at: TimeOut = Field(description="Nobody agreed by then: the wish lapses.")

    @classmethod
    def of(cls, reversal: Reversal) -> Self:
        return cls.model_validate(reversal, from_attributes=True)


class TransactionEntryOut(BaseModel):
    id: UUID
    account: AccountKind
    owner_id: UUID | None = Field(description="A user, a ticket, or null for the platform.")
    type: Side
    amount: AmountOut
    balance_after: AmountOut | None = Field(description="Null for the platform's own accounts.")

    @classmethod
    def of(cls, line: PostedEntry) -> Self:
        return cls(
            id=line.id,
            account=line.account.kind,
            owner_id=line.account.owner_id,
            type=line.type,
            amount=line.amount,
            balance_after=line.balance_after,
        )


def _entry(side: str, owner_id: str, balance: str) -> dict[str, Any]:
    return {
        "id": ID,
        "account": "user_wallet",
        "owner_id": owner_id,
        "type": side,
        "amount": "2450000.00",
        "balance_after": balance,
    }


class TransactionOut(BaseModel):
    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "id": ID_2,
                    "kind": "transfer",
                    "ref": f"transfer:{ID}",
                    "description": "For the camera",
                    "amount": "2450000.00",
                    "reverses": None,
                    "reversed_by": None,
                    "created_at": NOW,
                    "entries": [
                        _entry("debit", ID_3, "0.00"),
                        _entry("credit", ID_2, "2450000.00"),
                    ],
                }
            ]
        }
    )
    id: UUID
    kind: TransactionKind
    ref: str = Field(description="The business object that it belongs to.")
    description: str
    amount: AmountOut
    reverses: UUID | None = Field(description="The transaction that this one takes back.")
    reversed_by: UUID | None = Field(description="The transaction that takes this one back.")
    created_at: TimeOut
    entries: list[TransactionEntryOut]

    @classmethod
    def of(cls, posted: PostedTransaction) -> Self:
        return cls(
            id=posted.id,
            kind=posted.kind,
            ref=posted.ref,
            description=posted.description,
            amount=posted.amount,
            reverses=posted.reverses,
            reversed_by=posted.reversed_by,
            created_at=posted.created_at,
            entries=[TransactionEntryOut.of(line) for line in posted.entries],
        )
